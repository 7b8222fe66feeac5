package api_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
)

// adminStar is an admin where admins may not spend.
const adminStar = "admin*"

// roleMatrix reads the expected status of each operation and role.
func roleMatrix(t *testing.T) (roles []string, want map[string]map[string]int) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "roles.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	want = map[string]map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) > 2 && words[0] == "#" && words[1] == "operation":
			roles = words[2:]
		case len(words) == 0 || words[0] == "#":
		case len(words) != len(roles)+1:
			t.Errorf("a line for %d roles, there are %d: %s", len(words)-1, len(roles), lines.Text())
		default:
			row := map[string]int{}
			for i, role := range roles {
				if row[role], err = strconv.Atoi(words[i+1]); err != nil {
					t.Error(err)
				}
			}
			want[words[0]] = row
		}
	}
	return roles, want
}

// Each operation × each role: the status of the matrix, nothing written where it is
// refused, and a valid request does succeed for whoever may send it.
func TestEveryRoleMayDoWhatTheMatrixSays(t *testing.T) {
	t.Parallel()
	roles, want := roleMatrix(t)
	s := newSystem(t)
	usual := newTenant(t, s, nil)
	strict := newTenant(t, s, object{"plan_id": "rooms-strict"})
	requests, cells, wrong := valid(), 0, 0
	operations := s.Document.Operations()
	// The transfer comes last: it signs the owner out.
	slices.SortStableFunc(operations, func(a, b apitest.Operation) int {
		return boolOrder(a.ID() == "transfer-ownership") - boolOrder(b.ID() == "transfer-ownership")
	})
	for _, op := range operations {
		row, ok := want[op.ID()]
		delete(want, op.ID())
		if !ok || requests[op.ID()] == nil {
			t.Errorf("%s has no line in testdata/roles.txt, or no valid request", op.ID())
			continue
		}
		// Refusals come first, so that they are about what is still there, and need one
		// request for all.
		order := slices.Clone(roles)
		slices.SortStableFunc(order, func(a, b string) int { return row[b] - row[a] })
		shared := requests[op.ID()](t, usual, usual.Owner)
		for _, role := range order {
			x, as, r := usual, role, shared
			if role == adminStar {
				x, as = strict, admin
			}
			if row[role] < http.StatusBadRequest || role == adminStar {
				r = requests[op.ID()](t, x, x.people[as])
			}
			if op.Keyed() {
				r.Key = s.Key()
			}
			r.SourceIP = fmt.Sprintf("192.0.2.%d", cells%250)
			before := s.Writes()
			got := x.people[as].Send(r)
			cells++
			if got.Status != row[role] {
				wrong++
				t.Errorf("%s as %s: %d %s, want %d", op.ID(), role, got.Status, got.Body, row[role])
			}
			if n := s.Writes() - before; n > 0 && got.Status >= http.StatusBadRequest {
				wrong++
				t.Errorf("%s as %s is refused and has written %d times", op.ID(), role, n)
			}
		}
	}
	for id := range want {
		t.Errorf("testdata/roles.txt has a line for %s, which is no operation", id)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 35, Did: fmt.Sprintf("a valid request of every operation as every role against testdata/roles.txt, %d operations × %d roles", len(operations), len(roles)),
		Bad: wrong, Of: cells, What: "cells answered otherwise",
	})
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A member sees nobody else: no name and no email but its own, on any route that
// answers at all.
func TestAMemberSeesOnlyItself(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	x.Owner.Patch(x.Path, object{"billing_contact": x.Email("books")}).OK(t, nil)
	x.Owner.Post(x.SubPath()+"/licenses", object{"user_ids": []string{x.OwnerID, x.ids[admin]}}).OK(t, nil)
	me := x.people[member]
	requests, answered := valid(), 0
	for _, op := range s.Document.Operations() {
		if op.Writes() || strings.HasPrefix(op.Path, "/v1/operator/") {
			continue
		}
		got := me.Send(requests[op.ID()](t, x, me))
		if got.Status != http.StatusOK {
			continue
		}
		answered++
		body := strings.ReplaceAll(string(got.Body), me.Email, "")
		body = strings.ReplaceAll(body, "Customer at "+strings.TrimPrefix(x.Email(""), "@"), "")
		if strings.Contains(body, x.Email("")) || strings.Contains(body, "Olga") {
			t.Errorf("%s shows a member somebody else: %s", op.ID(), got.Body)
		}
	}
	if answered < 5 {
		t.Errorf("a member reads %d routes", answered)
	}
	for _, somebody := range []string{x.OwnerID, x.ids[admin], x.ids[removed], x.invited} {
		me.Get(x.Path+"/users/"+somebody).Refused(t, http.StatusNotFound, "not_found")
		me.Get(x.Path+"/events?user="+somebody).Refused(t, http.StatusForbidden, "forbidden")
	}
	var users struct {
		Items []api.User `json:"items"`
	}
	me.Get(x.Path+"/users").OK(t, &users)
	if len(users.Items) != 1 || users.Items[0].ID != x.ids[member] {
		t.Errorf("a member is listed %+v", users.Items)
	}
}

// Who grants and takes which role, and ends whose access.
func TestEveryRoleGrantsWhatTheTableSays(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	may := map[string][]string{owner: {admin, billingAdmin, member}, billingAdmin: {billingAdmin, member}, admin: {admin, member}}
	for by, granted := range may {
		p := x.people[by]
		for _, role := range []string{owner, admin, billingAdmin, member} {
			allowed := slices.Contains(granted, role)
			target := x.newcomer(t, false)
			change := p.Patch(x.Path+"/users/"+target, object{"role": role})
			if role == owner {
				change.Refused(t, 409, "owner_required")
				continue
			}
			if got := change.Status == http.StatusOK; got != allowed {
				t.Errorf("%s makes a member %s: %d %s", by, role, change.Status, change.Body)
			}
			x.Owner.Patch(x.Path+"/users/"+target, object{"role": role}).OK(t, nil)
			if got := p.Delete(x.Path + "/users/" + target); (got.Status == http.StatusNoContent) != allowed {
				t.Errorf("%s removes %s: %d %s", by, role, got.Status, got.Body)
			}
			var invited api.InviteResults
			p.Post(x.Path+"/invitations", object{"people": []any{x.Invitee("guest-"+s.Key(), role, false)}}).OK(t, &invited)
			if r := invited.Results[0]; (r.Error == nil) != allowed || r.Error != nil && r.Error.Code != "forbidden" {
				t.Errorf("%s invites %s: %+v", by, role, r)
			}
		}
		p.Patch(x.Path+"/users/"+x.ids[by], object{"role": member}).Refused(t, 403, "forbidden")
	}
}
