package seats_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// crowd are n people to invite.
func crowd(prefix string, n int, sub seats.SubscriptionID) []seats.Invitee {
	people := make([]seats.Invitee, n)
	for i := range people {
		people[i] = seatstest.Invitee(fmt.Sprintf("%s%03d", prefix, i), sub)
	}
	return people
}

func codesOf(results []seats.InviteResult) []string {
	var codes []string
	for _, result := range results {
		codes = append(codes, refused(result.Refused))
	}
	return codes
}

func TestInvitingReservesASeatAndPutsOneEventForEachPerson(t *testing.T) {
	r := seatstest.Open(t)
	results := r.Invite(seatstest.Invitee("ann", r.Sub), seatstest.Invitee("bob", ""))
	equalSlices(t, "refusals", codesOf(results), []string{"", ""})
	ann, bob := r.User("ann"), r.User("bob")
	equal(t, "free seats", r.Pool().Free, 4)
	equal(t, "reserved for ann", ann.Invitation.Reserved, true)
	equal(t, "reserved for bob", bob.Invitation.Reserved, false)
	equal(t, "status", ann.Status, seats.UserInvited)
	equal(t, "role", ann.Role, seats.Member)
	equal(t, "expiry", ann.Invitation.ExpiresAt, r.Wall.Now().Add(seats.InvitationTTL))
	equal(t, "the result's user", results[0].User, ann.ID)
	equal(t, "the result's invitation", results[0].Invitation, seats.InvitationOf(ann.ID))
	equal(t, "the result's expiry", results[0].ExpiresAt, ann.Invitation.ExpiresAt)
	events := r.Events(seats.UserInvitedEvent)
	equal(t, "events", len(events), 2)
	for _, e := range events {
		equal(t, "actor", e.Actor, seats.Actor{Kind: seats.ActorUser, ID: string(r.Owner)})
		equal(t, "generation", e.Data.Generation, 1)
	}
	r.Clean()
}

func TestTheSixthPersonOnFiveSeatsIsToldApartAndNobodyElseIsLost(t *testing.T) {
	r := seatstest.Open(t)
	results := r.Invite(crowd("p", 6, r.Sub)...)
	equalSlices(t, "refusals", codesOf(results), []string{"", "", "", "", "", "no_free_seats"})
	equal(t, "free seats", r.Pool().Free, 0)
	equal(t, "events", len(r.Events(seats.UserInvitedEvent)), 5)
	if r.User("p005") != nil {
		t.Error("the sixth was invited")
	}
	// Without a license no seat is needed.
	equalSlices(t, "without a license", codesOf(r.Invite(seatstest.Invitee("p005", ""))), []string{""})
	r.Clean()
}

func TestARowThatIsRefusedTakesNoSeatFromTheNext(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(2))
	r.Join("taken")
	people := []seats.Invitee{
		seatstest.Invitee("taken", r.Sub), seatstest.Invitee("ann", r.Sub), seatstest.Invitee("ANN@Example.COM", r.Sub),
		seatstest.Invitee("bob", r.Sub), seatstest.Invitee("cid", r.Sub),
	}
	results := r.Invite(people...)
	equalSlices(t, "refusals", codesOf(results), []string{"email_taken", "", "email_taken", "", "no_free_seats"})
	if !strings.Contains(results[2].Refused.Detail, "more than once") {
		t.Errorf("a duplicate in the list is told as %q", results[2].Refused.Detail)
	}
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

func TestAnEmailIsTakenByTheTransactionNotByALookBefore(t *testing.T) {
	r := seatstest.Open(t)
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			r.Invite(seatstest.Invitee("ann", r.Sub))
		}
	}}
	reply, err := r.On(racing).Invite(r.Ctx, r.Caller("owner"), r.Account,
		[]seats.Invitee{seatstest.Invitee("ann", r.Sub), seatstest.Invitee("bob", r.Sub)}, none[[]seats.InviteResult]())
	r.Must(err)
	equalSlices(t, "refusals", codesOf(reply.Result), []string{"email_taken", ""})
	equal(t, "free seats", r.Pool().Free, 3)
	r.Clean()
}

