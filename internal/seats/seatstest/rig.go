package seatstest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// Opening is the instant at which a rig's account opens unless it is told
// otherwise: the first of November 2026 in Berlin.
func Opening() time.Time { return time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC) }

// InvitationKey is the key that signs a rig's links.
func InvitationKey() []byte { return bytes.Repeat([]byte{7}, seats.MinInvitationKeyBytes) }

// Operator is somebody of the vendor's staff.
func Operator() seats.Actor { return seats.Actor{Kind: seats.ActorOperator, ID: "hash-of-operator"} }

// Plan is a monthly plan at 20 units of EUR, USD and JPY a seat, with the first
// of every policy's values.
func Plan() *seats.Plan {
	price := billing.Price{Model: billing.PerSeat, UnitMinor: 2000}
	return &seats.Plan{
		ID: "valuation-team", Version: 1, Name: "Team", Rank: 1,
		Product: seats.Product{ID: "valuation", Name: "Valuation", Entitlements: []seats.Entitlement{{ID: "reports", Name: "Download reports"}}},
		Vendor: seats.Vendor{
			Name: "Example Software GmbH", AddressLines: []string{"Beispielweg 1", "10115 Berlin"}, TaxID: "DE999999999", Country: "DE",
			SupportEmail: "support@vendor.example", SalesContact: "sales@vendor.example", SignInURL: "https://app.vendor.example",
		},
		Interval: billing.Month,
		Prices:   map[money.Currency]billing.Price{"EUR": price, "USD": price, "JPY": {Model: billing.PerSeat, UnitMinor: 20}},
		Policies: seats.Policies{
			Proration: billing.ByDay, Settle: seats.SettleNow, Decrease: seats.DecreaseEndOfCycle, OverAssigned: seats.KeepAssigned,
			InvitationReservesSeat: true, SelfServe: seats.SelfServeAll, AdminsMaySpend: true, AgreementRequired: true,
		},
		AgreementURL: "https://vendor.example/agreement",
		PublishedAt:  time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// Option changes what a rig opens with.
type Option func(*setup)

type setup struct {
	plan  *seats.Plan
	open  seats.OpenAccount
	at    time.Time
	store *Store
	wall  *Clock
}

// OnPlan changes the plan before it is published.
func OnPlan(change func(*seats.Plan)) Option { return func(s *setup) { change(s.plan) } }

// OnPolicies changes the plan's policies before it is published.
func OnPolicies(change func(*seats.Policies)) Option {
	return func(s *setup) { change(&s.plan.Policies) }
}

// OnAccount changes what the account is opened with.
func OnAccount(change func(*seats.OpenAccount)) Option { return func(s *setup) { change(&s.open) } }

// Seats is how many seats the account opens with.
func Seats(n int64) Option { return func(s *setup) { s.open.Seats = n } }

// At is the wall clock's instant at which the account opens.
func At(at time.Time) Option { return func(s *setup) { s.at = at } }

// In opens the account in a store that is there already, by its clock.
func In(r *Rig) Option { return func(s *setup) { s.store, s.wall = r.Store, r.Wall } }

// TestClock gives the account a clock of its own.
func TestClock() Option { return func(s *setup) { s.open.Test, s.open.Clock = true, s.at } }

// TB is what a rig needs of a test; those of package testing and of property tests
// have it.
type TB interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Rig is an account in a store, with the use cases over it.
type Rig struct {
	TB
	Ctx     context.Context
	Store   *Store
	Wall    *Clock
	Service *seats.Service
	Plan    *seats.Plan
	Account seats.AccountID
	Sub     seats.SubscriptionID
	Product string
	Owner   seats.UserID
	// Doctored says that some of the account was made behind the domain's back: credit
	// that no document says, or the words of a line.
	Doctored bool
}

// Open gives a rig. Its owner is "owner", signed in.
func Open(tb TB, options ...Option) *Rig {
	tb.Helper()
	s := &setup{plan: Plan(), at: Opening()}
	s.open = seats.OpenAccount{
		Name: "Beispiel AG", Currency: "EUR", Zone: "Europe/Berlin", PlanID: s.plan.ID, Seats: 5,
		Owner:    seats.Person{Email: Email("owner"), FirstName: "Olga", LastName: "Owner"},
		Customer: billing.Party{Name: "Beispiel AG", AddressLines: []string{"Hauptstrasse 1", "20095 Hamburg"}, Country: "DE"},
	}
	for _, option := range options {
		option(s)
	}
	r := &Rig{TB: tb, Ctx: context.Background(), Store: s.store, Wall: s.wall, Plan: s.plan, Product: s.plan.Product.ID}
	if r.Store == nil {
		r.Store, r.Wall = NewStore(), NewClock(s.at)
	}
	r.Service = r.On(r.Store)
	refs, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{s.plan})
	r.Must(err)
	r.Plan.Version = refs[0].Version
	s.open.PlanID = s.plan.ID
	opened, err := r.Service.Open(r.Ctx, Operator(), s.open, Once[seats.Opened](r.Key(), "open"))
	r.Must(err)
	r.Account, r.Sub, r.Owner = opened.Result.Account.ID, opened.Result.Subscription.ID, opened.Result.Owner.ID
	bound, err := r.Service.Bind(r.Ctx, r.Identity("owner"))
	r.Must(err)
	if bound == 0 {
		tb.Fatal("the owner was not bound")
	}
	return r
}

// On gives the use cases over another store with the rig's clock: a process of
// its own, with nothing remembered.
func (r *Rig) On(store seats.Store) *seats.Service {
	s := seats.New(store, func(context.Context) ([]byte, error) { return InvitationKey(), nil })
	s.Wall = r.Wall.Now
	s.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	return s
}

// Must ends the test on an error.
func (r *Rig) Must(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%v", err)
	}
}

