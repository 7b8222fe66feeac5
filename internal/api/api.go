// Package api holds the operations of the HTTP API, one file per function. Each
// operation decodes, calls one use case of internal/seats, and encodes; rules
// live in the domain, conventions in internal/apigw.
//
// Register… adds the operations of one function to an API, so that a Lambda
// serves its own, tests serve all of them in one process, and the OpenAPI document
// is made of the same code.
package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

// Options name the API in its document.
var Options = apigw.Options{Title: "Usher", Version: "1"}

// All registers every operation.
func All(api huma.API, svc *seats.Service, identities Identities, parse ParseCatalog, licenses Licenses, files Files) {
	Invite(api, svc)
	Accept(api, svc, identities)
	Users(api, svc)
	OwnerTransfer(api, svc)
	Assign(api, svc)
	Revoke(api, svc)
	SeatChange(api, svc)
	Plan(api, svc)
	Read(api, svc, identities)
	Requests(api, svc)
	Entitle(api, svc, licenses)
	Invoices(api, svc, files)
	Operator(api, svc, parse)
}

// New is the handler of the operations that register adds.
func New(register func(huma.API)) http.Handler {
	mux := http.NewServeMux()
	register(apigw.NewAPI(mux, Options))
	return apigw.Handler(mux)
}

func op(method, path, id, tag, summary string) huma.Operation {
	return huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary}
}

// person is the signed-in person behind a request. Operators and servers have
// rights of another kind and none here.
func person(ctx context.Context) (seats.Caller, error) {
	c := apigw.CallerFrom(ctx)
	if c.Kind != apigw.Person {
		return seats.Caller{}, seats.ErrForbidden.With("This is for people of a customer's account. Sign in as one; this token has rights of another kind.")
	}
	at := c.AuthTime
	if at.IsZero() {
		at = c.IssuedAt
	}
	return seats.Caller{Subject: c.SubjectHash(), SignedInAt: at, AuthTimeKnown: !c.AuthTime.IsZero()}, nil
}

// staff is the operator behind a request.
func staff(ctx context.Context) (seats.Actor, error) {
	c := apigw.CallerFrom(ctx)
	if c.Kind != apigw.Operator {
		return seats.Actor{}, seats.ErrNotFound
	}
	return seats.Actor{Kind: seats.ActorOperator, ID: c.SubjectHash()}, nil
}

// once ties a command to the request's Idempotency-Key: what is kept is the body
// of the answer.
//
// The caller is a part of the request: what one person was answered is not for
// another one, who may not be allowed to see it.
func once[R, B any](ctx context.Context, key string, body func(R) B) seats.Once[R] {
	hash := apigw.RequestHashFrom(ctx)
	return seats.Once[R]{
		Key:     key,
		Request: apigw.RequestHash("", apigw.CallerFrom(ctx).SubjectHash(), hash[:]),
		Encode:  func(r R) ([]byte, error) { return json.Marshal(body(r)) },
	}
}

// written is the answer of a write.
type written[B any] struct {
	apigw.ReplayedHeader
	Body B
}

// answer makes the answer of a write: of its result, or the kept one.
func answer[R, B any](reply seats.Reply[R], err error, body func(R) B) (*written[B], error) {
	if err != nil {
		return nil, err
	}
	out := &written[B]{}
	if reply.Replayed == nil {
		out.Body = body(reply.Result)
		return out, nil
	}
	out.Replay()
	return out, json.Unmarshal(reply.Replayed, &out.Body)
}

// done is the answer of a write that has nothing to show.
type done struct {
	apigw.ReplayedHeader
}

type nothing struct{}

func empty[R any](R) nothing { return nothing{} }

func answerEmpty[R any](reply seats.Reply[R], err error) (*done, error) {
	if err != nil {
		return nil, err
	}
	out := &done{}
	if reply.Replayed != nil {
		out.Replay()
	}
	return out, nil
}

type read[B any] struct {
	Body B
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// AccountPath is embedded in inputs below /v1/accounts/{account}.
type AccountPath struct {
	Account string `path:"account" maxLength:"40" doc:"Id of the account"`
}

func (p AccountPath) id() seats.AccountID { return seats.AccountID(p.Account) }

type SubscriptionPath struct {
	AccountPath
	Subscription string `path:"subscription" maxLength:"80" doc:"Id of the subscription"`
}

func (p SubscriptionPath) sub() seats.SubscriptionID { return seats.SubscriptionID(p.Subscription) }

type UserPath struct {
	AccountPath
	User string `path:"user" maxLength:"40" doc:"Id of the user"`
}

// Refusal says why one row of a bulk request was refused.
type Refusal struct {
	Code   string `json:"code" doc:"A stable code"`
	Detail string `json:"detail" doc:"What to do next"`
}

func refusal(e *seats.Error) *Refusal {
	if e == nil {
		return nil
	}
	return &Refusal{Code: e.Code, Detail: e.Detail}
}
