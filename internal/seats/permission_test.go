package seats_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// roles are the columns of the permission table.
func roles() []seats.Role {
	return []seats.Role{seats.Owner, seats.BillingAdmin, seats.Admin, seats.Member}
}

// cell is who may do an action: "yes", "no", or under which policy.
type cell string

const (
	yes       cell = "yes"
	no        cell = "no"
	autoSeats cell = "where seats are bought on the way"
	maySpend  cell = "where admins may spend"
)

// allowed says what a cell comes to under a plan's policies.
func (c cell) allowed(p seats.Policies) bool {
	return c == yes || c == autoSeats && p.AutoSeats || c == maySpend && p.AdminsMaySpend
}

// permissions is the table of who may do what, written down once more from the
// domain's description and not from the code.
func permissions() map[seats.Action]map[seats.Role]cell {
	row := func(owner, billing, admin, member cell) map[seats.Role]cell {
		return map[seats.Role]cell{seats.Owner: owner, seats.BillingAdmin: billing, seats.Admin: admin, seats.Member: member}
	}
	return map[seats.Action]map[seats.Role]cell{
		seats.SeeAccount:        row(yes, yes, yes, no),
		seats.ManageUsers:       row(yes, yes, yes, no),
		seats.ManageLicenses:    row(yes, autoSeats, yes, no),
		seats.SpendMoney:        row(yes, yes, maySpend, no),
		seats.TransferOwnership: row(yes, no, no, no),
	}
}

// grants is which roles a role grants and takes, and whose holders it ends.
func grants() map[seats.Role][]seats.Role {
	return map[seats.Role][]seats.Role{
		seats.Owner:        {seats.BillingAdmin, seats.Admin, seats.Member},
		seats.BillingAdmin: {seats.BillingAdmin, seats.Member},
		seats.Admin:        {seats.Admin, seats.Member},
		seats.Member:       {},
	}
}

// everyPolicy is every combination of what permissions depend on.
func everyPolicy() []seats.Policies {
	var all []seats.Policies
	for _, auto := range []bool{false, true} {
		for _, spend := range []bool{false, true} {
			all = append(all, seats.Policies{AutoSeats: auto, AdminsMaySpend: spend})
		}
	}
	return all
}

