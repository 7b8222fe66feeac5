package seatstest_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
	"github.com/usher-seats/usher/internal/store/storetest"
)

func TestTheStoreInMemoryDoesWhatEveryStoreDoes(t *testing.T) {
	storetest.Run(t, func(testing.TB) seats.Store { return seatstest.NewStore() })
}

// scribble overwrites everything that exported fields lead to.
func scribble(v reflect.Value, seen int) {
	if seen > 20 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			scribble(v.Elem(), seen+1)
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i), seen+1)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if v.Type().Elem().Kind() == reflect.Pointer {
				scribble(v.MapIndex(key), seen+1)
			}
			v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scribble(v.Field(i), seen+1)
			}
		}
	default:
		if v.CanSet() {
			v.SetZero()
		}
	}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// inhabited is an account with something of everything.
func inhabited(t *testing.T) *seatstest.Rig {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	r.JoinLicensed("ann")
	r.Invite(seatstest.Invitee("bob", r.Sub))
	r.Change(8)
	r.Change(4)
	r.Quote(6)
	return r
}

func TestWhatComesOutCanBeScribbledOnWithoutHarm(t *testing.T) {
	r := inhabited(t)
	s, ctx := r.Store, r.Ctx
	var quote seats.QuoteID
	for id := range s.Snapshot().Quotes {
		quote = id
	}
	var receipt string
	for key := range s.Snapshot().Receipts {
		receipt = key
	}
	before := asText(t, s.Snapshot())
	reads := map[string]func() any{
		"load": func() any {
			v, err := s.Load(ctx, seats.Want{Account: r.Account, Users: []seats.UserID{r.ID("ann"), r.ID("bob")}, Products: []string{r.Product}, Quote: quote, Receipt: receipt})
			r.Must(err)
			return &v
		},
		"users":         func() any { v, err := s.Users(ctx, r.Account); r.Must(err); return &v },
		"subscriptions": func() any { v, err := s.Subscriptions(ctx, r.Account); r.Must(err); return &v },
		"plan":          func() any { v, err := s.Plan(ctx, seats.PlanRef{ID: r.Plan.ID}); r.Must(err); return v },
		"invoice":       func() any { v, err := s.Invoice(ctx, r.Account, 1); r.Must(err); return v },
		"invoices":      func() any { v, _, err := s.Invoices(ctx, r.Account, seats.Page{Limit: 10}); r.Must(err); return &v },
		"events": func() any {
			v, _, err := s.Events(ctx, r.Account, "2026-10", seats.Page{Limit: 10})
			r.Must(err)
			return &v
		},
		"claim": func() any {
			v, err := s.ClaimReceipt(ctx, &seats.Receipt{Key: receipt, ClaimedAt: r.Wall.Now(), ExpiresAt: r.Wall.Now().Add(time.Hour)})
			r.Must(err)
			return v
		},
		"snapshot": func() any { v := s.Snapshot(); return &v },
	}
	for name, read := range reads {
		first := asText(t, read())
		if len(first) < 100 {
			t.Fatalf("%s gave nothing: %s", name, first)
		}
		scribble(reflect.ValueOf(read()), 0)
		if asText(t, s.Snapshot()) != before {
			t.Fatalf("scribbling on what %s gave changed the store", name)
		}
		if asText(t, read()) != first {
			t.Fatalf("%s gives something else after scribbling", name)
		}
	}
}

func TestWhatWentInCanBeScribbledOnWithoutHarm(t *testing.T) {
	r := inhabited(t)
	var changes []*seats.Change
	keeping := &seatstest.Racing{Store: r.Store, Before: func(_ int, c *seats.Change) { changes = append(changes, c) }}
	s := r.On(keeping)
	people := []seats.Invitee{seatstest.Invitee("cid", r.Sub)}
	_, err := s.Invite(r.Ctx, r.Caller("owner"), r.Account, people, seatstest.Once[[]seats.InviteResult]("k", "b"))
	r.Must(err)
	q := r.Quote(9)
	_, err = s.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult]("k2", "b"))
	r.Must(err)
	r.Wall.Set(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC))
	if _, err := s.Close(r.Ctx, r.Account); err != nil {
		t.Fatal(err)
	}
	plan := seatstest.Plan()
	plan.Version = 7
	r.Must(r.Store.PutPlan(r.Ctx, plan))
	before := asText(t, r.Store.Snapshot())
	if len(changes) != 3 {
		t.Fatalf("%d changes", len(changes))
	}
	for _, c := range changes {
		scribble(reflect.ValueOf(c), 0)
	}
	scribble(reflect.ValueOf(q), 0)
	scribble(reflect.ValueOf(plan), 0)
	if asText(t, r.Store.Snapshot()) != before {
		t.Error("scribbling on what was written changed the store")
	}
	r.Clean()
}

func TestASnapshotIsRestoredWhole(t *testing.T) {
	r := inhabited(t)
	before := r.Store.Snapshot()
	text := asText(t, before)
	r.JoinLicensed("dan")
	r.Store.Restore(before)
	if asText(t, r.Store.Snapshot()) != text {
		t.Error("the store is not what it was")
	}
	r.JoinLicensed("dan")
	if asText(t, before) != text {
		t.Error("the snapshot moved with the store")
	}
}

