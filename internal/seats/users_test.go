package seats_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func edit(r *seatstest.Rig, by, who string, patch seats.UserPatch) (*seats.User, error) {
	reply, err := r.Service.EditUser(r.Ctx, r.Caller(by), r.Account, r.ID(who), patch, none[*seats.User]())
	return reply.Result, err
}

func setRole(r *seatstest.Rig, by, who string, to seats.Role) error {
	_, err := edit(r, by, who, seats.UserPatch{Role: ptr(string(to))})
	return err
}

func deactivate(r *seatstest.Rig, by, who string) error {
	_, err := r.Service.DeactivateUser(r.Ctx, r.Caller(by), r.Account, r.ID(who), none[*seats.User]())
	return err
}

func activate(r *seatstest.Rig, by, who string) error {
	_, err := r.Service.ActivateUser(r.Ctx, r.Caller(by), r.Account, r.ID(who), none[*seats.User]())
	return err
}

func remove(r *seatstest.Rig, by, who string) error {
	_, err := r.Service.RemoveUser(r.Ctx, r.Caller(by), r.Account, r.ID(who), none[*seats.User]())
	return err
}

// cast is an account with two people of each role; "admin" and "admin2" and so on.
func cast(t testing.TB) *seatstest.Rig {
	r := seatstest.Open(t, seatstest.Seats(20))
	for _, role := range roles()[1:] {
		r.JoinAs(role, string(role), string(role)+"2")
	}
	return r
}

func contains(list []seats.Role, role seats.Role) bool { return slices.Contains(list, role) }

func TestWhoChangesWhoseRoleToWhat(t *testing.T) {
	r := cast(t)
	before := r.Store.Snapshot()
	cells := 0
	for _, by := range roles() {
		for _, target := range roles() {
			for _, to := range roles() {
				who := string(target) + "2"
				self := false
				if target == seats.Owner {
					who, self = "owner", by == seats.Owner
				}
				want := ""
				switch {
				case by == seats.Member:
					want = "forbidden"
				case target == to:
					// Nothing changes, so nothing is refused.
				case self:
					want = "forbidden"
				case target == seats.Owner, to == seats.Owner:
					want = "owner_required"
				case !contains(grants()[by], target) || !contains(grants()[by], to):
					want = "forbidden"
				}
				cells++
				err := setRole(r, string(by), who, to)
				if got := codeOf(err); got != want {
					t.Errorf("%s makes %s a %s: got %q, want %q", by, who, to, got, want)
				}
				if want == "" {
					equal(t, "role", r.User(who).Role, to)
					r.Clean()
				}
				r.Store.Restore(before)
			}
		}
	}
	t.Logf("%d cells", cells)
}

func TestNobodyChangesTheirOwnRole(t *testing.T) {
	r := cast(t)
	for _, by := range roles() {
		for _, to := range roles() {
			if by == to {
				continue
			}
			wantCode(t, setRole(r, string(by), string(by), to), "forbidden")
		}
	}
}

func TestWhoDeactivatesAndRemovesWhom(t *testing.T) {
	r := cast(t)
	before := r.Store.Snapshot()
	for _, by := range roles() {
		for _, target := range roles() {
			who := string(target) + "2"
			if target == seats.Owner {
				who = "owner"
			}
			ends := "forbidden"
			switch {
			case by == seats.Member:
			case target == seats.Owner:
				ends = "owner_required"
			case contains(grants()[by], target):
				ends = ""
			}
			off := ends
			if off == "" && target != seats.Member {
				off = "role_must_be_removed_first"
			}
			if got := codeOf(deactivate(r, string(by), who)); got != off {
				t.Errorf("%s deactivates %s: got %q, want %q", by, target, got, off)
			}
			r.Store.Restore(before)
			if got := codeOf(remove(r, string(by), who)); got != ends {
				t.Errorf("%s removes %s: got %q, want %q", by, target, got, ends)
			}
			r.Clean()
			r.Store.Restore(before)
		}
	}
}