// everyPlan is every combination of the policies that concern people, of which some
// must make no difference.
func everyPlan() []seats.Policies {
	var all []seats.Policies
	for _, p := range everyPolicy() {
		for _, p.Billing = range []seats.Billing{seats.BillingSeats, seats.BillingActiveUsers} {
			for _, p.InvitationReservesSeat = range []bool{false, true} {
				for _, p.SelfServe = range []seats.SelfServe{seats.SelfServeAll, seats.SelfServeAddOnly, seats.SelfServeNone} {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

func TestEveryCellOfThePermissionTable(t *testing.T) {
	cells := 0
	for action, row := range permissions() {
		for _, role := range roles() {
			for _, policies := range everyPlan() {
				cells++
				plan := &seats.Plan{Policies: policies}
				if got, want := seats.Can(role, action, plan), row[role].allowed(policies); got != want {
					t.Errorf("%s, action %d, %+v: got %t", role, action, policies, got)
				}
			}
			// Without a plan, what depends on one is refused.
			if got, want := seats.Can(role, action, nil), row[role] == yes; got != want {
				t.Errorf("%s, action %d, without a plan: got %t", role, action, got)
			}
		}
	}
	for _, by := range roles() {
		for _, role := range roles() {
			cells++
			want := false
			for _, granted := range grants()[by] {
				want = want || granted == role
			}
			if got := seats.CanGrant(by, role); got != want {
				t.Errorf("%s grants %s: got %t", by, role, got)
			}
		}
	}
	for _, action := range []seats.Action{0, 99} {
		equal(t, "an action that is none", seats.Can(seats.Owner, action, &seats.Plan{}), false)
	}
	for _, role := range []seats.Role{"", "root", "OWNER"} {
		equal(t, "a role that is none", seats.Can(role, seats.SeeAccount, &seats.Plan{}), false)
		equal(t, "a grant by a role that is none", seats.CanGrant(role, seats.Member), false)
	}
	t.Logf("%d cells", cells)
}

// use is one use case with the action that it needs.
type use struct {
	name   string
	action seats.Action
	do     func(r *seatstest.Rig, by seats.Caller) error
}

// target is a member, who is in everybody's reach, so that the action alone decides.
func target(r *seatstest.Rig) seats.UserID { return r.ID("target") }

// erased is somebody of the stage who was removed.
func erased(r *seatstest.Rig) seats.UserID {
	for id, u := range r.Store.Snapshot().Users[r.Account] {
		if u.Status == seats.UserRemoved {
			return id
		}
	}
	return ""
}

// uses are all use cases of a customer's people.
func uses() []use { return append(usesOfPeople(), usesOfMoney()...) }

func usesOfPeople() []use {
	return []use{
		{"list pools", seats.SeeAccount, func(r *seatstest.Rig, by seats.Caller) error {
			_, _, err := r.Service.Pools(r.Ctx, by, r.Account, "")
			return err
		}},
		{"invite", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.Invite(r.Ctx, by, r.Account, crowd("p", 1, ""), none[[]seats.InviteResult]())
			return err
		}},
		{"send an invitation again", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.ResendInvitation(r.Ctx, by, r.Account, seats.InvitationOf(r.ID("invited")), none[*seats.User]())
			return err
		}},
		{"cancel an invitation", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.CancelInvitation(r.Ctx, by, r.Account, seats.InvitationOf(r.ID("invited")), none[*seats.User]())
			return err
		}},
		{"edit a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.EditUser(r.Ctx, by, r.Account, target(r), seats.UserPatch{FirstName: ptr("New")}, none[*seats.User]())
			return err
		}},
		{"deactivate a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.DeactivateUser(r.Ctx, by, r.Account, target(r), none[*seats.User]())
			return err
		}},
		{"activate a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.ActivateUser(r.Ctx, by, r.Account, r.ID("off"), none[*seats.User]())
			return err
		}},
		{"remove a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.RemoveUser(r.Ctx, by, r.Account, target(r), none[*seats.User]())
			return err
		}},
		{"create a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.CreateUser(r.Ctx, by, r.Account, newUser("made", ""), seats.Purchase{}, none[*seats.User]())
			return err
		}},
		{"create a licensed user", seats.ManageLicenses, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.CreateUser(r.Ctx, by, r.Account, newUser("made", r.Sub), seats.Purchase{}, none[*seats.User]())
			return err
		}},
		{"try to create a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.TryCreateUser(r.Ctx, by, r.Account, newUser("made", ""))
			return err
		}},
		{"import users", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.ImportUsers(r.Ctx, by, r.Account, "email,first_name,last_name\n"+lines(2), seats.Purchase{}, none[[]seats.ImportResult]())
			return err
		}},
		{"try to import users", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.TryImportUsers(r.Ctx, by, r.Account, "email,first_name,last_name\n"+lines(2))
			return err
		}},
		{"try to invite", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.TryInvite(r.Ctx, by, r.Account, crowd("p", 1, ""))
			return err
		}},
		{"erase a user", seats.ManageUsers, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.EraseUser(r.Ctx, by, r.Account, erased(r), none[*seats.User]())
			return err
		}},
		{"try to assign", seats.ManageLicenses, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.TryAssign(r.Ctx, by, r.Account, r.Sub, []seats.UserID{target(r)})
			return err
		}},
		{"assign", seats.ManageLicenses, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.Assign(r.Ctx, by, r.Account, r.Sub, []seats.UserID{target(r)}, none[[]seats.AssignResult]())
			return err
		}},
		{"revoke", seats.ManageLicenses, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.Revoke(r.Ctx, by, r.Account, r.Sub, r.ID("licensed"), none[struct{}]())
			return err
		}},
		{"transfer", seats.TransferOwnership, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.TransferOwnership(r.Ctx, by, r.Account, target(r), none[*seats.User]())
			return err
		}},
	}
}

func usesOfMoney() []use {
	quote := func(r *seatstest.Rig) seats.QuoteID {
		for id, q := range r.Store.Snapshot().Quotes {
			if q.Account == r.Account && q.Seats == 7 {
				return id
			}
		}
		return ""
	}
	return []use{
		{"quote", seats.SpendMoney, func(r *seatstest.Rig, by seats.Caller) error {
			_, _, err := r.Service.QuoteSeats(r.Ctx, by, r.Account, r.Sub, 7)
			return err
		}},
		{"confirm a quote", seats.SpendMoney, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.ConfirmSeats(r.Ctx, by, r.Account, r.Sub, quote(r), true, seatstest.Once[seats.SeatChangeResult](r.Key(), ""))
			return err
		}},
		{"cancel a decrease", seats.SpendMoney, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.CancelPending(r.Ctx, by, r.Account, r.Sub, none[*seats.Subscription]())
			return err
		}},
		{"list invoices", seats.SpendMoney, func(r *seatstest.Rig, by seats.Caller) error {
			_, _, err := r.Service.ListInvoices(r.Ctx, by, r.Account, seats.Page{Limit: 10})
			return err
		}},
		{"read an invoice", seats.SpendMoney, func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.GetInvoice(r.Ctx, by, r.Account, 1)
			return err
		}},
	}
}

