package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}

// lived is an account that has seen everything: three cycles, people in every
// state, a transfer, licenses given, taken and released, increases billed and
// waiting, a decrease pending.
func lived(tb testing.TB) *seatstest.Rig {
	r := seatstest.Open(tb, seatstest.Seats(8), seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }),
		seatstest.OnPolicies(func(p *seats.Policies) { p.OverAssigned = seats.ReleaseNewest }))
	by := func() seats.Caller { return r.Caller("owner") }
	r.JoinLicensed("ann", "bob", "cid", "dan")
	r.JoinAs(seats.Admin, "adm")
	r.Join("off", "gone", "eve")
	_, err := r.Service.DeactivateUser(r.Ctx, by(), r.Account, r.ID("off"), seats.Once[*seats.User]{})
	r.Must(err)
	_, err = r.Service.RemoveUser(r.Ctx, by(), r.Account, r.ID("gone"), seats.Once[*seats.User]{})
	r.Must(err)
	r.Invite(seatstest.Invitee("lapsed", r.Sub), seatstest.Invitee("cancelled", r.Sub))
	_, err = r.Service.CancelInvitation(r.Ctx, by(), r.Account, seats.InvitationOf(r.ID("cancelled")), seats.Once[*seats.User]{})
	r.Must(err)
	r.Wall.Set(at("2026-11-15 09:00:00"))
	_, err = r.Service.ExpireLapsed(r.Ctx)
	r.Must(err)
	r.Change(10)
	r.Revoke("bob")
	r.Assign("eve")
	r.Change(3)
	r.CloseAt(at("2026-12-01 00:00:00"))
	r.AddProduct("meetings", billing.Month, 2, 777)
	r.Wall.Set(at("2026-12-10 09:00:00"))
	r.Change(6)
	_, err = r.Service.TransferOwnership(r.Ctx, by(), r.Account, r.ID("ann"), seats.Once[*seats.User]{})
	r.Must(err)
	r.Wall.Set(at("2027-01-05 09:00:00"))
	r.Close()
	ann := r.Caller("ann")
	_, err = r.Service.Invite(r.Ctx, ann, r.Account, []seats.Invitee{seatstest.Invitee("new", r.Sub)}, seats.Once[[]seats.InviteResult]{})
	r.Must(err)
	_, err = r.Service.Assign(r.Ctx, ann, r.Account, r.Sub, []seats.UserID{r.ID("adm")}, seats.Once[[]seats.AssignResult]{})
	r.Must(err)
	q, _, err := r.Service.QuoteSeats(r.Ctx, ann, r.Account, r.Sub, 5)
	r.Must(err)
	_, err = r.Service.ConfirmSeats(r.Ctx, ann, r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), ""))
	r.Must(err)
	r.Clean()
	return r
}