func TestNobodyDeactivatesOrRemovesThemselves(t *testing.T) {
	r := cast(t)
	for _, by := range roles() {
		want := "forbidden"
		if by == seats.Owner {
			want = "owner_required"
		}
		wantCode(t, deactivate(r, string(by), string(by)), want)
		wantCode(t, remove(r, string(by), string(by)), want)
	}
}

func TestAnAdministratorIsDeactivatedOnlyOnceTheRoleIsTaken(t *testing.T) {
	for _, role := range []seats.Role{seats.Admin, seats.BillingAdmin} {
		r := cast(t)
		wantCode(t, deactivate(r, "owner", string(role)), "role_must_be_removed_first")
		r.Must(setRole(r, "owner", string(role), seats.Member))
		r.Must(deactivate(r, "owner", string(role)))
		equal(t, "status", r.User(string(role)).Status, seats.UserDeactivated)
		r.Clean()
	}
}

func TestDeactivatingEndsAllLicensesAndActivatingGivesNoneBack(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Must(deactivate(r, "owner", "ann"))
	equal(t, "free seats", r.Pool().Free, 5)
	equal(t, "licenses", len(r.User("ann").Licenses), 0)
	equalSlices(t, "ended", r.Events(seats.UserDeactivatedEvent)[0].Data.Ended, []string{r.Product})
	before := r.Store.Snapshot()
	r.Must(deactivate(r, "owner", "ann"))
	nothingChanged(t, r, before)
	_, err := r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	wantCode(t, err, "not_found")

	r.Must(activate(r, "owner", "ann"))
	equal(t, "licenses", len(r.User("ann").Licenses), 0)
	before = r.Store.Snapshot()
	r.Must(activate(r, "owner", "ann"))
	nothingChanged(t, r, before)
	_, err = r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	r.Must(err)
	r.Clean()
}

func TestWhoIsInvitedIsNeitherDeactivatedNorActivated(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	before := r.Store.Snapshot()
	wantCode(t, deactivate(r, "owner", "ann"), "state_conflict")
	wantCode(t, activate(r, "owner", "ann"), "state_conflict")
	nothingChanged(t, r, before)
}

func TestRemovingFreesSeatsEmailAndIdentityAndKeepsTheRecord(t *testing.T) {
	cases := map[string]func(*seatstest.Rig){
		"licensed":   func(r *seatstest.Rig) { r.JoinLicensed("ann") },
		"unlicensed": func(r *seatstest.Rig) { r.Join("ann") },
		"invited":    func(r *seatstest.Rig) { r.Invite(seatstest.Invitee("ann", r.Sub)) },
		"expired": func(r *seatstest.Rig) {
			r.Invite(seatstest.Invitee("ann", r.Sub))
			r.Wall.Advance(seats.InvitationTTL)
			expire(r)
		},
		"deactivated": func(r *seatstest.Rig) { r.JoinLicensed("ann"); r.Must(deactivate(r, "owner", "ann")) },
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			prepare(r)
			id := r.ID("ann")
			r.Must(remove(r, "owner", "ann"))
			equal(t, "free seats", r.Pool().Free, 5)
			equal(t, "status", r.UserByID(id).Status, seats.UserRemoved)
			if r.User("ann") != nil {
				t.Error("the email is still taken")
			}
			_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, id, none[*seats.User]())
			wantCode(t, err, "not_found")
			r.Clean()
			r.JoinLicensed("ann")
			r.Clean()
		})
	}
}