// stage is an account with somebody of every role and of every status.
func stage(t testing.TB, policies seats.Policies) *seatstest.Rig {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) {
		p.AutoSeats, p.AdminsMaySpend = policies.AutoSeats, policies.AdminsMaySpend
	}))
	for _, role := range roles()[1:] {
		r.JoinAs(role, string(role))
	}
	r.Join("target", "off", "once")
	r.Must(remove(r, "owner", "once"))
	r.JoinLicensed("licensed")
	r.Invite(seatstest.Invitee("invited", r.Sub))
	_, err := r.Service.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("off"), none[*seats.User]())
	r.Must(err)
	r.Change(4)
	r.Quote(7)
	return r
}

func TestEveryUseCaseAsksTheTableForEveryRole(t *testing.T) {
	tried := 0
	for _, policies := range everyPolicy() {
		r := stage(t, policies)
		before := r.Store.Snapshot()
		for _, u := range uses() {
			for _, role := range roles() {
				tried++
				err := u.do(r, r.Caller(string(role)))
				name := fmt.Sprintf("%s may %s under %+v", role, u.name, policies)
				if permissions()[u.action][role].allowed(policies) {
					if err != nil {
						t.Errorf("%s: got %v", name, err)
					}
				} else if codeOf(err) != "forbidden" {
					t.Errorf("%s: got %v", name, err)
				}
				r.Store.Restore(before)
			}
		}
	}
	t.Logf("%d calls", tried)
}

// Grant or take a role, and deactivate or remove its holder: on every path that does
// one of them.
func TestEveryPathGrantsAndTakesRolesAsTheTableSays(t *testing.T) {
	r := seatstest.Open(t)
	for _, role := range roles()[1:] {
		r.JoinAs(role, string(role), "other-"+string(role), "gone-"+string(role))
		person := seatstest.Invitee("invited-"+string(role), "")
		person.Role = string(role)
		r.Invite(person)
	}
	r.Join("plain")
	gone := map[seats.Role]seats.UserID{}
	for _, role := range roles()[1:] {
		gone[role] = r.ID("gone-" + string(role))
		r.Must(remove(r, "owner", "gone-"+string(role)))
	}
	as := func(role seats.Role) seats.NewUser {
		person := newUser("fresh", "")
		person.Role = string(role)
		return person
	}
	paths := map[string]func(by string, role seats.Role) error{
		"grant": func(by string, role seats.Role) error { return setRole(r, by, "plain", role) },
		"take":  func(by string, role seats.Role) error { return setRole(r, by, "other-"+string(role), seats.Member) },
		"invite": func(by string, role seats.Role) error {
			reply, err := r.Service.Invite(r.Ctx, r.Caller(by), r.Account, []seats.Invitee{as(role).Invitee}, none[[]seats.InviteResult]())
			if err == nil && reply.Result[0].Refused != nil {
				return reply.Result[0].Refused
			}
			return err
		},
		"create": func(by string, role seats.Role) error {
			_, err := create(r, by, as(role))
			return err
		},
		"import": func(by string, role seats.Role) error {
			results, err := importFile(r, by, "email,first_name,last_name,role\nfresh@example.com,F,R,"+string(role)+"\n", seats.Purchase{}, r.Key())
			if err == nil && results[0].Refused != nil {
				return results[0].Refused
			}
			return err
		},
		"remove": func(by string, role seats.Role) error { return remove(r, by, "other-"+string(role)) },
		"erase": func(by string, role seats.Role) error {
			_, err := erase(r, by, gone[role])
			return err
		},
		"cancel an invitation": func(by string, role seats.Role) error {
			_, err := r.Service.CancelInvitation(r.Ctx, r.Caller(by), r.Account, seats.InvitationOf(r.ID("invited-"+string(role))), none[*seats.User]())
			return err
		},
		"send an invitation again": func(by string, role seats.Role) error {
			_, err := r.Service.ResendInvitation(r.Ctx, r.Caller(by), r.Account, seats.InvitationOf(r.ID("invited-"+string(role))), none[*seats.User]())
			return err
		},
	}
	before, cells := r.Store.Snapshot(), 0
	for name, do := range paths {
		for _, by := range roles() {
			for _, role := range roles()[1:] {
				cells++
				want := ""
				if !contains(grants()[by], role) {
					want = "forbidden"
				}
				if got := codeOf(do(string(by), role)); got != want {
					t.Errorf("%s: %s by %s: got %q, want %q", name, role, by, got, want)
				}
				r.Store.Restore(before)
			}
		}
	}
	t.Logf("%d cells", cells)
}

