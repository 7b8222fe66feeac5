package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// keyedCase is a write with a key, and what else the key could be sent with.
type keyedCase struct {
	name string
	by   *apitest.Person
	// make makes it ready when its turn comes.
	make func() apitest.Request
	// otherBody is a field and another value of it; "" where there is no body.
	otherBody string
	value     any
	// colleague is somebody else who may send the same request.
	colleague *apitest.Person
	// elsewhere is another request in the same account, by whom.
	elsewhere apitest.Request
	host      *apitest.Person
}

// keyedCases makes a case for every operation that takes a key, and two for the bulk
// commands, which are several transactions.
func keyedCases(t *testing.T, s *apitest.System, x *tenant) []keyedCase {
	t.Helper()
	others := map[string]struct {
		field string
		value any
	}{
		"invite": {"people[0].first_name", "Other"}, "edit-account": {"name", "Other"}, "edit-user": {"qualification", "Other"},
		"transfer-ownership": {"user_id", x.ids[admin]}, "assign-licenses": {"user_ids[0]", x.ids[admin]}, "confirm-seats": {"agreement_accepted", false},
		"accept-invitation": {"token", ""}, "open-account": {"name", "Other"}, "confirm-plan": {"agreement_accepted", false},
		"subscribe": {"agreement_accepted", false}, "create-user": {"first_name", "Other"}, "import-users": {"csv", "email,first_name,last_name\r\n" + x.Email("another") + ",A,Nother\r\n"},
		"void-invoice": {"reason", "Other"},
		"open-request": {"message", "Other"}, "approve-request": {"message", "Other"}, "decline-request": {"message", "Other"},
	}
	elsewhere := request("POST", x.Path+"/users/"+x.ids[member]+"/activate", nil)
	var cases []keyedCase
	add := func(id, name string, make func() apitest.Request) {
		o := others[id]
		c := keyedCase{name, x.Owner, make, o.field, o.value, x.people[admin], elsewhere, x.Owner}
		if strings.HasPrefix(s.Document.Operation(t, id).Path, "/v1/operator/") {
			c.by, c.colleague, c.host = s.Operator(), s.As(apitest.SecondOperatorEmail), nil
		}
		cases = append(cases, c)
	}
	sample := func(id string) func() apitest.Request {
		return func() apitest.Request { return valid()[id](t, x, x.Owner) }
	}
	ready := func(r apitest.Request) func() apitest.Request { return func() apitest.Request { return r } }
	for _, op := range s.Document.Operations() {
		if op.Keyed() && op.ID() != "transfer-ownership" && op.ID() != "accept-invitation" && op.ID() != "open-account" {
			add(op.ID(), op.ID(), sample(op.ID()))
		}
		if _, ok := others[op.ID()]; op.Keyed() && op.Body() != nil && !ok {
			t.Errorf("%s takes a body, and no other body of it is known", op.ID())
		}
	}
	var people []any
	for i := range 33 {
		people = append(people, x.Invitee(fmt.Sprintf("bulk-%d", i), member, false))
	}
	add("invite", "invite in two transactions", ready(request("POST", x.Path+"/invitations", object{"people": people})))
	ids := []string{x.newcomer(t, false), x.newcomer(t, false)}
	for len(ids) < 100 {
		ids = append(ids, x.ids[member])
	}
	add("assign-licenses", "assign in two transactions", ready(request("POST", x.SubPath()+"/licenses", object{"user_ids": ids})))
	open := keyedCase{name: "open-account", by: s.Operator(), make: sample("open-account"), otherBody: "name", value: "Other", colleague: s.As(apitest.SecondOperatorEmail)}
	accept := keyedCase{name: "accept-invitation", by: x.people[stranger], make: func() apitest.Request { return acceptance(x, x.people[stranger]) }, otherBody: "id_token", value: s.SignIn(x.people[stranger].Email).IDToken, elsewhere: elsewhere, host: x.Owner}
	// The transfer comes last: it takes the owner's place.
	cases = append(cases, open, accept)
	add("transfer-ownership", "transfer-ownership", sample("transfer-ownership"))
	return cases
}

// acceptance invites a person and is their acceptance.
func acceptance(x *tenant, p *apitest.Person) apitest.Request {
	r := x.Invite(map[string]string{"email": p.Email, "first_name": "A", "last_name": "Guest"})[0]
	return request("POST", "/v1/invitations/accept", object{"token": x.Link(r.UserID, 1), "id_token": p.IDToken})
}