// waiting is an account with increases that the next invoice settles.
func waiting(tb testing.TB) *seatstest.Rig {
	r := seatstest.Open(tb, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	r.Wall.Set(at("2026-11-10 09:00:00"))
	r.Change(7)
	r.CloseAt(at("2026-12-01 00:00:00"))
	r.Wall.Set(at("2026-12-10 09:00:00"))
	r.Change(9)
	r.Change(11)
	r.Clean()
	return r
}

func TestAnIndexThatSaysSomethingElseIsFound(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	findings, err := audit.Indexes(r.Ctx, r.Store)
	if err != nil || len(findings) != 0 {
		t.Fatalf("%v, %v", findings, err)
	}
	for name, store := range map[string]audit.Store{
		"an account missing":            lying{Store: r.Store, hideDue: true},
		"an invitation missing":         lying{Store: r.Store, hideLapsed: true},
		"an account that is not parked": lying{Store: r.Store, parked: []seats.AccountID{r.Account}},
		"an account that is not there":  lying{Store: r.Store, parked: []seats.AccountID{"acc_00000000000000000000000000"}},
		"an account twice":              lying{Store: r.Store, twice: true},
		"invitations of a test account": testLie(r),
		"invitations that nobody has":   lying{Store: r.Store, stray: &seats.Membership{Account: r.Account, User: "usr_00000000000000000000000000"}},
	} {
		findings, err := audit.Indexes(r.Ctx, store)
		if err != nil || len(findings) == 0 {
			t.Errorf("%s: %v, %v", name, findings, err)
		}
		for _, f := range findings {
			if f.Rule != audit.Index {
				t.Errorf("%s: %s", name, f)
			}
		}
	}
}

// lying is a store whose indexes are not what the items say.
type lying struct {
	audit.Store
	hideDue, hideLapsed, twice bool
	parked                     []seats.AccountID
	stray                      *seats.Membership
}

func testLie(r *seatstest.Rig) lying {
	tested := seatstest.Open(r.TB, seatstest.In(r), seatstest.TestClock())
	tested.Invite(seatstest.Invitee("eve", ""))
	return lying{Store: r.Store, stray: &seats.Membership{Account: tested.Account, User: tested.ID("eve")}}
}

func (l lying) DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error {
	if l.hideDue {
		return nil
	}
	times := 1
	if l.twice {
		times = 2
	}
	for range times {
		if err := l.Store.DueAccounts(ctx, by, each); err != nil {
			return err
		}
	}
	return nil
}

func (l lying) LapsedInvitations(ctx context.Context, by time.Time, each func([]seats.Membership) error) error {
	if l.hideLapsed {
		return nil
	}
	if l.stray != nil {
		if err := each([]seats.Membership{*l.stray}); err != nil {
			return err
		}
	}
	return l.Store.LapsedInvitations(ctx, by, each)
}

func (l lying) ParkedAccounts(context.Context, seats.Page) ([]seats.AccountID, string, error) {
	return l.parked, "", nil
}

func TestAllAccountsAreAuditedThoughTheyFillPages(t *testing.T) {
	r := seatstest.Open(t)
	const accounts = 205
	for range accounts - 1 {
		_, err := r.Service.Open(r.Ctx, seatstest.Operator(), seats.OpenAccount{
			Name: "A", Currency: "EUR", Zone: "UTC", PlanID: r.Plan.ID, Seats: 1, Owner: seats.Person{Email: "a@example.com", FirstName: "A", LastName: "B"},
		}, seatstest.Once[seats.Opened](r.Key(), ""))
		r.Must(err)
	}
	r.Store.Tamper(func(d *seatstest.Data) { d.Subscriptions[r.Account][r.Product].Free-- })
	var found []seats.AccountID
	n, err := audit.All(r.Ctx, r.Store, r.Wall.Now(), func(id seats.AccountID, findings []audit.Finding) error {
		found = append(found, id)
		return nil
	})
	if err != nil || n != accounts || len(found) != 1 || found[0] != r.Account {
		t.Errorf("%d audited, found %v, %v", n, found, err)
	}
	stop := errors.New("stop")
	_, err = audit.All(r.Ctx, r.Store, r.Wall.Now(), func(seats.AccountID, []audit.Finding) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("it did not stop: %v", err)
	}
}

// restless changes the account each time it is read.
type restless struct {
	*seatstest.Store
	r    *seatstest.Rig
	left *int
}

func (s restless) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	users, err := s.Store.Users(ctx, account)
	if *s.left > 0 {
		*s.left--
		s.r.JoinLicensed(fmt.Sprintf("p%d", *s.left))
	}
	return users, err
}

func TestAnAccountAtWorkIsReadAgainUntilItRests(t *testing.T) {
	for left, want := range map[int]int{3: 0, 1000: 1} {
		r := seatstest.Open(t, seatstest.Seats(100))
		findings, err := audit.Account(r.Ctx, restless{r.Store, r, &left}, r.Account, r.Wall.Now())
		r.Must(err)
		busy := 0
		for _, f := range findings {
			if f.Rule == audit.Busy {
				busy++
			}
		}
		if busy != want || want == 0 && len(findings) > 0 {
			t.Errorf("%v", findings)
		}
	}
}

func TestAFindingReadsAsALine(t *testing.T) {
	f := audit.Finding{Rule: audit.PoolCount, Account: "acc_1", Item: "sub_1", Detail: "has 5 seats"}
	if got, want := f.String(), "pool_count acc_1 sub_1: has 5 seats"; got != want {
		t.Errorf("got %q", got)
	}
}