func TestNobodyFromOutsideLearnsAnythingOfAnAccount(t *testing.T) {
	r := stage(t, seats.Policies{AutoSeats: true, AdminsMaySpend: true})
	other := seatstest.Open(t, seatstest.In(r))
	other.Join("eve")
	r.Join("gone")
	_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("gone"), none[*seats.User]())
	r.Must(err)
	before := r.Store.Snapshot()
	strangers := map[string]seats.Caller{
		"nobody":          r.Caller("nobody"),
		"without subject": {SignedInAt: r.Wall.Now()},
		"of elsewhere":    r.Caller("eve"),
		"invited":         r.Caller("invited"),
		"deactivated":     r.Caller("off"),
		"removed":         r.Caller("gone"),
	}
	for name, stranger := range strangers {
		for _, u := range append(reads(), uses()...) {
			if got := codeOf(u.do(r, stranger)); got != "not_found" {
				t.Errorf("somebody %s may %s: got %q", name, u.name, got)
			}
		}
	}
	for _, account := range []seats.AccountID{"", "acc_x", "acc_" + seats.AccountID(strings.Repeat("0", 26)), other.Account} {
		_, err := r.Service.Enter(r.Ctx, r.Caller("admin"), account)
		wantCode(t, err, "not_found")
	}
	nothingChanged(t, r, before)
}

// reads are what any user of an account may do, and the edit of its settings.
func reads() []use {
	return []use{
		{name: "enter", do: func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.Enter(r.Ctx, by, r.Account)
			return err
		}},
		{name: "list users", do: func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.ListUsers(r.Ctx, by, r.Account, seats.UserFilter{})
			return err
		}},
		{name: "read a user", do: func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.GetUser(r.Ctx, by, r.Account, r.Owner)
			return err
		}},
		{name: "list holders", do: func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.Holders(r.Ctx, by, r.Account, r.Sub)
			return err
		}},
		{name: "list events", do: func(r *seatstest.Rig, by seats.Caller) error {
			_, _, err := r.Service.ListEvents(r.Ctx, by, r.Account, seats.EventFilter{}, seats.Page{Limit: 10})
			return err
		}},
		{name: "edit the account", do: func(r *seatstest.Rig, by seats.Caller) error {
			_, err := r.Service.EditAccount(r.Ctx, by, r.Account, seats.AccountPatch{Name: ptr("Mine")}, none[seats.EditedAccount]())
			return err
		}},
	}
}

func TestAMemberSeesOnlyWhatIsItsOwn(t *testing.T) {
	r := stage(t, seats.Policies{})
	r.Assign("member")
	by := r.Caller("member")
	users, err := r.Service.ListUsers(r.Ctx, by, r.Account, seats.UserFilter{})
	r.Must(err)
	equal(t, "users", len(users), 1)
	equal(t, "the user", users[0].ID, r.ID("member"))
	_, err = r.Service.GetUser(r.Ctx, by, r.Account, r.ID("member"))
	r.Must(err)
	_, err = r.Service.GetUser(r.Ctx, by, r.Account, r.Owner)
	wantCode(t, err, "not_found")
	holders, err := r.Service.Holders(r.Ctx, by, r.Account, r.Sub)
	r.Must(err)
	equal(t, "holders", len(holders), 1)
	events, _, err := r.Service.ListEvents(r.Ctx, by, r.Account, seats.EventFilter{}, seats.Page{Limit: 100})
	r.Must(err)
	for _, e := range events {
		if e.Data.UserID != r.ID("member") && e.Actor.ID != string(r.ID("member")) && len(e.Data.UserIDs) == 0 {
			t.Errorf("a member sees %s of %s", e.Type, e.Data.UserID)
		}
	}
	_, _, err = r.Service.ListEvents(r.Ctx, by, r.Account, seats.EventFilter{User: r.Owner}, seats.Page{Limit: 100})
	wantCode(t, err, "forbidden")
}

func TestAMemberSeesOfACommonEventOnlyItself(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann", "ben", "cy")
	r.Assign("ann", "ben", "cy")
	seen := func(by string) seats.Event {
		events, _, err := r.Service.ListEvents(r.Ctx, r.Caller(by), r.Account, seats.EventFilter{Type: seats.LicenseAssigned}, seats.Page{Limit: 100})
		r.Must(err)
		if len(events) != 1 {
			t.Fatalf("%s sees %d events", by, len(events))
		}
		return events[0]
	}
	all, ann := seen("owner"), seen("ann")
	equal(t, "users that the owner sees", len(all.Data.UserIDs), 3)
	equal(t, "revisions that the owner sees", len(all.Revs), 3)
	equalSlices(t, "users that ann sees", ann.Data.UserIDs, []seats.UserID{r.ID("ann")})
	equal(t, "revisions that ann sees", len(ann.Revs), 1)
	equal(t, "whose revision", ann.Revs[0].ID, string(r.ID("ann")))
	equal(t, "who gave it", ann.Actor.ID, string(r.Owner))
}
