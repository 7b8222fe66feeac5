package api_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/license"
)

// ending is a commit that ends rights, and what the old credentials are told from the
// very next request on.
type ending struct {
	name string
	// who had the rights, by role.
	who string
	// commit ends them.
	commit func(t *testing.T, x *tenant)
	// as is the line of roles.txt that holds from then on, or "" where every request is
	// answered with signed_out.
	as string
}

func endings() []ending {
	owners := func(method, path string, body any) func(*testing.T, *tenant) {
		return func(t *testing.T, x *tenant) {
			r := request(method, strings.ReplaceAll(x.Path+path, "{admin}", x.ids[admin]), body)
			r.Path = strings.NewReplacer("{member}", x.ids[member], "{billing}", x.ids[billingAdmin]).Replace(r.Path)
			r.Key = x.s.Key()
			x.Owner.Send(r).OK(t, nil)
		}
	}
	return []ending{
		{"an admin's role is taken", admin, owners("PATCH", "/users/{admin}", object{"role": member}), member},
		{"a billing admin is removed", billingAdmin, func(t *testing.T, x *tenant) {
			owners("PATCH", "/users/{billing}", object{"role": member})(t, x)
			owners("DELETE", "/users/{billing}", nil)(t, x)
		}, removed},
		{"a member is deactivated", member, owners("POST", "/users/{member}/deactivate", nil), deactivated},
		{"the owner hands over", owner, func(t *testing.T, x *tenant) {
			r := request("PUT", x.Path+"/owner", object{"user_id": x.ids[admin]})
			r.Key = x.s.Key()
			x.Owner.Send(r).OK(t, nil)
		}, ""},
	}
}

// Fault 42: whoever loses a right has lost it with the commit. Every request of the
// document is sent with the session of before, made ready while it was good; so are a
// kept answer, a quote and a cursor.
func TestARightEndsWithItsCommit(t *testing.T) {
	t.Parallel()
	_, matrix := roleMatrix(t)
	s := newSystem(t)
	x := newTenant(t, s, nil)
	x.prepareLists(t)
	tried, residual := 0, 0
	// A request may be refused for a mistake before anybody asks who sends it.
	refusedAs := func(what, role string, got apitest.Response, op string) {
		tried++
		want := http.StatusUnauthorized
		if role != "" || matrix[op][owner] >= http.StatusBadRequest { // no person has that right
			want = matrix[op][cmp.Or(role, owner)]
		}
		// What is still allowed to the role that is left may fail for its own reasons.
		if got.Status != want && (want >= http.StatusBadRequest && got.Status < http.StatusBadRequest || got.Status >= http.StatusInternalServerError) {
			residual++
			t.Errorf("%s, %s: %d %.300s, want %d", what, op, got.Status, got.Body, want)
		}
	}
	for _, e := range endings() {
		person := x.people[e.who]
		ready := readied(t, x)
		kept := request("PATCH", x.Path, object{"name": "Kept at " + e.who})
		kept.Key = s.Key()
		if e.who != member {
			person.Send(kept).OK(t, nil)
		}
		person.Get(x.Path).OK(t, nil)
		page := x.Path + "/users?limit=1"
		var list struct {
			Next string `json:"next_cursor"`
		}
		person.Get(page).OK(t, &list)
		e.commit(t, x)
		for _, op := range s.Document.Operations() {
			if r, ok := ready[op.ID()]; ok {
				refusedAs(e.name, e.as, person.Send(r), op.ID())
			}
		}
		// Who is still a user of the account gets the answers to what they did before: a
		// transfer takes the right to it itself.
		if e.who != member && e.as != member {
			refusedAs(e.name+", a kept answer", e.as, person.Send(kept), "edit-account")
		}
		if list.Next != "" && e.as != member {
			refusedAs(e.name+", a cursor", e.as, person.Get(page+"&cursor="+list.Next), "list-users")
		}
	}
	// The heir, who was demoted to a member above, has a session of before too.
	refusedAs("the heir's session of before", "", x.people[admin].Get(x.Path), "get-account")
	s.Pass(time.Second)
	old := s.SignIn(x.Owner.Email)
	back := request("PUT", x.Path+"/owner", object{"user_id": x.ids[owner]})
	back.Key = s.Key()
	refusedAs("the old owner, signed in anew", admin, old.Send(back), "transfer-ownership")
	if tried < 50 {
		t.Errorf("only %d requests were tried", tried)
	}
	clean(t, s, x.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 42, Did: "every request, kept answer and cursor of an account sent at once after the commit that ended the right to it: role taken, removed, deactivated, handed over",
		Bad: residual, Of: tried, What: "requests with residual rights",
	})
}