func TestEditingWritesOnlyWhatChanges(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	u, err := edit(r, "owner", "ann", seats.UserPatch{FirstName: ptr(" Anna "), Qualification: ptr("MRICS"), Role: ptr("admin")})
	r.Must(err)
	equal(t, "first name", u.FirstName, "Anna")
	equal(t, "last name", u.LastName, "ann")
	equal(t, "qualification", u.Qualification, "MRICS")
	equal(t, "role", u.Role, seats.Admin)
	equal(t, "role events", len(r.Events(seats.RoleChanged)), 1)
	equal(t, "update events", len(r.Events(seats.UserUpdated)), 1)
	before := r.Store.Snapshot()
	again, err := edit(r, "owner", "ann", seats.UserPatch{FirstName: ptr("Anna"), Role: ptr("admin")})
	r.Must(err)
	equal(t, "revision", again.Rev, u.Rev)
	nothingChanged(t, r, before)
	u, err = edit(r, "owner", "ann", seats.UserPatch{Qualification: ptr("")})
	r.Must(err)
	equal(t, "qualification", u.Qualification, "")
	r.Clean()
}

func TestAnEditListsAllItsMistakes(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	before := r.Store.Snapshot()
	_, err := edit(r, "owner", "ann", seats.UserPatch{
		FirstName: ptr(""), LastName: ptr(strings.Repeat("x", seats.MaxNameRunes+1)), Qualification: ptr("a\x00b"), Role: ptr("root"),
	})
	wantCode(t, err, "invalid")
	equal(t, "mistakes", len(err.(*seats.Error).Fields), 4)
	nothingChanged(t, r, before)
}

func TestARoleAloneNeverTakesALicense(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	for _, role := range []seats.Role{seats.Admin, seats.BillingAdmin, seats.Member} {
		r.Must(setRole(r, "owner", "ann", role))
		equal(t, "free seats", r.Pool().Free, 5)
	}
	r.Clean()
}

func TestAUserCommandOnNobodyIsNotFound(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	other.Join("eve")
	before := r.Store.Snapshot()
	by := r.Caller("owner")
	// The owner of one account owns the other too: they are apart all the same.
	for _, id := range []seats.UserID{"", "usr_x", other.ID("eve"), other.Owner, "usr_" + seats.UserID(strings.Repeat("z", 26))} {
		commands := map[string]func() error{
			"edit": func() error {
				_, err := r.Service.EditUser(r.Ctx, by, r.Account, id, seats.UserPatch{FirstName: ptr("x")}, none[*seats.User]())
				return err
			},
			"deactivate": func() error {
				_, err := r.Service.DeactivateUser(r.Ctx, by, r.Account, id, none[*seats.User]())
				return err
			},
			"activate": func() error {
				_, err := r.Service.ActivateUser(r.Ctx, by, r.Account, id, none[*seats.User]())
				return err
			},
			"remove": func() error {
				_, err := r.Service.RemoveUser(r.Ctx, by, r.Account, id, none[*seats.User]())
				return err
			},
			"transfer": func() error {
				_, err := r.Service.TransferOwnership(r.Ctx, by, r.Account, id, none[*seats.User]())
				return err
			},
			"read": func() error { _, err := r.Service.GetUser(r.Ctx, by, r.Account, id); return err },
		}
		for name, do := range commands {
			if got := codeOf(do()); got != "not_found" {
				t.Errorf("%s %q: got %q", name, id, got)
			}
		}
	}
	nothingChanged(t, r, before)
}

