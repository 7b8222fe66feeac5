package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
)

// secretsOf are what no answer to anybody else may hold: every id in the account's
// items, its emails and its name.
func secretsOf(x *tenant, dump map[string]string) []string {
	id := regexp.MustCompile(`(?:acc|usr|sub|inv|evt|quo|req)_([0-9a-z]{26})`)
	seen := map[string]bool{}
	for key, text := range dump {
		if !strings.Contains(key+text, x.ID) {
			continue
		}
		for _, found := range id.FindAllStringSubmatch(key+text, -1) {
			seen[found[1]] = true
		}
	}
	secrets := []string{x.Email(""), "Customer at " + strings.TrimPrefix(x.Email(""), "@")}
	for s := range seen {
		secrets = append(secrets, s)
	}
	return secrets
}

// leak is a secret that stands in an answer and not in its request, or "".
func leak(secrets []string, r apitest.Response) string {
	answer := fmt.Sprintf("%s %v", r.Body, r.Headers)
	for _, s := range secrets {
		if strings.Contains(answer, s) && !strings.Contains(r.Request.Path+r.Request.Body, s) {
			return s
		}
	}
	return ""
}

// idsOf are the ids of an account by kind. Links and id_tokens are rights of their
// holder, plans everybody's, and an invoice's number is nothing without its account.
func idsOf(t *testing.T, x *tenant, op apitest.Operation) map[string]string {
	t.Helper()
	ids := map[string]string{
		"account": x.ID, "subscription": x.Sub, "user": x.ids[member], "invitation": invitationOf(x.invited),
		"quote": x.quote, "token": "", "id_token": "", "plan": "", "product": "", "request": "", "number": "", "cursor": "",
		"tax_id": "", // a company's, not ours
	}
	if strings.Contains(op.Path, "{request}") {
		ids["request"] = x.asked(t).ID
	}
	if op.ID() == "list-requests" {
		x.ask(t)
		x.ask(t)
	}
	for _, name := range op.Names("query") {
		if name == "cursor" && strings.Contains(op.Path, "{account}") {
			var page struct {
				Next string `json:"next_cursor"`
			}
			path := strings.NewReplacer("{account}", x.ID, "{subscription}", x.Sub).Replace(op.Path)
			sender(x, op).Get(path+"?limit=1").OK(t, &page)
			if ids["cursor"] = page.Next; page.Next == "" {
				t.Fatalf("%s has only one item, and so no cursor", op.ID())
			}
		}
	}
	return ids
}

// attack is somebody's request for what is another account's.
type attack struct {
	op   apitest.Operation
	at   string // "" where every id is the other account's
	kind string
	// foreign names what is there, absent what is not.
	foreign, absent apitest.Request
}

func attacks(t *testing.T, s *apitest.System, attacker, victim *tenant) []attack {
	t.Helper()
	var all []attack
	requests := valid()
	for _, op := range s.Document.Operations() {
		if strings.HasPrefix(op.Path, "/v1/operator/") && !strings.Contains(op.Path, "{account}") {
			continue
		}
		places := idPlaces(op)
		if len(places) == 0 {
			continue
		}
		mine := requests[op.ID()](t, attacker, attacker.Owner)
		ids := idsOf(t, victim, op)
		whole := attack{op: op, foreign: mine, absent: mine}
		for _, p := range places {
			id, known := ids[p.kind]
			if !known {
				t.Errorf("%s: nobody knows what %s refers to", op.ID(), p.at)
			}
			if id == "" {
				continue
			}
			absent := other(id)
			if p.kind == "cursor" {
				absent = "AQ"
			}
			all = append(all, attack{op, p.at, p.kind, put(t, op, mine, p.at, id), put(t, op, mine, p.at, absent)})
			if strings.HasPrefix(p.at, "query.") {
				continue // a cursor belongs to its filter, and is refused before anything is read
			}
			whole.foreign = put(t, op, whole.foreign, p.at, id)
			whole.absent = put(t, op, whole.absent, p.at, absent)
		}
		if strings.Contains(op.Path, "{account}") {
			all = append(all, whole)
		}
	}
	return all
}

