package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// maxLambdaAnswerBytes is what package apigw lets pass of the 6 MB that Lambda lets
// a function answer.
const maxLambdaAnswerBytes = 4 << 20

func TestAListOfFullAccountsFitsALambdasAnswer(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(200))
	var people []seats.Invitee
	for i := range seats.MaxInvitePeople {
		people = append(people, seats.Invitee{
			Email:     fmt.Sprintf("%03d%s@%s.example", i, strings.Repeat("x", 61), strings.Repeat(strings.Repeat("y", 59)+".", 3)+"z"),
			FirstName: strings.Repeat("é", seats.MaxNameRunes), LastName: strings.Repeat("ß", seats.MaxNameRunes),
			Qualification: strings.Repeat("ø", seats.MaxQualificationRunes), Subscription: r.Sub,
		})
	}
	for _, result := range r.Invite(people...) {
		if result.Refused != nil {
			t.Fatal(result.Refused)
		}
		_, err := r.Accept(result.Email)
		r.Must(err)
	}
	one, err := r.Service.Overview(r.Ctx, r.Account)
	r.Must(err)
	const limit = 100
	find := func(context.Context, seats.Page) ([]seats.AccountOverview, string, error) {
		all := make([]seats.AccountOverview, limit)
		for i := range all {
			all[i] = one
		}
		return all, "", nil
	}
	ctx := apigw.WithCaller(context.Background(), apigw.Caller{Kind: apigw.Operator, Subject: "staff"})
	page, err := listOverviews(ctx, "accounts", apigw.Paging{Limit: limit}, find)
	r.Must(err)
	body, err := json.Marshal(page.Body)
	r.Must(err)
	if len(body) > maxLambdaAnswerBytes {
		t.Errorf("%d full accounts are %d bytes; an answer has %d at most", limit, len(body), maxLambdaAnswerBytes)
	}
	if got := len(page.Body.Items[0].Users); got != maxListedUsers || page.Body.Items[0].Owner == nil {
		t.Errorf("%d users are listed, owner %v", got, page.Body.Items[0].Owner)
	}
	if alone := overviewBody(one, maxOverviewUsers); len(alone.Users) != maxOverviewUsers || alone.Subscriptions[0].NextInvoice == nil {
		t.Errorf("alone it shows %d users, next invoice %v", len(alone.Users), alone.Subscriptions[0].NextInvoice)
	}
	t.Logf("%d full accounts: %d bytes", limit, len(body))
}
