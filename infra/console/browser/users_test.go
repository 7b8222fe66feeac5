package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

// add creates people as the account's owner, active and without a license, and returns their ids.
func add(t *testing.T, rig *browsertest.Rig, a browsertest.Account, people ...browsertest.Invitee) []string {
	t.Helper()
	api := rig.API(t, a.Owner)
	ids := make([]string, len(people))
	for i, p := range people {
		body := map[string]string{"email": p.Email, "first_name": p.First, "last_name": p.Last}
		if p.Role != "" {
			body["role"] = p.Role
		}
		var made struct{ User struct{ ID string } }
		api.Post(a.API("/users"), body, &made)
		ids[i] = made.User.ID
	}
	return ids
}

const (
	// crowd is how many users the list is walked with: more than a person looks through, and few enough to be there in
	// seconds.
	crowd = 2_000
	// perImport is how many one file brings: fewer than the API takes, so that a busy machine answers in time.
	perImport = 200
	// quills are those of the crowd whom one search finds: more than the API gives licenses to at once.
	quills = 103
)

// fill imports so many users.
func fill(t testing.TB, rig *browsertest.Rig, a browsertest.Account, users int) {
	t.Helper()
	api, began := rig.API(t, a.Owner), time.Now()
	for from := 0; from < users; from += perImport {
		var csv strings.Builder
		csv.WriteString("email,first_name,last_name,qualification,role\r\n")
		for i := from; i < from+perImport; i++ {
			last, role := "Walker", "member"
			if i < quills {
				last = "Quill"
			}
			if i%100 == 0 {
				role = "admin"
			}
			fmt.Fprintf(&csv, "p%05d@%s,Pat%05d,%s,Number %d,%s\r\n", i, a.Domain, i, last, i, role)
		}
		var answer struct {
			Results []struct {
				Status string
				Error  *struct{ Detail string }
			}
		}
		api.Post(a.API("/users/import"), map[string]string{"csv": csv.String()}, &answer)
		for _, r := range answer.Results {
			if r.Error != nil {
				t.Fatalf("importing: %s", r.Error.Detail)
			}
		}
	}
	t.Logf("%d users imported in %s", users, time.Since(began).Round(time.Millisecond))
}

// Among thousands, people are found by typing, sorted, filtered and paged through; and more than one request's worth of
// them is given licenses, with a result for each where there are too few.
func TestThousandsOfUsersAreSearchedSortedFilteredAndSelected(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "valuation")
	fill(t, rig, account, crowd)
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/users"))
	page.See("Page 1 · 2,001 users")
	page.In("definition", "2,001").See("2,001")
	page.Has("link", "Otto Hadley "+account.Owner)
	page.See("Surveyline Valuation licenses 0 of 5 5 available")
	both(page)

	began := time.Now()
	page.Fill("Search by name or email", "p01234")
	page.Gone("Page 1")
	t.Logf("a search of %d shows after %s", crowd, time.Since(began).Round(time.Millisecond))
	page.In("row", "Pat01234 Walker").See("Number 1234")
	page.At(account.Path("/users?q=p01234"))
	page.Fill("Search by name or email", "nobody-of-that-name")
	page.See("Nobody matches")
	both(page)
	page.Click("button", "Clear search and filters")
	page.See("2,001 users")

	page.Click("button", "Email")
	page.See("Pat00000 Quill")
	page.Click("button", "Email")
	page.See("Pat01999 Walker")
	page.At(account.Path("/users?sort=-email"))
	page.Click("button", "Next")
	page.See("Page 2 · 2,001 users")
	page.See("Pat01974 Walker")
	page.Gone("Pat01975 Walker")
	page.Click("button", "Previous")
	page.See("Pat01975 Walker")
	page.Choose("Role", "Admin")
	page.See("20 users")
	page.Gone("Pat01975 Walker")
	page.Choose("License", "With a license")
	page.See("Nobody matches")
	page.Reload() // the filters are in the address
	page.See("Nobody matches")
	page.Click("button", "Clear search and filters")

	page.Fill("Search by name or email", "quill")
	page.See("103 users")
	page.Click("checkbox", "Select all on this page")
	page.See("25 users selected")
	page.Click("button", "Select all 103")
	page.See("103 users selected")
	both(page)
	page.Click("button", "Assign licenses")
	page.See("From now on 5 of 103 users may write and sign valuations and download reports, and are told by mail.")
	page.See("Only 5 licenses are free")
	both(page)
	page.Click("button", "Assign 5 licenses")
	page.Has("heading", "5 licenses of Surveyline Valuation assigned")
	page.See("5 users got a license, 98 got none. Who got none stays selected.")
	page.See("No seat is free.")
	both(page)
	page.Click("button", "Done")
	page.See("98 users selected")
	page.See("5 of 5")
	page.Choose("License", "With a license")
	page.See("5 users")
	page.Click("button", "Clear selection")
	page.Gone("selected")

	page.Size(360, 780)
	page.Choose("Order", "Oldest first")
	page.At(account.Path("/users?sort=added&q=quill&licensed=true"))
	if wide := page.Eval(`document.documentElement.scrollWidth > innerWidth`); wide != false {
		t.Error("the list scrolls sideways at 360 px")
	}
	both(page)
}