// The same request with the same key has one effect and one answer, to the byte; the
// key with anything else is refused, and is another tenant's own.
func TestAKeyHasOneEffectAndOneAnswer(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	y := newTenant(t, s, nil)
	cases := keyedCases(t, s, x)
	for i, c := range cases {
		r := c.make()
		r.Key = fmt.Sprintf("one-key-%d", i)
		before := s.Writes()
		first := c.by.Send(r).OK(t, nil)
		if first.Replayed() || s.Writes() == before {
			t.Errorf("%s: the first answer is a kept one: %v, writes: %d", c.name, first.Replayed(), s.Writes()-before)
		}
		if c.name == "transfer-ownership" {
			// Both are signed out by it, and asked to sign in before the answer is given again.
			c.by.Send(r).Refused(t, http.StatusUnauthorized, "signed_out")
			s.Pass(time.Second)
			c.by = s.SignIn(c.by.Email)
		}
		before = s.Writes()
		for range 2 {
			again := c.by.Send(r)
			if again.Status != first.Status || string(again.Body) != string(first.Body) || !again.Replayed() {
				t.Errorf("%s: replayed %v\n got %d %s\nwant %d %s", c.name, again.Replayed(), again.Status, again.Body, first.Status, first.Body)
			}
		}
		if c.otherBody != "" {
			r.Body = putField(t, r.Body, c.otherBody, c.value)
			c.by.Send(r).Refused(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
		}
		if s.Writes() != before {
			t.Errorf("%s: the key has had a second effect", c.name)
		}
	}
	// A key belongs to its account: in another one it is new.
	for i, name := range []string{"edit-account", "invite"} {
		r := valid()[name](t, y, y.Owner)
		r.Key = fmt.Sprintf("one-key-%d", i)
		if got := y.Owner.Send(r).OK(t, nil); got.Replayed() {
			t.Errorf("%s: a key of another account was answered", name)
		}
	}
	t.Logf("%d commands", len(cases))
}

// A key is one request's: neither another route nor another person has its answer.
func TestAKeyIsNotForOthers(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	effects, tried := 0, 0
	for i, c := range keyedCases(t, s, x) {
		if c.name == "transfer-ownership" {
			continue // nobody else may send it
		}
		r := c.make()
		r.Key = fmt.Sprintf("own-key-%d", i)
		c.by.Send(r).OK(t, nil)
		before := s.Writes()
		if c.colleague != nil {
			tried++
			c.colleague.Send(r).Refused(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
		}
		if c.host != nil {
			tried++
			c.elsewhere.Key = r.Key
			c.host.Send(c.elsewhere).Refused(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
		}
		if s.Writes() != before {
			effects++
			t.Errorf("%s: the key has had an effect for somebody else", c.name)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 3, Did: "a used key sent by a colleague and with another route", Bad: effects, Of: tried, What: "requests with an effect",
	})
}

// Fifty at once with one key: one effect; the others get its answer, or are told to
// ask again.
func TestFiftyAtOnceWithOneKeyHaveOneEffect(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	commands, twice := 0, 0
	for _, c := range keyedCases(t, s, x) {
		switch c.name {
		case "assign-licenses", "confirm-seats", "accept-invitation", "open-account", "invite in two transactions", "assign in two transactions":
		default:
			continue
		}
		r := c.make()
		r.Key = s.Key()
		answers := make([]apitest.Response, faulttest.Size(50, 200))
		commands++
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = c.by.Send(r) })
		}
		wg.Wait()
		tally, body := map[string]int{}, ""
		for _, a := range answers {
			switch {
			case a.Status == http.StatusOK && a.Replayed():
				tally["replayed"]++
			case a.Status == http.StatusOK:
				tally["done"]++
			case a.Code() == "idempotency_in_progress":
				tally["in progress"]++
			default:
				t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
			}
			if a.Status == http.StatusOK {
				if body != "" && body != string(a.Body) {
					t.Errorf("%s: two answers:\n%s\n%s", c.name, body, a.Body)
				}
				body = string(a.Body)
			}
		}
		if tally["done"] != 1 {
			twice++
			t.Errorf("%s: %v", c.name, tally)
		}
		if again := c.by.Send(r).OK(t, nil); !again.Replayed() || string(again.Body) != body {
			t.Errorf("%s: then %v %s, want %s", c.name, again.Replayed(), again.Body, body)
		}
		t.Logf("%s: %v", c.name, tally)
	}
	if got := effects(t, x.Account, seats.SeatsIncreased); got != 1 {
		t.Errorf("%d increases of seats", got)
	}
	clean(t, s, x.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 4, Did: fmt.Sprintf("%d requests at once with one key", faulttest.Size(50, 200)), Bad: twice, Of: commands, What: "commands with other than one effect",
	})
}

