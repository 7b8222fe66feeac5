package events_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// consumer is how the bus is consumed, whatever comes twice, late or in another order:
//
//   - An event counts once. Its id tells a copy.
//   - An item's events are applied in the order of its revisions, which are 1, 2, 3 and
//     so on. One that is ahead waits for those before it; one that is behind has been
//     applied. An event about several items is applied to each at its turn.
//   - Nothing is read off the order of arrival, of ids or of instants.
//
// This one keeps who holds which license, what everybody's role and status is, and how
// many seats there are. A consumer that keeps items and revisions in a table does the
// same with a condition on the revision in place of the lock.
type consumer struct {
	seen    map[seats.EventID]bool
	applied map[string]int64                   // by item: its revision here
	waiting map[string]map[int64][]seats.Event // by item and revision
	people  map[seats.UserID]*person
	pools   map[seats.SubscriptionID]int64
}

type person struct {
	Status   seats.UserStatus
	Role     seats.Role
	Licenses map[string]bool
}

func newConsumer() *consumer {
	return &consumer{
		seen: map[seats.EventID]bool{}, applied: map[string]int64{}, waiting: map[string]map[int64][]seats.Event{},
		people: map[seats.UserID]*person{}, pools: map[seats.SubscriptionID]int64{},
	}
}

// take takes an event as the bus delivers it.
func (c *consumer) take(detail []byte) error {
	e, err := events.Decode(detail)
	if err != nil || c.seen[e.ID] {
		return err
	}
	c.seen[e.ID] = true
	for _, r := range e.Revs {
		if c.waiting[r.ID] == nil {
			c.waiting[r.ID] = map[int64][]seats.Event{}
		}
		c.waiting[r.ID][r.Rev] = append(c.waiting[r.ID][r.Rev], e)
		for len(c.waiting[r.ID][c.applied[r.ID]+1]) > 0 {
			c.applied[r.ID]++
			for _, next := range c.waiting[r.ID][c.applied[r.ID]] {
				c.apply(r.ID, &next)
			}
			delete(c.waiting[r.ID], c.applied[r.ID])
		}
	}
	return nil
}

// apply applies an event to one of its items.
func (c *consumer) apply(item string, e *seats.Event) {
	switch {
	case strings.HasPrefix(item, "usr_"):
		id := seats.UserID(item)
		if c.people[id] == nil {
			c.people[id] = &person{Licenses: map[string]bool{}}
		}
		c.people[id].apply(id, e)
	case strings.HasPrefix(item, "sub_"):
		switch d := e.Data; e.Type {
		case seats.SubscriptionStarted:
			c.pools[seats.SubscriptionID(item)] = d.Seats
		case seats.SeatsIncreased, seats.CycleClosed:
			c.pools[seats.SubscriptionID(item)] = d.To
		}
	}
}

func (p *person) apply(id seats.UserID, e *seats.Event) {
	d := e.Data
	switch e.Type {
	case seats.AccountOpened:
		p.Status, p.Role = seats.UserActive, seats.Owner
	case seats.UserInvitedEvent:
		p.Status, p.Role = seats.UserInvited, d.Role
	case seats.InvitationCancelledEv:
		p.Status = seats.UserRemoved
	case seats.UserJoined:
		p.Status = seats.UserActive
		if d.Licensed {
			p.Licenses[d.Product] = true
		}
	case seats.UserActivated:
		p.Status = seats.UserActive
	case seats.UserDeactivatedEvent:
		p.Status, p.Licenses = seats.UserDeactivated, map[string]bool{}
	case seats.UserRemovedEvent:
		p.Status, p.Licenses = seats.UserRemoved, map[string]bool{}
	case seats.RoleChanged:
		p.Role = d.Role
	case seats.OwnershipTransferred:
		p.Role = seats.Admin
		if d.ToUserID == id {
			p.Role = seats.Owner
		}
	case seats.LicenseAssigned:
		p.Licenses[d.Product] = true
	case seats.LicenseRevoked:
		delete(p.Licenses, d.Product)
	}
}

func (c *consumer) String() string { return stateText(c.people, c.pools) }

func stateText(people map[seats.UserID]*person, pools map[seats.SubscriptionID]int64) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(people)) {
		p := people[id]
		fmt.Fprintf(&b, "%s %s %s %v\n", id, p.Status, p.Role, slices.Sorted(maps.Keys(p.Licenses)))
	}
	for _, id := range slices.Sorted(maps.Keys(pools)) {
		fmt.Fprintf(&b, "%s %d\n", id, pools[id])
	}
	return b.String()
}