func TestATransactionHoldsAHundredItems(t *testing.T) {
	r := seatstest.Open(t)
	change := func(n int) *seats.Change {
		c := &seats.Change{}
		for i := range n {
			mint := seats.Minter{At: r.Wall.Now(), Wall: r.Wall.Now().Add(time.Duration(i) * time.Second)}
			c.Events = append(c.Events, seats.Event{
				ID: mint.Event(), Account: r.Account, Type: seats.AccountUnparked, At: r.Wall.Now(), RecordedAt: r.Wall.Now(), Actor: seats.System,
			})
		}
		return c
	}
	before := asText(t, r.Store.Snapshot())
	if err := r.Store.Commit(r.Ctx, r.Account, change(seatstest.MaxItems+1)); err == nil || !strings.Contains(err.Error(), "101 items") {
		t.Errorf("one past the limit: %v", err)
	}
	if asText(t, r.Store.Snapshot()) != before {
		t.Error("a transaction that is too large was written")
	}
	r.Must(r.Store.Commit(r.Ctx, r.Account, change(seatstest.MaxItems)))
}

func TestAProcessDiesAtItsCallAndStaysDead(t *testing.T) {
	for _, after := range []bool{false, true} {
		r := seatstest.Open(t)
		counted := seatstest.Crash(r.Store, 0, false)
		invite := func(store seats.Store, who string) error {
			_, err := r.On(store).Invite(r.Ctx, r.Caller("owner"), r.Account, []seats.Invitee{seatstest.Invitee(who, "")}, seats.Once[[]seats.InviteResult]{})
			return err
		}
		r.Must(invite(counted, "ann"))
		calls := counted.Calls()
		dying := seatstest.Crash(r.Store, calls, after)
		if err := invite(dying, "bob"); !errors.Is(err, seatstest.ErrDied) || !dying.Died() {
			t.Fatalf("it did not die: %v", err)
		}
		if (r.User("bob") != nil) != after {
			t.Errorf("died after the effect %t, and bob is there %t", after, r.User("bob") != nil)
		}
		if err := invite(dying, "cid"); !errors.Is(err, seatstest.ErrDied) {
			t.Errorf("it came back to life: %v", err)
		}
	}
}

func TestTheAuditorReadsAnyStore(t *testing.T) {
	r := inhabited(t)
	// Behind a store that lists no guards, and by the machine's clock.
	plain := seatstest.Crash(r.Store, 0, false)
	for _, lines := range [][]string{
		seatstest.Audit(r.Ctx, r.Store, r.Account), seatstest.Audit(r.Ctx, plain, r.Account), seatstest.AuditAll(r.Ctx, plain, r.Wall.Now()),
	} {
		if len(lines) != 0 {
			t.Error(lines)
		}
	}
	dead := seatstest.Crash(r.Store, 1, false)
	if lines := seatstest.Audit(r.Ctx, dead, r.Account); len(lines) != 1 || !strings.HasPrefix(lines[0], "not audited") {
		t.Errorf("a store that cannot be read was audited: %v", lines)
	}
	if lines := seatstest.Audit(r.Ctx, r.Store, "acc_nobody"); len(lines) == 0 {
		t.Error("an account that does not exist was found in order")
	}
}

func TestInstantsOfAClockMoveForManyAtOnce(t *testing.T) {
	clock := seatstest.NewClock(seatstest.Opening())
	done := make(chan struct{})
	for range 10 {
		go func() {
			clock.Advance(time.Second)
			done <- struct{}{}
		}()
	}
	for range 10 {
		<-done
	}
	if got := clock.Now(); !got.Equal(seatstest.Opening().Add(10 * time.Second)) {
		t.Errorf("the clock stands at %s", got)
	}
}

// The rig's numbers are those that other tests are written from.
func TestARigOpensWithFiveSeatsAtTwentyEuros(t *testing.T) {
	r := seatstest.Open(t)
	inv := r.Invoices()
	if len(inv) != 1 || inv[0].TotalMinor != 10000 || r.Pool().Free != 5 || r.Stored().Anchor != (billing.Date{Year: 2026, Month: 11, Day: 1}) {
		t.Errorf("%d invoices, %+v, %+v", len(inv), r.Pool(), r.Stored())
	}
	r.Clean()
}

func TestACancelledContextReachesNothing(t *testing.T) {
	r := inhabited(t)
	ctx, cancel := context.WithCancel(r.Ctx)
	cancel()
	before := asText(t, r.Store.Snapshot())
	s := r.Store
	page := seats.Page{Limit: 1}
	calls := []func() error{
		func() error { _, err := s.Load(ctx, seats.Want{Account: r.Account}); return err },
		func() error { return s.Commit(ctx, r.Account, &seats.Change{}) },
		func() error { _, err := s.Users(ctx, r.Account); return err },
		func() error { _, err := s.Subscriptions(ctx, r.Account); return err },
		func() error { _, err := s.UserBySignIn(ctx, "x", r.Account); return err },
		func() error { _, err := s.UsersByEmail(ctx, "x"); return err },
		func() error { _, err := s.Plan(ctx, seats.PlanRef{ID: r.Plan.ID}); return err },
		func() error { return s.PutPlan(ctx, seatstest.Plan()) },
		func() error { return s.PutQuote(ctx, &seats.Quote{}) },
		func() error { _, err := s.ClaimReceipt(ctx, &seats.Receipt{}); return err },
		func() error { return s.FinishReceipt(ctx, &seats.Receipt{}) },
		func() error { _, err := s.Invoice(ctx, r.Account, 1); return err },
		func() error { _, _, err := s.Invoices(ctx, r.Account, page); return err },
		func() error { _, _, err := s.Events(ctx, r.Account, "2026-11", page); return err },
		func() error { _, _, err := s.Accounts(ctx, page); return err },
		func() error { _, err := s.Count(ctx, "k", time.Minute, r.Wall.Now()); return err },
		func() error { _, err := s.Guards(ctx, r.Account); return err },
		func() error { _, err := s.InvitationMails(ctx, nil); return err },
	}
	for i, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if asText(t, s.Snapshot()) != before {
		t.Error("something was written")
	}
}
