package store_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
	"github.com/usher-seats/usher/internal/store"
)

// recorder keeps the events that were decided.
type recorder struct {
	seats.Store
	events []seats.Event
}

func (r *recorder) Commit(ctx context.Context, account seats.AccountID, c *seats.Change) error {
	err := r.Store.Commit(ctx, account, c)
	if err == nil {
		r.events = append(r.events, c.Events...)
	}
	return err
}

// history is an account whose people use everything.
type history struct {
	t       *testing.T
	svc     *seats.Service
	wall    time.Time
	account seats.AccountID
	sub     seats.SubscriptionID
	keys    int
}

func once[R any](h *history) seats.Once[R] {
	h.keys++
	return seats.Once[R]{Key: fmt.Sprint("key-", h.keys), Encode: func(R) ([]byte, error) { return []byte("{}"), nil }}
}

func (h *history) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	h.wall = h.wall.Add(time.Minute)
}

func (h *history) caller(who string) seats.Caller {
	return seats.Caller{Subject: "subject-" + who, SignedInAt: h.wall}
}

func (h *history) invite(sub seats.SubscriptionID, names ...string) []seats.InviteResult {
	h.t.Helper()
	var people []seats.Invitee
	for _, name := range names {
		people = append(people, seats.Invitee{Email: name + "@example.com", FirstName: name, LastName: "Example", Subscription: sub})
	}
	reply, err := h.svc.Invite(h.t.Context(), h.caller("owner"), h.account, people, once[[]seats.InviteResult](h))
	h.must(err)
	for _, r := range reply.Result {
		if r.Refused != nil {
			h.t.Fatal(r.Refused)
		}
	}
	return reply.Result
}

func (h *history) accept(r seats.InviteResult, who string, generation int) {
	h.t.Helper()
	key, err := h.svc.InvitationKey(h.t.Context())
	h.must(err)
	token := seats.InvitationToken(key, h.account, r.User, generation)
	_, err = h.svc.Accept(h.t.Context(), seats.Identity{Subject: "subject-" + who, Email: who + "@example.com"}, token, once[*seats.User](h))
	h.must(err)
}

func (h *history) change(n int64) {
	h.t.Helper()
	ctx := h.t.Context()
	q, _, err := h.svc.QuoteSeats(ctx, h.caller("owner"), h.account, h.sub, n)
	h.must(err)
	_, err = h.svc.ConfirmSeats(ctx, h.caller("owner"), h.account, h.sub, q.ID, true, once[seats.SeatChangeResult](h))
	h.must(err)
}

func (h *history) open() {
	h.t.Helper()
	ctx := h.t.Context()
	_, err := h.svc.PublishPlans(ctx, []*seats.Plan{{
		ID: "team", Name: "Team", Product: seats.Product{ID: "reports", Name: "Reports"}, Interval: billing.Month,
		Prices: map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: 2000}},
		Policies: seats.Policies{
			Proration: billing.ByDay, Settle: seats.SettleNow, Decrease: seats.DecreaseEndOfCycle, OverAssigned: seats.ReleaseNewest,
			InvitationReservesSeat: true, SelfServe: seats.SelfServeAll, AdminsMaySpend: true,
		},
	}})
	h.must(err)
	opened, err := h.svc.Open(ctx, seats.Actor{Kind: seats.ActorOperator, ID: "operator"}, seats.OpenAccount{
		Name: "Beispiel AG", Currency: "EUR", Zone: "Europe/Berlin", PlanID: "team", Seats: 10, TaxPPM: 190_000,
		Owner: seats.Person{Email: "owner@example.com", FirstName: "Olga", LastName: "Owner"},
	}, once[seats.Opened](h))
	h.must(err)
	h.account, h.sub = opened.Result.Account.ID, opened.Result.Subscription.ID
	_, err = h.svc.Bind(ctx, seats.Identity{Subject: "subject-owner", Email: "owner@example.com"})
	h.must(err)
}