// stored is what a consumer must come to.
func stored(r *seatstest.Rig) string {
	d := r.Store.Snapshot()
	people, pools := map[seats.UserID]*person{}, map[seats.SubscriptionID]int64{}
	for id, u := range d.Users[r.Account] {
		people[id] = &person{Status: u.Status, Role: u.Role, Licenses: map[string]bool{}}
		for product := range u.Licenses {
			people[id].Licenses[product] = true
		}
	}
	for _, sub := range d.Subscriptions[r.Account] {
		pools[sub.ID] = sub.Seats
	}
	return stateText(people, pools)
}

// busy is an account to which much has happened, people and seats alike.
func busy(t *testing.T) *seatstest.Rig {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.OverAssigned = seats.ReleaseNewest }))
	r.JoinLicensed("ann", "bob", "cid")
	r.JoinAs(seats.Admin, "adm")
	r.Revoke("bob")
	r.Assign("adm", "bob")
	r.Change(7)
	r.Invite(seatstest.Invitee("gone", r.Sub))
	_, err := r.Service.CancelInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(r.ID("gone")), seats.Once[*seats.User]{})
	r.Must(err)
	_, err = r.Service.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("cid"), seats.Once[*seats.User]{})
	r.Must(err)
	r.Change(2)
	r.CloseAt(time.Date(2026, time.December, 2, 0, 0, 0, 0, time.UTC))
	r.Wall.Advance(time.Second)
	_, err = r.Service.TransferOwnership(r.Ctx, r.Caller("owner"), r.Account, r.ID("adm"), seats.Once[*seats.User]{})
	r.Must(err)
	r.Clean()
	return r
}

// short is an account whose ledger, after its opening, has six events about one person.
func short(t *testing.T) *seatstest.Rig {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Revoke("ann")
	r.Assign("ann")
	role := string(seats.Admin)
	_, err := r.Service.EditUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), seats.UserPatch{Role: &role}, seats.Once[*seats.User]{})
	r.Must(err)
	r.Wall.Advance(time.Second)
	_, err = r.Service.TransferOwnership(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), seats.Once[*seats.User]{})
	r.Must(err)
	return r
}

func details(t *testing.T, r *seatstest.Rig) [][]byte {
	t.Helper()
	var all [][]byte
	for _, e := range r.Events() {
		detail, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(detail) {
			t.Fatalf("%s is not JSON", e.Type)
		}
		all = append(all, detail)
	}
	return all
}

const orderSeed = 8

// Fault 8: events in every order, and some of them twice, lead a consumer that orders
// by revisions to the state that is stored.
func TestEventsInAnyOrderLeadToTheSameState(t *testing.T) {
	orders, divergent, naive := 0, 0, 0
	try := func(want string, deliveries [][]byte) {
		orders++
		c := newConsumer()
		for _, detail := range deliveries {
			if err := c.take(detail); err != nil {
				t.Fatal(err)
			}
		}
		if asTheyCome(t, deliveries) != want {
			naive++
		}
		if got := c.String(); got != want {
			divergent++
			t.Errorf("an order leads to\n%swant\n%s", got, want)
		}
	}
	r := short(t)
	all, want := details(t, r), stored(r)
	const most = 6 // 720 orders of the newest events
	head, last := all[:len(all)-most], all[len(all)-most:]
	permute(last, func(order [][]byte) {
		try(want, slices.Concat(order[:3], head, order[3:], order[:1]))
	})
	r = busy(t)
	all, want = details(t, r), stored(r)
	random := rand.New(rand.NewPCG(orderSeed, 0))
	for range faulttest.Size(300, 50_000) {
		deliveries := slices.Clone(all)
		for range random.IntN(10) {
			deliveries = append(deliveries, all[random.IntN(len(all))])
		}
		random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		try(want, deliveries)
	}
	if naive == 0 {
		t.Error("whoever applies events as they come ends right too: these orders prove nothing")
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 8, Did: fmt.Sprintf("all orders of %d events and random ones of %d with copies, taken by a consumer that orders by revisions", most, len(all)),
		Bad: divergent, Of: orders, What: "orders that lead to another state", Seed: orderSeed,
		More: fmt.Sprintf("%d lead another consumer astray, who applies events as they come", naive),
	})
}

// asTheyCome is the state of a consumer who orders nothing.
func asTheyCome(t *testing.T, deliveries [][]byte) string {
	t.Helper()
	c := newConsumer()
	for _, detail := range deliveries {
		e, err := events.Decode(detail)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range e.Revs {
			c.apply(r.ID, &e)
		}
	}
	return c.String()
}

// permute calls each with every order of the items.
func permute[T any](items []T, each func([]T)) {
	if len(items) < 2 {
		each(items)
		return
	}
	for i := range items {
		rest := slices.Concat(items[:i], items[i+1:])
		permute(rest, func(order []T) { each(append([]T{items[i]}, order...)) })
	}
}