// A license is given and taken at the person's page and from the list; each dialog says what it does to access and to the bill.
func TestALicenseIsGivenAndTaken(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "valuation")
	ids := add(t, rig, account, browsertest.Invitee{Email: "ann@" + account.Domain, First: "Ann", Last: "Adler"})
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/users/" + ids[0]))
	page.Has("heading", "Ann Adler")
	page.See("Never signed in")
	both(page)

	page.Click("button", "Give Ann Adler a license of Surveyline Valuation")
	page.See("From now on Ann Adler may write and sign valuations and download reports, and is told by mail.")
	page.See("Nothing is due now: free licenses are used.")
	both(page)
	page.Click("button", "Give Ann Adler a license")
	page.See("Since 31 Jan 2026, given by Otto Hadley")
	page.In("list", "got a license").See("Ann Adler got a license of Surveyline Valuation.")

	page.Click("button", "Edit")
	page.Fill("Last name", "Adler-Ohm")
	page.Fill("Qualification", "Surveyor")
	page.Value("Qualification") // so that the page has taken what was typed
	page.Reload()
	page.Click("button", "Edit")
	if last, is := page.Value("Last name"), page.Value("Qualification"); last != "Adler-Ohm" || is != "Surveyor" {
		t.Errorf("after a reload the drafts are %q and %q", last, is)
	}
	both(page)
	page.Click("button", "Save")
	page.Has("heading", "Ann Adler-Ohm")

	page.Open(account.Path("/users"))
	page.In("row", "Ann Adler-Ohm").See("Surveyor")
	page.Click("button", "Actions for Ann Adler-Ohm")
	both(page)
	page.Click("menuitem", "Take license: Surveyline Valuation")
	page.See("The number of licenses stays 5, and so does the bill. To pay for fewer, lower the number of licenses; that takes effect at the end of the billing cycle.")
	both(page)
	page.Click("button", "Take it from Ann Adler-Ohm")
	page.See("0 of 5")
	page.In("row", "Ann Adler-Ohm").See("None")
}

// An admin is deactivated only after the role is taken; a removed user frees the email and can be erased by typing the name.
func TestAnAdminIsDemotedDeactivatedRemovedAndErased(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "valuation")
	cleo := "cleo@" + account.Domain
	rig.Join(t, account, browsertest.Invitee{Email: cleo, First: "Cleo", Last: "Cramer", Role: "admin", Licensed: true})
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/users"))
	page.Click("button", "Actions for Cleo Cramer")
	page.Click("menuitem", "Deactivate")
	page.Has("heading", "Cleo Cramer is admin")
	both(page)
	page.Click("button", "Change the role")
	page.See("Sees only their own licenses.")
	both(page)
	page.Click("button", "Make Cleo Cramer member")
	page.Has("heading", "Deactivate Cleo Cramer?")
	page.See("The license of Surveyline Valuation ends with it.")
	both(page)
	page.Click("button", "Deactivate Cleo Cramer")
	page.In("row", "Cleo Cramer").See("Deactivated")
	page.See("0 of 5")

	page.Click("button", "Actions for Cleo Cramer")
	page.Click("menuitem", "Activate")
	page.See("Cleo Cramer can sign in again. No license comes with it: give one afterwards.")
	both(page)
	page.Click("button", "Activate Cleo Cramer")
	page.See("Cleo Cramer is active")
	page.In("row", "Cleo Cramer").Gone("Deactivated")

	page.Click("link", "Cleo Cramer "+cleo)
	page.Click("button", "More")
	page.Click("menuitem", "Remove")
	page.See("The email " + cleo + " is free then and can be invited again, as a new user.")
	both(page)
	page.Click("button", "Remove Cleo Cramer")
	page.See("This user was removed")
	page.Click("button", "More")
	page.Click("menuitem", "Erase personal data")
	page.Fill("Type Cleo Cramer to confirm", "Cleo")
	both(page)
	page.Press("Enter")
	page.See("This is final")
	page.Fill("Type Cleo Cramer to confirm", "Cleo Cramer")
	page.Click("button", "Erase Cleo Cramer for good")
	page.Has("heading", "Erased user")
	page.Gone(cleo)
	page.See("The personal data was erased")
	page.Gone("Cleo")
	both(page)

	page.Open(account.Path("/users?q=otto"))
	page.Click("button", "Actions for Otto Hadley")
	page.Has("menuitem", "Edit")
	for _, never := range []string{"Change role", "Deactivate", "Remove", "Make primary contact"} {
		page.Lacks("menuitem", never)
	}
	page.Click("menuitem", "Open")
	page.See("You are the primary contact: always active.")
}