// month is what happens in the first month.
func (h *history) month() {
	h.t.Helper()
	ctx, owner := h.t.Context(), h.caller("owner")
	licensed := h.invite(h.sub, "ada", "ben", "cleo", "dan")
	h.accept(licensed[0], "ada", 1)
	h.accept(licensed[1], "ben", 1)
	_, err := h.svc.ResendInvitation(ctx, owner, h.account, licensed[2].Invitation, once[*seats.User](h))
	h.must(err)
	h.accept(licensed[2], "cleo", 2)
	_, err = h.svc.CancelInvitation(ctx, owner, h.account, licensed[3].Invitation, once[*seats.User](h))
	h.must(err)
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprint("person", i))
	}
	plain := h.invite("", names...)
	var ids []seats.UserID
	for i, r := range plain {
		h.accept(r, names[i], 1)
		ids = append(ids, r.User)
	}
	h.change(30)
	_, err = h.svc.Assign(ctx, owner, h.account, h.sub, ids, once[[]seats.AssignResult](h))
	h.must(err)
	_, err = h.svc.Revoke(ctx, owner, h.account, h.sub, ids[0], once[struct{}](h))
	h.must(err)
	name, admin := "Renamed", "admin"
	_, err = h.svc.EditUser(ctx, owner, h.account, ids[1], seats.UserPatch{FirstName: &name, Role: &admin}, once[*seats.User](h))
	h.must(err)
	_, err = h.svc.DeactivateUser(ctx, owner, h.account, ids[2], once[*seats.User](h))
	h.must(err)
	_, err = h.svc.ActivateUser(ctx, owner, h.account, ids[2], once[*seats.User](h))
	h.must(err)
	_, err = h.svc.RemoveUser(ctx, owner, h.account, ids[3], once[*seats.User](h))
	h.must(err)
	h.change(29)
	_, err = h.svc.CancelPending(ctx, owner, h.account, h.sub, once[*seats.Subscription](h))
	h.must(err)
	h.invite(h.sub, "late")
	h.change(4) // far below what is in use: the close releases the newest
}

func TestAMonthOfEverythingLeavesNothingForTheAuditor(t *testing.T) {
	client, opts := tables(t)
	st := store.New(client, opts)
	written := &recorder{Store: st}
	h := &history{t: t, wall: time.Date(2026, 11, 1, 8, 0, 0, 123_456_789, time.UTC)}
	h.svc = seats.New(written, st.InvitationKey)
	h.svc.Wall = func() time.Time { return h.wall }
	h.svc.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	h.open()
	h.month()
	h.wall = h.wall.AddDate(0, 3, 0)
	_, err := h.svc.ExpireLapsed(t.Context())
	h.must(err)
	closed, err := h.svc.Close(t.Context(), h.account)
	h.must(err)
	if closed != 3 {
		t.Errorf("%d periods were closed, want 3", closed)
	}
	_, err = h.svc.TransferOwnership(t.Context(), h.caller("owner"), h.account, ownerToBe(h), once[*seats.User](h))
	h.must(err)

	for _, line := range seatstest.AuditAll(t.Context(), store.New(client, opts), h.wall) {
		t.Error(line)
	}
	readBack(t, st, h.account, written.events)
}

func ownerToBe(h *history) seats.UserID {
	h.t.Helper()
	found, err := h.svc.Store.UsersByEmail(h.t.Context(), "ada@example.com")
	h.must(err)
	return found[0].User
}

// readBack sees that every event is read as it was decided, whatever its type
// holds.
func readBack(t *testing.T, st *store.Store, account seats.AccountID, written []seats.Event) {
	t.Helper()
	read := map[seats.EventID]seats.Event{}
	for _, month := range []string{"2026-11", "2026-12", "2027-01", "2027-02"} {
		events, _, err := st.Events(t.Context(), account, month, seats.Page{Limit: 1_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			read[e.ID] = e
		}
	}
	types := map[string]bool{}
	for _, want := range written {
		types[want.Type] = true
		got := read[want.ID]
		if len(want.Data.UserIDs) == 0 { // none and no list are one
			want.Data.UserIDs, got.Data.UserIDs = nil, nil
		}
		if len(want.Data.Ended) == 0 {
			want.Data.Ended, got.Data.Ended = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", want.Type, got, want)
		}
	}
	if len(read) != len(written) {
		t.Errorf("%d events were written, %d are read", len(written), len(read))
	}
	var seen []string
	for kind := range types {
		seen = append(seen, kind)
	}
	slices.Sort(seen)
	t.Logf("%d events of %d types: %v", len(written), len(seen), seen)
}