func TestEmailsHaveOneForm(t *testing.T) {
	long := strings.Repeat("a", 64)
	domain := strings.Repeat(strings.Repeat("d", 60)+".", 3) + "example"
	for raw, want := range map[string]string{
		"ann@example.com":              "ann@example.com",
		" Ann.O'Neil+Tag@Example.COM ": "ann.o'neil+tag@example.com",
		"ÄNN@bücher.example":           "Änn@xn--bcher-kva.example",
		"änn@example.com":              "änn@example.com",
		"İstanbul@example.com":         "İstanbul@example.com",
		"ﬁ@example.com":                "ﬁ@example.com",
		"a@xn--bcher-kva.example":      "a@xn--bcher-kva.example",
		"ann@BÜCHER.example":           "ann@xn--bcher-kva.example",
		long + "@example.com":          long + "@example.com",
		long + "a@example.com":         "",
		"a@" + domain:                  "a@" + domain,
		strings.Repeat("a", 63) + "@" + domain + strings.Repeat("d", 2): "",
		"":                      "",
		"@example.com":          "",
		"ann@":                  "",
		"ann@localhost":         "",
		"ann@example.com.":      "",
		"ann@.com":              "",
		"ann@exa mple.com":      "",
		".ann@example.com":      "",
		"ann.@example.com":      "",
		"a..n@example.com":      "",
		"\"ann\"@example.com":   "",
		"ann(x)@example.com":    "",
		"ann@[127.0.0.1]":       "",
		"ann\r\nBcc: x@y.z":     "",
		"a\x00@example.com":     "",
		"\xff@example.com":      "",
		"ann@-example.com":      "",
		"a@b@example.com":       "",
		"ann\u202e@example.com": "",
	} {
		got, err := seats.NormalizeEmail(raw)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", raw, got, err, want)
		}
		if err == nil {
			if again, err := seats.NormalizeEmail(got); again != got || err != nil {
				t.Errorf("%q is not its own normal form: %q, %v", got, again, err)
			}
		}
	}
}

func TestAListOfUsersIsFilteredAndSorted(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("zoe")
	r.JoinAs(seats.Admin, "adm")
	r.Join("bob", "gone", "off")
	r.Must(deactivate(r, "owner", "off"))
	r.Must(remove(r, "owner", "gone"))
	r.Invite(seatstest.Invitee("new", ""))
	_, err := edit(r, "owner", "bob", seats.UserPatch{FirstName: ptr("Ärnold"), LastName: ptr("Aaronson")})
	r.Must(err)
	cases := []struct {
		name   string
		filter seats.UserFilter
		want   string
	}{
		{"by id, without the removed", seats.UserFilter{}, "owner zoe adm bob off new"},
		{"by email", seats.UserFilter{Sort: "email"}, "adm bob new off owner zoe"},
		{"by email, reversed", seats.UserFilter{Sort: "-email"}, "zoe owner off new bob adm"},
		{"by name", seats.UserFilter{Sort: "name"}, "bob adm new off owner zoe"},
		{"by status", seats.UserFilter{Sort: "status"}, "owner zoe adm bob off new"},
		{"by when added", seats.UserFilter{Sort: "added"}, "owner zoe adm bob off new"},
		{"removed ones where asked for", seats.UserFilter{Status: seats.UserRemoved}, "gone"},
		{"of a status", seats.UserFilter{Status: seats.UserInvited}, "new"},
		{"of a role", seats.UserFilter{Role: seats.Admin}, "adm"},
		{"licensed", seats.UserFilter{Licensed: ptr(true)}, "zoe"},
		{"not licensed", seats.UserFilter{Licensed: ptr(false), Role: seats.Member}, "bob off new"},
		{"whose first name begins so", seats.UserFilter{Query: "äRN"}, "bob"},
		{"whose last name begins so", seats.UserFilter{Query: "aaRon"}, "bob"},
		{"whose email begins so", seats.UserFilter{Query: "ZO"}, "zoe"},
		{"of whom nothing begins so", seats.UserFilter{Query: "oe"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			users, err := r.Service.ListUsers(r.Ctx, r.Caller("owner"), r.Account, c.filter)
			r.Must(err)
			var who []string
			for _, u := range users {
				who = append(who, strings.TrimSuffix(u.Email, "@example.com"))
			}
			if c.filter.Sort == "" || c.filter.Sort == "status" || c.filter.Sort == "added" {
				// Ids of one instant have no order of their own.
				want := strings.Fields(c.want)
				slices.Sort(want)
				slices.Sort(who)
				equalSlices(t, "users", who, want)
				return
			}
			equal(t, "users", fmt.Sprint(who), fmt.Sprint(strings.Fields(c.want)))
		})
	}
	_, err = r.Service.ListUsers(r.Ctx, r.Caller("owner"), r.Account, seats.UserFilter{Sort: "password"})
	wantCode(t, err, "invalid")
}
