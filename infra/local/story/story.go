// Package story plays the main job of Usher against a running stack, over HTTP
// alone, as a vendor's staff and a customer's people do it, and tells in sentences
// what happens, with the amounts. Whatever is not as it should be ends the story
// with an error.
package story

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

// The customer's month: it opens on the first of November, buys on the 22nd, when
// nine of thirty days are left, and meets the end of the month.
var (
	opensAt  = time.Date(2026, time.November, 1, 8, 0, 0, 0, time.UTC)
	buysAt   = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	closesAt = time.Date(2026, time.December, 1, 8, 0, 0, 0, time.UTC)
)

// Play plays the story with fresh names. The catalog is the text of the sample
// catalog.
func Play(ctx context.Context, stack Stack, catalog string, out io.Writer) error {
	p := &player{stack: stack, out: out, seen: map[string]bool{}, people: map[string]*guest{}}
	p.domain = strings.ToLower(rand.Text()[:6]) + ".example"
	for _, act := range []func(context.Context) error{
		func(ctx context.Context) error { return p.open(ctx, catalog) },
		p.invite, p.accept, p.resend, p.reassign, p.buy, p.drop, p.close, p.closeAgain, p.handOver,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	p.say("That was a month of a customer, with no mail to support.")
	return nil
}

type player struct {
	stack    Stack
	out      io.Writer
	domain   string
	seen     map[string]bool // mails told of
	operator *person
	owner    *person
	account  string
	sub      string
	people   map[string]*guest
}

// guest is somebody who was invited.
type guest struct {
	session      *person
	user         string
	invitation   string
	acceptedWith string // the token
}

func (p *player) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, "  "+format+"\n", args...)
}

func (p *player) chapter(title string) { _, _ = fmt.Fprintf(p.out, "\n%s\n", title) }

func (p *player) email(name string) string { return name + "@" + p.domain }

func (p *player) path(rest string) string { return "/v1/accounts/" + p.account + rest }

func (p *player) subPath(rest string) string { return p.path("/subscriptions/" + p.sub + rest) }

type amount struct {
	AmountMinor int64  `json:"amount_minor"`
	Currency    string `json:"currency"`
}

func (a amount) String() string {
	return money.Amount{Minor: a.AmountMinor, Currency: money.Currency(a.Currency)}.String()
}

type invoice struct {
	Number int64 `json:"number"`
	Lines  []struct {
		Description string `json:"description"`
		Amount      amount `json:"amount"`
	} `json:"lines"`
	Total     amount `json:"total"`
	AmountDue amount `json:"amount_due"`
}

type pool struct {
	Seats     int64 `json:"seats"`
	InUse     int64 `json:"in_use"`
	Reserved  int64 `json:"reserved"`
	Available int64 `json:"available"`
}

// expect fails the story where an amount or a number is another.
func expect[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

// refused fails the story unless the error is the refusal with that code.
func refused(err error, code string) error {
	var p *problem
	if errors.As(err, &p) && p.Code == code {
		return nil
	}
	return fmt.Errorf("got %v, want the refusal %s", err, code)
}

func (p *player) open(ctx context.Context, catalog string) error {
	p.chapter("The vendor publishes a catalog and opens an account")
	var err error
	if p.operator, err = p.stack.signIn(ctx, p.stack.Operator); err != nil {
		return err
	}
	var published struct {
		Plans []struct {
			PlanID  string `json:"plan_id"`
			Version int    `json:"version"`
		} `json:"plans"`
	}
	if err := p.operator.call(ctx, http.MethodPost, "/v1/operator/catalog/publish", map[string]string{"catalog": catalog}, &published); err != nil {
		return err
	}
	for _, plan := range published.Plans {
		p.say("Plan %s is published, version %d.", plan.PlanID, plan.Version)
	}
	var opened struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		SubscriptionID string   `json:"subscription_id"`
		Invoice        *invoice `json:"invoice"`
	}
	name := "Bakery at " + p.domain
	err = p.operator.call(ctx, http.MethodPost, "/v1/operator/accounts", map[string]any{
		"name": name, "currency": "EUR", "time_zone": "Europe/Berlin", "plan_id": "meetings-monthly", "seats": 5,
		"owner": map[string]string{"email": p.email("olga"), "first_name": "Olga", "last_name": "Brandt"},
		"test":  true, "clock": opensAt,
	}, &opened)
	if err != nil {
		return err
	}
	p.account, p.sub = opened.Account.ID, opened.SubscriptionID
	p.say("%s has 5 seats at EUR 20.00 a month, from 1 November in Berlin. Invoice %d, %s, is on its way.", name, opened.Invoice.Number, opened.Invoice.Total)
	if err := expect("first invoice", opened.Invoice.Total.AmountMinor, 10000); err != nil {
		return err
	}
	if p.owner, err = p.stack.signIn(ctx, p.email("olga")); err != nil {
		return err
	}
	if err := p.owner.call(ctx, http.MethodPost, "/v1/me", map[string]string{"id_token": p.owner.tokens.IDToken}, nil); err != nil {
		return err
	}
	p.say("Olga, the owner, signs in through the issuer.")
	return p.clock(ctx, buysAt)
}

// clock moves the account's clock, in as many calls as it takes.
func (p *player) clock(ctx context.Context, to time.Time) error {
	for {
		var at struct {
			Done bool `json:"done"`
		}
		if err := p.operator.call(ctx, http.MethodPost, "/v1/operator/accounts/"+p.account+"/clock", map[string]any{"to": to}, &at); err != nil {
			return err
		}
		if at.Done {
			p.say("The account's clock moves to %s.", to.Format("2 January 2006, 15:04 UTC"))
			return nil
		}
	}
}

func (p *player) pool(ctx context.Context, by *person) (pool, error) {
	var at pool
	err := by.call(ctx, http.MethodGet, p.subPath(""), nil, &at)
	return at, err
}