func TestSeatsThatGoMeanwhileAreRefusedAndNotOversold(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(2))
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			r.Invite(seatstest.Invitee("eve", r.Sub))
		}
	}}
	reply, err := r.On(racing).Invite(r.Ctx, r.Caller("owner"), r.Account, crowd("p", 2, r.Sub), none[[]seats.InviteResult]())
	r.Must(err)
	equalSlices(t, "refusals", codesOf(reply.Result), []string{"", "no_free_seats"})
	r.Clean()
}

func TestRolesAreGrantedAsTheTableSays(t *testing.T) {
	grants := map[seats.Role]map[seats.Role]string{
		seats.Owner:        {seats.Admin: "", seats.BillingAdmin: "", seats.Member: ""},
		seats.BillingAdmin: {seats.Admin: "forbidden", seats.BillingAdmin: "", seats.Member: ""},
		seats.Admin:        {seats.Admin: "", seats.BillingAdmin: "forbidden", seats.Member: ""},
	}
	for by, roles := range grants {
		for role, want := range roles {
			t.Run(fmt.Sprintf("%s invites %s", by, role), func(t *testing.T) {
				r := seatstest.Open(t)
				inviter := "owner"
				if by != seats.Owner {
					inviter = "inviter"
					r.JoinAs(by, inviter)
				}
				person := seatstest.Invitee("new", "")
				person.Role = string(role)
				reply, err := r.Service.Invite(r.Ctx, r.Caller(inviter), r.Account, []seats.Invitee{person}, none[[]seats.InviteResult]())
				r.Must(err)
				equal(t, "refusal", refused(reply.Result[0].Refused), want)
				if want == "" {
					equal(t, "role", r.User("new").Role, role)
				}
				r.Clean()
			})
		}
	}
}

func TestABillingAdminInvitesWithLicensesOnlyWhereSeatsAreBoughtOnTheWay(t *testing.T) {
	for _, auto := range []bool{false, true} {
		r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AutoSeats = auto }))
		r.JoinAs(seats.BillingAdmin, "bill")
		reply, err := r.Service.Invite(r.Ctx, r.Caller("bill"), r.Account,
			[]seats.Invitee{seatstest.Invitee("ann", r.Sub), seatstest.Invitee("bob", "")}, none[[]seats.InviteResult]())
		r.Must(err)
		want := []string{"forbidden", ""}
		if auto {
			want[0] = ""
		}
		equalSlices(t, fmt.Sprintf("refusals with auto_seats %t", auto), codesOf(reply.Result), want)
		r.Clean()
	}
}

func TestAMemberInvitesNobody(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("mem")
	before := r.Store.Snapshot()
	_, err := r.Service.Invite(r.Ctx, r.Caller("mem"), r.Account, crowd("p", 1, ""), none[[]seats.InviteResult]())
	wantCode(t, err, "forbidden")
	nothingChanged(t, r, before)
}

func TestAnInviteListHasOneToAHundredPeople(t *testing.T) {
	for n, want := range map[int]string{0: "invalid", 1: "", 100: "", 101: "invalid"} {
		r := seatstest.Open(t, seatstest.Seats(100))
		reply, err := r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, crowd("p", n, r.Sub), none[[]seats.InviteResult]())
		wantCode(t, err, want)
		if want == "" {
			equal(t, "results", len(reply.Result), n)
			equal(t, "free seats", r.Pool().Free, int64(100-n))
			r.Clean()
		}
	}
}

func TestEveryMistakeOfAListIsToldAtOnceAndNobodyIsInvited(t *testing.T) {
	r := seatstest.Open(t)
	before := r.Store.Snapshot()
	people := crowd("p", 6, "")
	people[0].Email = "no address"
	people[1].FirstName = " "
	people[2].LastName = strings.Repeat("x", seats.MaxNameRunes+1)
	people[3].Qualification = "two\nlines"
	people[4].Role = "owner"
	people[5].Subscription = "sub_nonsense"
	_, err := r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, people, none[[]seats.InviteResult]())
	wantCode(t, err, "invalid")
	var places []string
	for _, f := range err.(*seats.Error).Fields {
		places = append(places, f.Location)
	}
	equalSlices(t, "places", places, []string{
		"body.people[0].email", "body.people[1].first_name", "body.people[2].last_name",
		"body.people[3].qualification", "body.people[4].role", "body.people[5].subscription_id",
	})
	nothingChanged(t, r, before)
}