// Where seats are bought as people need them, the price comes first, and the agreement to it.
func TestLicensesThatAreMissingAreBoughtWithTheirPriceSeen(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "teams")
	for i, name := range []string{"Ada", "Ben", "Cid", "Dan", "Eve"} {
		add(t, rig, account, browsertest.Invitee{Email: fmt.Sprintf("n%d@%s", i, account.Domain), First: name, Last: "Roth"})
	}
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/users?q=roth"))
	page.Click("checkbox", "Select all on this page")
	page.Click("button", "Assign licenses")
	page.See("2 licenses are missing and are bought with it. You see the price first.")
	page.Click("button", "See the price")
	page.See("Total due today €24.00")
	both(page)
	page.Click("button", "Buy and assign")
	page.See("Accept the license agreement to go on.")
	page.Click("checkbox", "I accept the license agreement")
	page.Click("button", "Buy and assign")
	page.See("5 users got a license.")
	page.Click("button", "Done")
	page.See("5 of 5")

	page.Click("button", "Actions for Eve Roth")
	page.Click("menuitem", "Remove")
	page.See("If nobody is given it by then, it goes, and the next invoice is for one less.")
	page.Click("button", "Cancel")
	page.Gone("Remove Eve Roth?")
}

// Everybody active is counted where active users are billed: the top of the list says what the next invoice counts, and
// deactivating somebody lowers it.
func TestActiveUsersAreCountedForTheNextInvoice(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "service-desk")
	add(t, rig, account, browsertest.Invitee{Email: "kim@" + account.Domain, First: "Kim", Last: "Doe"})
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/users"))
	page.See("2 users, US$58.00")
	page.See("It counts who is active at that moment.")
	page.In("row", "Kim Doe").See("Tidedesk Service Desk")
	page.Lacks("checkbox", "Select Kim Doe")
	both(page)
	page.Click("button", "Actions for Kim Doe")
	page.Lacks("menuitem", "Give a license")
	page.Click("menuitem", "Deactivate")
	page.See("counts who is active at that moment: Kim Doe is on it only if active again by then. At least 1 user is billed.")
	both(page)
	page.Click("button", "Deactivate Kim Doe")
	page.See("1 user, US$29.00")
	page.In("row", "Kim Doe").See("None")
	page.Click("link", "Kim Doe kim@"+account.Domain)
	page.See("Only active users may use it.")
	both(page)
}

// Handing over from a person's page ends both sign-ins.
func TestThePrimaryContactHandsOverFromAPersonsPage(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "valuation")
	vera := "vera@" + account.Domain
	rig.Join(t, account, browsertest.Invitee{Email: vera, First: "Vera", Last: "Lindt"})
	next := rig.SignIn(t, vera)
	next.See("My licenses")
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/users"))
	page.Click("button", "Actions for Vera Lindt")
	page.Click("menuitem", "Make primary contact")
	page.See("Both of you are signed out at once")
	both(page)
	page.Click("button", "Make Vera Lindt the primary contact")
	page.See("Vera Lindt is the primary contact of Hadley Valuations now.")
	page.Has("button", "Sign in")
	next.Open("/")
	next.Has("button", "Continue") // of the sign-in page
	next.NextSecond()
	next.SignIn(vera)
	next.Open(account.Path("/users"))
	next.In("row", "Vera Lindt").See("Primary contact")
	next.In("row", "Otto Hadley").See("Admin")
}

// Members see themselves and what they may use, by a license or as everybody active, and nobody else.
func TestMembersSeeWhatTheyMayUse(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "valuation")
	ann := "ann@" + account.Domain
	rig.Join(t, account, browsertest.Invitee{Email: ann, First: "Ann", Last: "Adler", Licensed: true})
	page := rig.SignIn(t, ann)
	page.Has("heading", "My licenses")
	page.Has("heading", "Surveyline Valuation")
	page.See("You may use it")
	page.See("Write and sign valuations")
	page.See("Your license since 31 Jan 2026.")
	page.See("Ann Adler")
	page.Lacks("link", "Licenses")
	both(page)
	var me struct {
		Accounts []struct{ User struct{ ID string } }
	}
	rig.API(t, ann).Get("/v1/me", &me)
	user := me.Accounts[0].User.ID
	rig.API(t, account.Owner).Do("DELETE", account.Subscription("/licenses/"+user), nil, nil)
	page.Reload()
	page.See("You hold no license. If you need one, ask an admin of your company.")
	both(page)
	page.Open(account.Path("/users/usr_00000000000000000000000000"))
	page.See("You may not see other users")
	both(page)

	desk := rig.Account(t, "service-desk")
	jon := "jon@" + desk.Domain
	rig.Join(t, desk, browsertest.Invitee{Email: jon, First: "Jon", Last: "Park"})
	page = rig.SignIn(t, jon)
	page.See("Everybody active in your company may use it.")
	page.See("Work on tickets")
}