// Email is the email of somebody known by one word; who writes an @ is taken at
// their word.
func Email(who string) string {
	if strings.Contains(who, "@") {
		return who
	}
	return who + "@example.com"
}

// Subject is the identity's hash of somebody.
func Subject(who string) string { return "subject-of-" + Email(who) }

// Identity is somebody signed in with their verified email.
func (r *Rig) Identity(who string) seats.Identity {
	return seats.Identity{Subject: Subject(who), Email: Email(who)}
}

// Caller is somebody who signed in this second.
func (r *Rig) Caller(who string) seats.Caller {
	return seats.Caller{Subject: Subject(who), SignedInAt: r.Wall.Now(), AuthTimeKnown: true}
}

// Key is a fresh idempotency key.
func (*Rig) Key() string {
	return rand.Text()
}

// Once is an idempotency key with the request that it is sent with. The kept
// answer is the result as JSON.
func Once[R any](key, request string) seats.Once[R] {
	return seats.Once[R]{Key: key, Request: sha256.Sum256([]byte(request)), Encode: func(r R) ([]byte, error) { return json.Marshal(r) }}
}

// Invitee is somebody to invite as a member, with a license where sub is given.
func Invitee(who string, sub seats.SubscriptionID) seats.Invitee {
	return seats.Invitee{Email: Email(who), FirstName: "First", LastName: who, Subscription: sub}
}

// User finds the user that somebody is now in the account, or nil.
func (r *Rig) User(who string) *seats.User {
	r.Helper()
	found, err := r.Store.UsersByEmail(r.Ctx, Email(who))
	r.Must(err)
	for _, m := range found {
		if m.Account == r.Account {
			return r.UserByID(m.User)
		}
	}
	return nil
}

// UserByID finds a user, the removed ones too.
func (r *Rig) UserByID(id seats.UserID) *seats.User {
	r.Helper()
	view, err := r.Store.Load(r.Ctx, seats.Want{Account: r.Account, Users: []seats.UserID{id}})
	r.Must(err)
	return view.Users[id]
}

// ID is the id of somebody in the account.
func (r *Rig) ID(who string) seats.UserID {
	r.Helper()
	u := r.User(who)
	if u == nil {
		r.Fatalf("%s is no user of the account", who)
	}
	return u.ID
}

// IDIn is the id of somebody, found in what is being tampered with.
func (r *Rig) IDIn(d *Data, who string) seats.UserID { return d.Emails[Email(who)][r.Account] }

// Invite lets the owner invite people and gives the results.
func (r *Rig) Invite(people ...seats.Invitee) []seats.InviteResult {
	r.Helper()
	reply, err := r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, people, seats.Once[[]seats.InviteResult]{})
	r.Must(err)
	return reply.Result
}

// Link is the newest link of somebody's invitation.
func (r *Rig) Link(who string) string {
	r.Helper()
	u := r.User(who)
	return seats.InvitationToken(InvitationKey(), r.Account, u.ID, u.Invitation.Generation)
}

// Accept lets somebody accept their newest link.
func (r *Rig) Accept(who string) (*seats.User, error) {
	r.Helper()
	reply, err := r.Service.Accept(r.Ctx, r.Identity(who), r.Link(who), seats.Once[*seats.User]{})
	return reply.Result, err
}

// Join invites people without licenses and lets them accept.
func (r *Rig) Join(people ...string) {
	r.Helper()
	for _, who := range people {
		r.join(Invitee(who, ""))
	}
}

// JoinLicensed invites people with licenses and lets them accept.
func (r *Rig) JoinLicensed(people ...string) {
	r.Helper()
	for _, who := range people {
		r.join(Invitee(who, r.Sub))
	}
}

// JoinAs invites somebody with a role and lets them accept.
func (r *Rig) JoinAs(role seats.Role, people ...string) {
	r.Helper()
	for _, who := range people {
		person := Invitee(who, "")
		person.Role = string(role)
		r.join(person)
	}
}

func (r *Rig) join(person seats.Invitee) {
	r.Helper()
	if refused := r.Invite(person)[0].Refused; refused != nil {
		r.Fatalf("%s was not invited: %v", person.Email, refused)
	}
	_, err := r.Accept(person.Email)
	r.Must(err)
}