func TestTextsAreTakenAtTheirLimitAndRefusedOnePast(t *testing.T) {
	limit := func(runes, bytes int) map[string]string {
		return map[string]string{
			strings.Repeat("a", runes):                "",
			strings.Repeat("a", runes+1):              "invalid",
			strings.Repeat("é", bytes/2):              "",
			strings.Repeat("é", bytes/2) + "a":        "invalid",
			strings.Repeat("a", runes) + "  ":         "", // trimmed
			"tab\tinside":                             "invalid",
			"line separator\u2028inside":              "invalid",
			"\xff\xfe":                                "invalid",
			"<b>O'Neil</b> =cmd|' /C calc'!A0 \u202e": "",
		}
	}
	r := seatstest.Open(t)
	n := 0
	try := func(change func(*seats.Invitee, string), cases map[string]string) {
		for text, want := range cases {
			n++
			person := seatstest.Invitee(fmt.Sprintf("p%d", n), "")
			change(&person, text)
			_, err := r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, []seats.Invitee{person}, none[[]seats.InviteResult]())
			if got := codeOf(err); got != want {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
	}
	try(func(p *seats.Invitee, s string) { p.FirstName = s }, limit(seats.MaxNameRunes, seats.MaxNameBytes))
	try(func(p *seats.Invitee, s string) { p.LastName = s }, limit(seats.MaxNameRunes, seats.MaxNameBytes))
	try(func(p *seats.Invitee, s string) { p.Qualification = s }, limit(seats.MaxQualificationRunes, seats.MaxQualificationBytes))
	r.Clean()
}

func TestASubscriptionOfNobodyIsNotFoundRowByRow(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	results := r.Invite(seatstest.Invitee("ann", other.Sub), seatstest.Invitee("bob", r.Sub))
	equalSlices(t, "refusals", codesOf(results), []string{"not_found", ""})
	equal(t, "the other account's free seats", other.Pool().Free, 5)
	r.Clean()
}

func TestAnEndedSubscriptionTakesNoInvitations(t *testing.T) {
	r := seatstest.Open(t)
	r.Store.Tamper(func(d *seatstest.Data) { d.Subscriptions[r.Account][r.Product].Status = seats.SubscriptionEnded })
	equalSlices(t, "refusals", codesOf(r.Invite(seatstest.Invitee("ann", r.Sub))), []string{"not_found"})
}

// bulkInvite sends 80 people, which takes three transactions.
func bulkInvite(r *seatstest.Rig, s *seats.Service, key, body string) (seats.Reply[[]seats.InviteResult], error) {
	return s.Invite(r.Ctx, r.Caller("owner"), r.Account, crowd("p", 80, r.Sub), seatstest.Once[[]seats.InviteResult](key, body))
}

func TestALongListIsWrittenInSeveralTransactionsUnderOneKey(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(80))
	commits := 0
	counting := &seatstest.Racing{Store: r.Store, Before: func(int, *seats.Change) { commits++ }}
	first, err := bulkInvite(r, r.On(counting), "key", "body")
	r.Must(err)
	equal(t, "transactions", commits, 3)
	equal(t, "events", len(r.Events(seats.UserInvitedEvent)), 80)
	again, err := bulkInvite(r, r.Service, "key", "body")
	r.Must(err)
	want, err := seatstest.Once[[]seats.InviteResult]("", "").Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	equal(t, "events after the replay", len(r.Events(seats.UserInvitedEvent)), 80)
	_, err = bulkInvite(r, r.Service, "key", "another body")
	wantCode(t, err, "idempotency_key_reused")
	r.Clean()
}