// readied are requests of all operations in the account that change nothing for who
// may not send them.
func readied(t *testing.T, x *tenant) map[string]apitest.Request {
	t.Helper()
	all := map[string]apitest.Request{}
	requests := valid()
	for _, op := range x.s.Document.Operations() {
		if !strings.HasPrefix(op.Path, "/v1/accounts/{account}") {
			continue
		}
		if requests[op.ID()] == nil {
			t.Errorf("%s has no valid request", op.ID())
			continue
		}
		r := requests[op.ID()](t, x, x.Owner)
		if op.Keyed() {
			r.Key = x.s.Key()
		}
		all[op.ID()] = r
	}
	if len(all) < 20 {
		t.Fatalf("only %d requests", len(all))
	}
	return all
}

// Fault 42, of links and tokens: a link that was sent again, cancelled or used is dead
// with that commit, and who is removed cannot bind the same sign-in again.
func TestALinkDiesWithTheCommitThatReplacesIt(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	alive, tried := 0, 0
	dead := func(what string, g guest, link, code string) {
		tried++
		if got := g.accept(link); got.Code() != code {
			alive++
			t.Errorf("%s: %d %s, want %s", what, got.Status, got.Body, code)
		}
	}
	for i := range faulttest.Size(2, 20) {
		again, off, used := x.guest(fmt.Sprint("again-", i)), x.guest(fmt.Sprint("off-", i)), x.guest(fmt.Sprint("used-", i))
		x.Owner.Post(x.Path+"/invitations/"+again.invitation+"/resend", nil).OK(t, nil)
		dead("sent again", again, again.link, "invitation_superseded")
		x.Owner.Delete(x.Path+"/invitations/"+off.invitation).OK(t, nil)
		dead("cancelled", off, off.link, "invitation_cancelled")
		used.accept(used.link).OK(t, nil)
		x.Owner.Delete(x.Path+"/users/"+used.user).OK(t, nil)
		dead("of who was removed", used, used.link, "invitation_cancelled")
		tried++
		var bound struct{ Bound int }
		used.Post("/v1/me", object{"id_token": used.IDToken}).OK(t, &bound)
		if got := used.Get(x.Path); bound.Bound != 0 || got.Status != http.StatusNotFound {
			alive++
			t.Errorf("who was removed binds %d users and enters: %d %s", bound.Bound, got.Status, got.Body)
		}
	}
	clean(t, s, x.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 42, Did: "links and sign-ins used at once after they were replaced, cancelled, used up or removed", Bad: alive, Of: tried, What: "that still opened",
	})
}

