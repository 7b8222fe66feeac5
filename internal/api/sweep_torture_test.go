package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
)

// upgradable are two plans, of which the second is dearer and taken at once.
const upgradable = `
vendor: {name: Contoso, support_email: help@contoso.example, sales_contact: sales@contoso.example, sign_in_url: "https://app.contoso.example"}
products: [{id: desks, name: Desks, entitlements: [{id: use, name: Use it}]}]
plans:
  - {id: desks-small, name: Small, product: desks, rank: 1, price: {EUR: {unit: 1000}}}
  - {id: desks-large, name: Large, product: desks, rank: 2, price: {EUR: {unit: 1900}}}
`

// swept is a command that is killed at each of its calls.
type swept struct {
	name string
	// prepare makes an account, and the request with who sends it.
	prepare func(*testing.T, *apitest.System) (*tenant, *apitest.Person, apitest.Request)
	// quick says that it is tried in every run of the tests.
	quick bool
}

// alone is a tenant of its owner alone.
func alone(s *apitest.System, change map[string]any) *tenant {
	return &tenant{Account: s.OpenWith(change), s: s}
}

// sweeps are all operations that take a key, as they are generated elsewhere, and what
// those leave out: an upgrade at once, and an import of several transactions.
func sweeps(t *testing.T, s *apitest.System) []swept {
	t.Helper()
	quick := []string{"confirm-plan", "import-users", "open-request"}
	var all []swept
	for _, op := range s.Document.Operations() {
		if !op.Keyed() {
			continue
		}
		id := op.ID()
		all = append(all, swept{name: id, quick: slices.Contains(quick, id), prepare: func(t *testing.T, s *apitest.System) (*tenant, *apitest.Person, apitest.Request) {
			x := alone(s, nil)
			if !slices.Contains(quick, id) {
				x = newTenant(t, s, nil)
			}
			by := x.Owner
			switch {
			case strings.HasPrefix(op.Path, "/v1/operator/"):
				by = s.Operator()
			case id == "transfer-ownership":
				x.people[owner] = s.SignIn(x.Owner.Email) // which must be recent
				by = x.people[owner]
			case id == "accept-invitation":
				by = s.SignIn(x.Email("guest-" + s.Key()))
			}
			return x, by, valid()[id](t, x, by)
		}})
	}
	all = append(all, swept{"upgrade at once", func(t *testing.T, s *apitest.System) (*tenant, *apitest.Person, apitest.Request) {
		x := alone(s, map[string]any{"plan_id": "desks-small"})
		var q api.Quote
		x.Owner.Post(x.SubPath()+"/quotes", object{"plan_id": "desks-large"}).OK(t, &q)
		return x, x.Owner, request("POST", x.SubPath()+"/plan-changes", object{"quote_id": q.ID, "agreement_accepted": true})
	}, true})
	return append(all, swept{"import in several transactions", func(t *testing.T, s *apitest.System) (*tenant, *apitest.Person, apitest.Request) {
		x := alone(s, nil)
		csv := "email,first_name,last_name\r\n"
		for i := range 70 {
			csv += x.Email(fmt.Sprintf("line-%d", i)) + ",Li,Ne\r\n"
		}
		return x, x.Owner, request("POST", x.Path+"/users/import", object{"csv": csv})
	}, false})
}

// Fault 1, of every command: its process dies at each call to the database, before and
// after its effect. Nothing is half done, and sent again it has the effect that it has
// undisturbed, once.
func TestEveryCommandSurvivesACrashAtEachCall(t *testing.T) {
	t.Parallel()
	s, w := faulty(t)
	s.Publish(testCatalog(t))
	s.Publish(upgradable)
	points, violations, commands := 0, 0, 0
	for _, c := range sweeps(t, s) {
		if !c.quick && !faulttest.Full {
			continue
		}
		commands++
		_, by, r := c.prepare(t, s)
		r.Key = s.Key()
		before := ledgerOf(s.Dump())
		s.Pass(forgotten)
		w.arm(0, false)
		by.Send(r).OK(t, nil)
		calls := w.disarm()
		want := ledgerOf(s.Dump()) - before
		if calls < 2 {
			t.Errorf("%s makes %d calls, fewer than can be killed", c.name, calls)
		}
		for at := 1; at <= calls; at++ {
			for _, after := range deaths(at) {
				points++
				if wrong := crashAt(t, s, w, c, at, after, want); wrong != "" {
					violations++
					t.Errorf("%s killed at call %d of %d, after its effect: %v: %s", c.name, at, calls, after, wrong)
				}
			}
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 1, Did: fmt.Sprintf("%d commands over HTTP whose process dies at each call to the database, before and after its effect, audited and sent again", commands),
		Bad: violations, Of: points, What: "crash points with violations",
	})
}

// forgotten is longer than the store remembers what may change, such as the newest version of a plan: after it a command
// makes all of its calls, however long the one before took.
const forgotten = 10 * time.Second

// crashAt says what is wrong after a crash, or "".
func crashAt(t *testing.T, s *apitest.System, w *wire, c swept, at int, after bool, want int) string {
	x, by, r := c.prepare(t, s)
	r.Key = s.Key()
	before := ledgerOf(s.Dump())
	s.Pass(forgotten)
	w.arm(at, after)
	first := by.Send(r)
	w.disarm()
	if first.Status < http.StatusInternalServerError {
		return fmt.Sprintf("the dead process answered %d", first.Status)
	}
	clean(t, s, x.ID)
	again := by.Send(r)
	if again.Code() == "idempotency_in_progress" {
		s.Pass(time.Minute) // a dead process's claim on a key lasts for less
		again = by.Send(r)
	}
	if again.Code() == "signed_out" { // by its own effect
		s.Pass(time.Second) // sign-ins are told to the second
		by = s.SignIn(by.Email)
		again = by.Send(r)
	}
	if again.Status != http.StatusOK && again.Status != http.StatusNoContent {
		return fmt.Sprintf("sent again it is answered %d %s", again.Status, again.Body)
	}
	if third := by.Send(r); string(third.Body) != string(again.Body) && third.Code() != "signed_out" {
		return fmt.Sprintf("sent a third time it is answered %d %s, before %s", third.Status, third.Body, again.Body)
	}
	clean(t, s, x.ID)
	if got := ledgerOf(s.Dump()) - before; got != want {
		return fmt.Sprintf("%d events, undisturbed %d", got, want)
	}
	return ""
}
