package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
	"github.com/usher-seats/usher/internal/store"
)

// TestManyLicensesAreReleasedThoughTheCloseDies takes 497 of 500 licenses, in several
// transactions of which one is the last of its process.
func TestManyLicensesAreReleasedThoughTheCloseDies(t *testing.T) {
	const people, keep = 500, 3
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	client, opts := tables(t)
	db := store.New(client, opts)
	wall := seatstest.NewClock(seatstest.Opening())
	service := func(s seats.Store) *seats.Service {
		svc := seats.New(s, func(context.Context) ([]byte, error) { return seatstest.InvitationKey(), nil })
		svc.Wall = wall.Now
		return svc
	}
	svc := service(db)
	plan := seatstest.Plan()
	plan.Policies.OverAssigned = seats.ReleaseNewest
	_, err := svc.PublishPlans(ctx, []*seats.Plan{plan})
	must(err)
	opened, err := svc.Open(ctx, seatstest.Operator(), seats.OpenAccount{
		Name: "Beispiel AG", Currency: "EUR", Zone: "Europe/Berlin", PlanID: plan.ID, Seats: people,
		Owner: seats.Person{Email: seatstest.Email("owner"), FirstName: "Olga", LastName: "Owner"},
	}, seatstest.Once[seats.Opened]("open", "open"))
	must(err)
	account, sub, owner := opened.Result.Account.ID, opened.Result.Subscription, opened.Result.Owner.ID
	must(license(ctx, db, account, sub, owner, people))
	_, err = svc.Bind(ctx, seats.Identity{Subject: seatstest.Subject("owner"), Email: seatstest.Email("owner")})
	must(err)
	caller := seats.Caller{Subject: seatstest.Subject("owner"), SignedInAt: wall.Now(), AuthTimeKnown: true}
	q, _, err := svc.QuoteSeats(ctx, caller, account, sub.ID, keep)
	must(err)
	_, err = svc.ConfirmSeats(ctx, caller, account, sub.ID, q.ID, true, seatstest.Once[seats.SeatChangeResult]("confirm", ""))
	must(err)

	wall.Set(sub.Period.End)
	dying := seatstest.Crash(db, 0, false)
	racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) {
		if n == 4 {
			dying.DieAt(1, false)
		}
	}}
	if _, err := service(racing).Close(ctx, account); !errors.Is(err, seatstest.ErrDied) {
		t.Fatalf("the process did not die: %v", err)
	}
	view, err := db.Load(ctx, seats.Want{Account: account, Products: []string{sub.Product}})
	must(err)
	if free := view.Subscriptions[sub.Product].Free; free >= 0 || free == keep-people || !view.Account.Due.Equal(sub.Period.End) {
		t.Fatalf("%d seats are free in the middle, and %s is due", free, view.Account.Due)
	}
	_, err = service(db).Close(ctx, account)
	must(err)
	users, err := db.Users(ctx, account)
	must(err)
	held := 0
	for _, u := range users {
		held += len(u.Licenses)
	}
	if held != keep {
		t.Errorf("%d licenses are left, want %d", held, keep)
	}
	findings, err := audit.Account(ctx, db, account, wall.Now())
	must(err)
	for _, f := range findings {
		t.Error(f)
	}
}

// license adds people with licenses, given in their order, as if an import had.
func license(ctx context.Context, db *store.Store, account seats.AccountID, sub *seats.Subscription, owner seats.UserID, people int) error {
	const usersPerCommit = 30
	now := seatstest.Opening()
	mint := &seats.Minter{At: now, Wall: now}
	for from := 0; from < people; from += usersPerCommit {
		n := min(usersPerCommit, people-from)
		change := &seats.Change{Free: []seats.FreeMove{{Product: sub.Product, Delta: -int64(n)}}}
		for i := range n {
			at := now.Add(time.Duration(from+i) * time.Second)
			u := &seats.User{
				ID: mint.User(), Account: account, Rev: 1, Email: seatstest.Email(fmt.Sprintf("p%03d", from+i)), Role: seats.Member, Status: seats.UserActive,
				AddedAt: at, Licenses: map[string]seats.License{sub.Product: {Subscription: sub.ID, Since: at, By: owner}},
			}
			change.Users = append(change.Users, seats.UserWrite{User: u, TakeEmail: true})
			change.Events = append(change.Events, seats.Event{
				ID: mint.Event(), Account: account, Type: seats.UserCreated, At: at, RecordedAt: at, Actor: seats.Actor{Kind: seats.ActorUser, ID: string(owner)},
				Revs: []seats.Rev{{ID: string(u.ID), Rev: 1}},
				Data: seats.EventData{UserID: u.ID, Active: true, Role: seats.Member, Subscription: sub.ID, Product: sub.Product, Licensed: true},
			})
		}
		if err := db.Commit(ctx, account, change); err != nil {
			return err
		}
	}
	return nil
}