func TestAListForManyProductsFitsItsTransactions(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(seats.MaxInvitePeople))
	subs := []seats.SubscriptionID{r.Sub}
	for n := range seats.MaxProductsPerAccount - 1 {
		subs = append(subs, r.AddProduct(fmt.Sprintf("product-%d", n), billing.Month, 10, 100))
	}
	for _, people := range []int{26, 27, 32, 33, seats.MaxInvitePeople} {
		list := crowd(fmt.Sprintf("of%d-", people), people, "")
		for i := range list {
			list[i].Subscription = subs[i%len(subs)]
		}
		before := r.Store.Snapshot()
		reply, err := r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, list, seatstest.Once[[]seats.InviteResult](r.Key(), "list"))
		if err != nil {
			t.Fatalf("%d people for %d products: %v", people, len(subs), err)
		}
		for _, result := range reply.Result {
			if result.Refused != nil {
				t.Errorf("%d people: %s: %v", people, result.Email, result.Refused)
			}
		}
		r.Clean()
		r.Store.Restore(before)
	}
}

func TestALongListThatDiedInTheMiddleIsResumedWithItsKey(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(80))
	dying := seatstest.Crash(r.Store, 0, false)
	commits := 0
	racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) {
		commits = n
		if n == 2 {
			// The second transaction's effect is lost with the process.
			dying.DieAt(1, false)
		}
	}}
	_, err := bulkInvite(r, r.On(racing), "key", "body")
	if err == nil || commits != 2 {
		t.Fatalf("the process did not die: %v after %d commits", err, commits)
	}
	equal(t, "people after the crash", len(r.Events(seats.UserInvitedEvent)), 32)
	_, err = bulkInvite(r, r.Service, "key", "body")
	wantCode(t, err, "idempotency_in_progress")
	_, err = bulkInvite(r, r.Service, "key", "another body")
	wantCode(t, err, "idempotency_key_reused")

	r.Wall.Advance(34 * time.Second)
	_, err = bulkInvite(r, r.Service, "key", "body")
	wantCode(t, err, "idempotency_in_progress")
	r.Wall.Advance(time.Second)
	reply, err := bulkInvite(r, r.Service, "key", "body")
	r.Must(err)
	for _, result := range reply.Result {
		equal(t, "refusal", refused(result.Refused), "")
	}
	equal(t, "people", len(r.Events(seats.UserInvitedEvent)), 80)
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

func TestAResumedListMayInviteWhoFoundNoSeatBefore(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(20))
	dying := seatstest.Crash(r.Store, 0, false)
	racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			dying.DieAt(1, true)
		}
	}}
	if _, err := bulkInvite(r, r.On(racing), "key", "body"); err == nil {
		t.Fatal("the process did not die")
	}
	equal(t, "people after the crash", len(r.Events(seats.UserInvitedEvent)), 20)
	// A seat comes free, so that the retry has one for the 21st row.
	_, err := r.Service.CancelInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(r.ID("p000")), none[*seats.User]())
	r.Must(err)
	r.Wall.Advance(time.Minute)
	reply, err := bulkInvite(r, r.Service, "key", "body")
	r.Must(err)
	equal(t, "the 21st row", refused(reply.Result[20].Refused), "")
	equal(t, "the 22nd row", refused(reply.Result[21].Refused), "no_free_seats")
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

func TestTheKeyOfALongListIsNewAgainAfterADay(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(160))
	_, err := bulkInvite(r, r.Service, "key", "body")
	r.Must(err)
	r.Wall.Advance(seats.ReceiptTTL)
	reply, err := bulkInvite(r, r.Service, "key", "body")
	r.Must(err)
	equal(t, "the first row", refused(reply.Result[0].Refused), "email_taken")
	r.Clean()
}

func TestACancelledRequestWritesNothingMore(t *testing.T) {
	r := seatstest.Open(t)
	ctx, cancel := context.WithCancel(r.Ctx)
	cancel()
	before := r.Store.Snapshot()
	if _, err := r.Service.Invite(ctx, r.Caller("owner"), r.Account, crowd("p", 2, r.Sub), none[[]seats.InviteResult]()); err == nil {
		t.Fatal("a cancelled request went through")
	}
	nothingChanged(t, r, before)
}