// Every route × every id in path, body and query × every role × two accounts: the
// other account's things are not there. The answer is that for an id that nobody has,
// nothing is written, and nothing of the other account is shown.
func TestNobodyReachesAnotherAccount(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	a, b := newTenant(t, s, nil), newTenant(t, s, nil)
	for _, x := range []*tenant{a, b} {
		x.prepareLists(t)
	}
	run := isolation{t: t, s: s}
	for i, pair := range [][2]*tenant{{a, b}, {b, a}} {
		attacker, victim := pair[0], pair[1]
		run.compares = i == 0
		all := attacks(t, s, attacker, victim)
		before := s.Dump()
		run.secrets = secretsOf(victim, before)
		if leak(run.secrets, victim.Owner.Get("/v1/me")) == "" {
			t.Fatal("what is watched for does not stand where it must stand")
		}
		for _, at := range all {
			roles := []string{owner, admin, billingAdmin, member, deactivated, removed, stranger, operator, vendor, anonymous}
			if i > 0 {
				// The other way round it is the same code: in the short run its owner tries.
				roles = roles[:faulttest.Size(1, len(roles))]
			}
			for _, role := range roles {
				if !mayReachAll(role, at.op) {
					run.try(at, role, attacker.people[role])
				}
			}
		}
		for _, change := range apitest.Changes(before, s.Dump()) {
			t.Errorf("written: %s", change)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 34, Did: "every id in path, body and query of every route × every role × two accounts, taken from the other account",
		Bad: run.leaks, Of: run.calls, What: "answers with something of the other account",
	})
}

// prepareLists gives every list of the account a second page.
func (x *tenant) prepareLists(t *testing.T) {
	t.Helper()
	x.Owner.Post(x.SubPath()+"/licenses", object{"user_ids": []string{x.OwnerID}}).OK(t, nil)
	x.Invite(x.Invitee("second", member, false))
	x.Confirm(x.Quote(x.Pool().Seats+1).ID).OK(t, nil)
	x.quote = x.Quote(x.Pool().Seats + 1).ID
}

// mayReachAll reports whether a role has an operation in every account: operators
// theirs, and the vendor's servers the check of entitlements.
func mayReachAll(role string, op apitest.Operation) bool {
	return role == operator && strings.HasPrefix(op.Path, "/v1/operator/") || role == vendor && op.ID() == forVendors
}

type isolation struct {
	t       *testing.T
	s       *apitest.System
	secrets []string
	// compares adds to each attack the same one on what nobody has.
	compares     bool
	calls, leaks int
}

func (i *isolation) try(at attack, role string, p *apitest.Person) {
	got := i.send(at.foreign, at, role, p)
	name := fmt.Sprintf("%s %s as %s", at.op.ID(), at.at, role)
	inAccount := role == owner || role == admin || role == billingAdmin || role == member
	switch {
	case got.Status >= http.StatusInternalServerError:
		i.t.Errorf("%s: %d %s", name, got.Status, got.Body)
	case at.op.ID() == forVendors:
		got.Refused(i.t, http.StatusForbidden, "forbidden")
	case inAccount && (at.at == "" || at.kind == "account"):
		if got.Status != http.StatusNotFound {
			i.t.Errorf("%s: %d %s, want 404", name, got.Status, got.Body)
		}
	case role == owner && (strings.HasPrefix(at.at, "path.") || strings.HasPrefix(at.op.Path, "/v1/operator/")):
		got.Refused(i.t, http.StatusNotFound, "not_found")
	case role == owner && at.kind == "cursor":
		got.Refused(i.t, http.StatusUnprocessableEntity, "invalid")
	case role == owner && got.Status == http.StatusOK && strings.HasPrefix(at.at, "body.") && !strings.Contains(string(got.Body), `"code":"not_found"`):
		i.t.Errorf("%s: %s, want a row that is not found", name, got.Body)
	}
	if i.compares && (role == owner || role == member || role == anonymous) {
		absent := i.send(at.absent, at, role, p)
		if absent.Status != got.Status || neutral(absent) != neutral(got) {
			i.t.Errorf("%s tells what is there:\n%d %s\nfrom what is not:\n%d %s", name, got.Status, got.Body, absent.Status, absent.Body)
		}
	}
}

func (i *isolation) send(r apitest.Request, at attack, role string, p *apitest.Person) apitest.Response {
	// A key would keep the answer of a request that refuses each row; where money
	// moves it is required, and refusals keep nothing.
	if strings.Contains(r.Body, "quote_id") {
		r.Key = i.s.Key()
	}
	before := i.s.Writes()
	got := p.Send(r)
	i.calls++
	if found := leak(i.secrets, got); found != "" {
		i.leaks++
		i.t.Errorf("%s %s as %s shows %q: %s", at.op.ID(), at.at, role, found, got.Body)
	}
	if i.s.Writes() != before {
		i.t.Errorf("%s %s as %s has written", at.op.ID(), at.at, role)
	}
	return got
}

// neutral is an answer without the ids that its request named.
func neutral(r apitest.Response) string {
	return regexp.MustCompile(`[a-z]{3}_[0-9a-z]{26}`).ReplaceAllString(string(r.Body), "id")
}