// After a day a key is forgotten, and not a moment earlier.
func TestAKeyIsKeptForADay(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	named := func(name string) apitest.Request {
		r := request("PATCH", x.Path, object{"name": name})
		r.Key = "a-day"
		return r
	}
	var people []any
	for i := range 33 {
		people = append(people, x.Invitee(fmt.Sprintf("day-%d", i), member, false))
	}
	bulk := request("POST", x.Path+"/invitations", object{"people": people})
	bulk.Key = "a-bulk-day"
	x.Owner.Send(named("First")).OK(t, nil)
	x.Owner.Send(bulk).OK(t, nil)
	s.Pass(24*time.Hour - time.Minute)
	if got := x.Owner.Send(named("First")).OK(t, nil); !got.Replayed() {
		t.Error("the key is forgotten a minute early")
	}
	x.Owner.Send(named("Second")).Refused(t, 422, "idempotency_key_reused")
	if got := x.Owner.Send(bulk).OK(t, nil); !got.Replayed() {
		t.Error("the key of a bulk command is forgotten a minute early")
	}
	s.Pass(time.Minute)
	var a api.Account
	if got := x.Owner.Send(named("Second")).OK(t, &a); got.Replayed() || a.Name != "Second" {
		t.Errorf("after a day: %s", got.Body)
	}
	var again api.InviteResults
	if got := x.Owner.Send(bulk).OK(t, &again); got.Replayed() || again.Results[0].Error == nil || again.Results[0].Error.Code != "email_taken" {
		t.Errorf("the bulk command after a day: %.300s", got.Body)
	}
}

// A request that changed nothing has its answer for its key as well: sent again, it
// does not act on what others have done since.
func TestAKeptAnswerDoesNotActLater(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	user := x.newcomer(t, false)
	revoke := request("DELETE", x.SubPath()+"/licenses/"+user, nil)
	revoke.Key = s.Key()
	x.Owner.Send(revoke).OK(t, nil) // no license is held: nothing to do
	x.people[admin].Post(x.SubPath()+"/licenses", object{"user_ids": []string{user}}).OK(t, nil)
	if got := x.Owner.Send(revoke).OK(t, nil); !got.Replayed() {
		t.Error("the answer was not kept")
	}
	var u api.User
	x.Owner.Get(x.Path+"/users/"+user).OK(t, &u)
	if len(u.Licenses) != 1 {
		t.Error("a request of before has taken a license that was given since")
	}
}

// lateReceipts reads as DynamoDB may: what belongs to one batch is no snapshot, and
// the receipt in it can be older than the rest.
type lateReceipts struct{ seats.Store }

func (s lateReceipts) Load(ctx context.Context, want seats.Want) (seats.View, error) {
	view, err := s.Store.Load(ctx, want)
	if want.Account != "" {
		view.Receipt = nil
	}
	return view, err
}

// A request that finds its own effect and not yet its receipt is answered with the
// receipt, not refused for what it has done itself.
func TestARequestIsNotRefusedForItsOwnEffect(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	late := seats.New(lateReceipts{s.Store}, s.Store.InvitationKey)
	late.Wall = s.Now
	subject := func(p *apitest.Person) string { return apigw.SubjectHash(p.Claims["iss"], p.Claims["sub"]) }
	boss := seats.Caller{Subject: subject(x.Owner), SignedInAt: s.Now()}
	quote := seats.QuoteID(x.Quote(x.Pool().Seats + 1).ID)
	change := seats.Once[seats.SeatChangeResult]{Key: s.Key(), Encode: func(r seats.SeatChangeResult) ([]byte, error) { return []byte(r.Event.ID), nil }}
	g := x.guest("gina")
	join := seats.Once[*seats.User]{Key: s.Key(), Encode: func(u *seats.User) ([]byte, error) { return []byte(u.ID), nil }}
	var kept []byte
	for i := range 2 {
		changed, err := late.ConfirmSeats(t.Context(), boss, seats.AccountID(x.ID), seats.SubscriptionID(x.Sub), quote, true, change)
		if err != nil || (changed.Replayed != nil) != (i == 1) {
			t.Errorf("confirming, time %d: %+v, %v", i+1, changed, err)
		}
		joined, err := late.Accept(t.Context(), seats.Identity{Subject: subject(g.Person), Email: g.Email}, g.link, join)
		if err != nil || (joined.Replayed != nil) != (i == 1) {
			t.Errorf("accepting, time %d: %+v, %v", i+1, joined, err)
		}
		kept = joined.Replayed
	}
	if string(kept) != g.user {
		t.Errorf("the kept answer is %q", kept)
	}
}

// Who is refused leaves no claim on the key behind.
func TestARefusalKeepsNothingForItsKey(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	var people, ids []any
	for i := range 40 {
		people = append(people, x.Invitee(fmt.Sprintf("many-%d", i), member, false))
	}
	for range 100 {
		ids = append(ids, x.OwnerID)
	}
	before := s.Dump()
	for _, r := range []apitest.Request{
		request("POST", x.Path+"/invitations", object{"people": people}),
		request("POST", x.SubPath()+"/licenses", object{"user_ids": ids}),
	} {
		r.Key = s.Key()
		x.people[member].Send(r).Refused(t, http.StatusForbidden, "forbidden")
	}
	for _, change := range apitest.Changes(before, s.Dump()) {
		t.Errorf("changed: %s", change)
	}
	later := request("POST", x.SubPath()+"/seat-changes", object{"quote_id": x.Quote(x.Pool().Seats + 1).ID, "agreement_accepted": false})
	later.Key = s.Key()
	x.Owner.Send(later).Refused(t, 422, "agreement_required")
	later.Body = strings.Replace(later.Body, "false", "true", 1)
	x.Owner.Send(later).OK(t, nil)
}