// Fault 42, of license tokens: whoever loses the license is told so by the very next
// question, and gets no further token; and where the ownership is handed over or the
// staff revokes, a verifier that is told the epoch refuses the tokens of before.
func TestALicenseEndsWithTheCommitThatTakesIt(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	still, tried := 0, 0
	wrong := func(format string, args ...any) {
		still++
		t.Errorf(format, args...)
	}
	for range faulttest.Size(1, 10) {
		for name, end := range map[string]func(*tenant){
			"license taken": func(x *tenant) { x.Owner.Delete(x.SubPath()+"/licenses/"+x.ids[member]).OK(t, nil) },
			"deactivated":   func(x *tenant) { x.Owner.Post(x.Path+"/users/"+x.ids[member]+"/deactivate", nil).OK(t, nil) },
			"removed":       func(x *tenant) { x.Owner.Delete(x.Path+"/users/"+x.ids[member]).OK(t, nil) },
		} {
			x := newTenant(t, s, nil)
			ann, product := x.people[member], x.product()
			ann.Post("/v1/license-tokens", object{"account": x.ID, "product": product}).OK(t, nil)
			end(x)
			for _, ask := range []struct {
				by *apitest.Person
				r  apitest.Request
			}{
				{ann, request("GET", "/v1/entitlements/"+product+"?account="+x.ID, nil)},
				{s.Vendor(), request("GET", x.Path+"/users/"+x.ids[member]+"/entitlements/"+product, nil)},
				{ann, request("POST", "/v1/license-tokens", object{"account": x.ID, "product": product})},
			} {
				tried++
				got := ask.by.Send(ask.r)
				if strings.Contains(string(got.Body), `"entitled":true`) || strings.Contains(string(got.Body), `"token"`) || got.Status >= http.StatusInternalServerError {
					wrong("%s, %s %s: %d %s", name, ask.r.Method, ask.r.Path, got.Status, got.Body)
				}
			}
		}
		tokens, refused := epochsEnd(t, s)
		tried += tokens
		if refused != tokens {
			wrong("%d of %d tokens of an earlier epoch were refused", refused, tokens)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 42, Did: "entitlements asked for and license tokens used at once after the license, its holder or the epoch ended", Bad: still, Of: tried, What: "that were still good",
	})
}

// epochsEnd hands an account over and revokes its tokens, and counts the tokens of
// before and those of them that a verifier refuses that is told by the ledger's events.
func epochsEnd(t *testing.T, s *apitest.System) (tokens, refused int) {
	t.Helper()
	x := newTenant(t, s, nil)
	product := x.product()
	x.Owner.Post(x.SubPath()+"/licenses", object{"user_ids": []string{x.OwnerID}}).OK(t, nil)
	offline := verifier(t, s, product)
	issue := func(p *apitest.Person) string {
		var got api.LicenseToken
		p.Post("/v1/license-tokens", object{"account": x.ID, "product": product}).OK(t, &got)
		if _, err := offline.Verify(got.Token); err != nil {
			t.Errorf("a new token: %v", err)
		}
		return got.Token
	}
	told := func(kind string) {
		var list struct {
			Items []api.Event `json:"items"`
		}
		x.people[admin].Get(x.Path+"/events?limit=1&type="+kind).OK(t, &list)
		epoch, ok := list.Items[0].Data["epoch"].(float64)
		if !ok {
			t.Fatalf("%s tells no epoch: %+v", kind, list.Items[0])
		}
		offline.Revoke(x.ID, int64(epoch))
	}
	old := []string{issue(x.Owner), issue(x.people[member])}
	handover := request("PUT", x.Path+"/owner", object{"user_id": x.ids[billingAdmin]})
	handover.Key = s.Key()
	s.SignIn(x.Owner.Email).Send(handover).OK(t, nil)
	told("ownership.transferred")
	s.Pass(time.Second)
	between := []string{issue(s.SignIn(x.Owner.Email)), issue(x.people[member])}
	s.Operator().Post("/v1/operator/accounts/"+x.ID+"/tokens/revoke", nil).OK(t, nil)
	refusals := func(all []string) (n int) {
		for _, token := range all {
			if _, err := offline.Verify(token); errors.Is(err, license.ErrEpoch) {
				n++
			}
		}
		return n
	}
	refused = refusals(old)
	told("tokens.revoked")
	refused += refusals(old) + refusals(between)
	issue(x.people[member])
	return 2*len(old) + len(between), refused
}
