package browser_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/stack"
)

const agreement = "I accept the license agreement"

// bill is an invoice as far as these tests look at it.
type bill struct {
	Number int
	Due    struct {
		Minor int64 `json:"amount_minor"`
	} `json:"amount_due"`
}

// bills are an account's invoices, the newest first.
func bills(t *testing.T, rig *browsertest.Rig, a browsertest.Account) []bill {
	t.Helper()
	var list struct{ Items []bill }
	rig.API(t, a.Owner).Get(a.API("/invoices?limit=100"), &list)
	return list.Items
}

// openInvitations are the emails to which an account has sent open invitations.
func openInvitations(t *testing.T, rig *browsertest.Rig, a browsertest.Account) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for next := ""; ; {
		var list struct {
			Items      []struct{ ID, Email string }
			NextCursor string `json:"next_cursor"`
		}
		rig.API(t, a.Owner).Get(a.API("/invitations?limit=100"+next), &list)
		for _, i := range list.Items {
			ids[i.Email] = i.ID
		}
		if list.NextCursor == "" {
			return ids
		}
		next = "&cursor=" + list.NextCursor
	}
}

var charged = regexp.MustCompile(`charges €([\d,]+)\.(\d\d) today`)

// chargedToday is the amount, in minor units, that the page says sending charges.
func chargedToday(t *testing.T, p *browsertest.Page) int64 {
	t.Helper()
	p.See("Sending buys ")
	found := charged.FindStringSubmatch(p.Text())
	if found == nil {
		t.Fatalf("the page says no amount: %s", p.Text())
	}
	minor, err := strconv.ParseInt(strings.ReplaceAll(found[1], ",", "")+found[2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return minor
}

// person fills a row of the list.
func person(p *browsertest.Page, row int, email, first, last string) {
	for _, cell := range [][2]string{{"Email", email}, {"First name", first}, {"Last name", last}} {
		p.Fill(fmt.Sprintf("%s, row %d", cell[0], row), cell[1])
	}
}

// join follows a link as somebody who is not signed in, up to the welcome.
func join(t *testing.T, rig *browsertest.Rig, link, email string) *browsertest.Page {
	t.Helper()
	p := rig.Page(t)
	p.Open(link)
	p.Click("button", "Sign in and accept")
	p.Fill("Email", email)
	p.Click("button", "Continue")
	p.See("Welcome")
	return p
}

func TestAnInvitationLeadsFromTheListToALicense(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "teams")
	owner := rig.SignIn(t, a.Owner)
	owner.Open(a.Path("/users/add"))
	ada := "ada@" + a.Domain
	person(owner, 1, ada, "Ada", "Lovelace")
	owner.See("1 of the free seats is kept until the invitation is accepted, cancelled or expires; 2 stay free")
	owner.See("Nothing is bought, and nothing is due now.")
	both(owner)
	owner.Click("button", "Send 1 invitation")
	owner.See("1 person was invited")
	both(owner)
	owner.Click("link", "See the open invitations")
	owner.In("row", ada).See("A seat is kept")

	guest := rig.Page(t)
	guest.Open(rig.Link(t, ada))
	guest.See("Join " + a.Name)
	guest.See("Olga Berger invites you to use Papercrane Teams.")
	guest.See(ada)
	if at := guest.Address(); at != "/accept" {
		t.Errorf("the link's secret is still in the address: %s", at)
	}
	both(guest)
	guest.Reload()
	guest.See("Join " + a.Name)
	guest.Click("button", "Sign in and accept")
	guest.Fill("Email", ada)
	guest.Click("button", "Continue")
	guest.See("Welcome, Ada")
	guest.See("You are now in " + a.Name)
	guest.See("Make and edit presentations")
	both(guest)
	guest.Click("button", "See my licenses")
	guest.At(a.Path("/users"))
	guest.See("Papercrane Teams")

	owner.Reload()
	owner.See("No invitation is open")
	both(owner)
}

func TestEveryLinkThatOpensNothingSaysWhatToDo(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "teams")
	invite := func(name string) (email, link string) {
		email = name + "@" + a.Domain
		rig.Invite(t, a, browsertest.Invitee{Email: email, First: strings.ToUpper(name[:1]) + name[1:], Last: "Reel"})
		return email, rig.Link(t, email)
	}
	owner := rig.API(t, a.Owner)
	page := rig.Page(t)
	shows := func(link, title, todo string) {
		t.Helper()
		page.Open("about:blank")
		page.Open(link)
		page.Has("heading", title)
		page.See(todo)
		both(page)
	}

	shows(rig.Stack.ConsoleURL()+"/accept#half-a-token", "This link is not whole", "Open it from the mail again")

	email, link := invite("sam")
	owner.Post(a.API("/invitations/"+openInvitations(t, rig, a)[email]+"/resend"), nil, nil)
	shows(link, "There is a newer invitation", "Only its newest link works")

	email, link = invite("cleo")
	owner.Do(http.MethodDelete, a.API("/invitations/"+openInvitations(t, rig, a)[email]), nil, nil)
	shows(link, "This invitation was withdrawn", "ask the person who invited you for a new one")

	email, link = invite("una")
	join(t, rig, link, email)
	shows(link, "This invitation was accepted already", "A link works once.")

	email, link = invite("max")
	page.Open("about:blank")
	page.Open(link)
	page.Click("button", "Sign in and accept")
	page.Fill("Email", "somebody@else.example")
	page.Click("button", "Continue")
	page.Has("heading", "This invitation is for somebody else")
	page.See("You are signed in as somebody@else.example, but it was sent to " + email)
	both(page)
	page.Click("button", "Sign in as the invited person")
	page.Fill("Email", stack.Operator)
	page.Click("button", "Continue")
	page.Has("heading", "The vendor’s staff cannot join")
	page.Click("button", "Sign in as the invited person")
	page.Fill("Email", email)
	page.Click("button", "Continue")
	page.See("Welcome, Max")

	_, link = invite("eve")
	var now struct{ Now time.Time }
	owner.Get(a.API(""), &now)
	rig.Move(t, a, now.Now.Add(7*24*time.Hour))
	shows(link, "This invitation has expired", "Ask the person who invited you to send it again")
}

func TestAPastedSpreadsheetHasItsMistakesAtTheirCells(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "valuation")
	p := rig.SignIn(t, a.Owner)
	p.Open(a.Path("/users/add"))
	p.Paste("Email, row 1", strings.Join([]string{
		"Surname\tGiven name\tE-Mail\tRole\tShoe size\tLicence",
		"Lovelace\tAda\tada@" + a.Domain + "\tAdministrator\t37\tSurveyline Valuation",
		"Hopper\tGrace\tgrace@nowhere\tMember\t38\tno",
		"\tMia\tADA@" + a.Domain + "\tking\t39\tGolf",
		"Owner\tThe\t" + a.Owner + "\tMember\t40\tno",
	}, "\n"))
	p.See("4 people")
	p.See("Nothing was taken from: Shoe size.")
	for label, want := range map[string]string{"Email, row 1": "ada@" + a.Domain, "First name, row 1": "Ada", "Last name, row 1": "Lovelace", "Role, row 1": "admin", "License, row 1": a.SubscriptionID, "License, row 2": ""} {
		if got := p.Value(label); got != want {
			t.Errorf("%s holds %q, not %q", label, got, want)
		}
	}
	p.See("Write it like name@example.com")
	p.See("Twice in the list: see row 1")
	p.See("Enter a last name")
	p.See("Choose a role")
	p.See("Choose a license")
	p.See("Already in this account")
	p.See("3 rows have mistakes and stay in the list")
	p.Has("button", "Send 1 invitation")
	both(p)
	if got := p.Eval(`[...document.querySelectorAll('[aria-invalid=true]')].map((e) => e.ariaLabel).join(" | ")`); got != "Email, row 2 | Email, row 3 | Last name, row 3 | Role, row 3 | License, row 3 | Email, row 4" {
		t.Errorf("marked are: %s", got)
	}

	p.Reload()
	p.See("Twice in the list: see row 1")
	p.Fill("Email, row 2", "grace@"+a.Domain)
	p.Gone("Write it like name@example.com")
	p.Click("button", "Remove row 4")
	p.Click("button", "Remove row 3")
	p.Click("button", "Send 2 invitations")
	p.See("2 people were invited")
	if got := openInvitations(t, rig, a); len(got) != 2 || got["ada@"+a.Domain] == "" || got["grace@"+a.Domain] == "" {
		t.Errorf("invited are %v", got)
	}
}

func csvOf(t *testing.T, head string, n int, line func(i int) string) string {
	t.Helper()
	lines := []string{head}
	for i := range n {
		lines = append(lines, line(i))
	}
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte("\ufeff"+strings.Join(lines, "\r\n")+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAFileOf250PeopleIsSentWithAResultForEach(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "valuation")
	p := rig.SignIn(t, a.Owner)
	p.Open(a.Path("/users/add"))
	p.Upload("From a CSV file", csvOf(t, "E-Mail;Name;License", 250, func(i int) string {
		if i == 120 {
			return a.Owner + `;"Berger; Vera";no`
		}
		return fmt.Sprintf(`p%d@%s;"Person, Zoë %d";no`, i, a.Domain, i)
	}))
	p.See("250 people")
	if first, last := p.Value("First name, row 1"), p.Value("Last name, row 1"); first != "Zoë 0" || last != "Person" {
		t.Errorf("the first row is %q %q", first, last)
	}
	p.Click("button", "Check 250 people and see the cost")
	p.Has("button", "Send 249 invitations")
	p.See("1 row has a mistake and stays in the list")
	p.Click("button", "Send 249 invitations")
	p.See("Invitations sent: ")
	for _, sent := range []string{"0", "100", "200"} {
		p.Gone("Invitations sent: " + sent + " of 249")
	}
	p.See("249 done")
	p.Click("checkbox", "Only rows with mistakes")
	p.See("Already in this account")
	both(p)
	if got := len(openInvitations(t, rig, a)); got != 249 {
		t.Errorf("%d people are invited", got)
	}
}

func TestWhatAddingPeopleCostsIsWhatIsCharged(t *testing.T) {
	rig := shared(t)
	for name, c := range map[string]struct{ people, seats int }{"five people and three free seats": {5, 2}, "more people than one request takes": {130, 127}} {
		t.Run(name, func(t *testing.T) {
			a := rig.Account(t, "teams")
			before := len(bills(t, rig, a))
			p := rig.SignIn(t, a.Owner)
			p.Open(a.Path("/users/add"))
			p.Upload("From a CSV file", csvOf(t, "email,first name,last name,license", c.people, func(i int) string {
				return fmt.Sprintf("p%d@%s,Person,Nr %d,yes", i, a.Domain, i)
			}))
			if c.people > 100 {
				p.Click("button", fmt.Sprintf("Check %d people and see the cost", c.people))
			}
			p.See(fmt.Sprintf("Sending buys %d seats of Papercrane Teams", c.seats))
			want := chargedToday(t, p)
			if c.people <= 100 {
				both(p) // a hundred rows on screen take it half a minute
			}
			p.Click("checkbox", agreement)
			p.Click("button", fmt.Sprintf("Send %d invitations", c.people))
			p.See(fmt.Sprintf("%d people were invited", c.people))
			now := bills(t, rig, a)
			if len(now) != before+1 || now[0].Due.Minor != want {
				t.Errorf("shown was %d, and of %d invoices before there are now %+v", want, before, now)
			}
		})
	}
}

// loseAnswers lets invitations arrive and their answers be lost.
const loseAnswers = `(() => { const real = window.fetch; window.fetch = async (to, how) => {
	const answer = await real(to, how);
	if (how?.method === "POST" && String(to).endsWith("/invitations") && !JSON.parse(how.body).dry_run) throw new TypeError("the network was lost");
	return answer;
} })()`

func TestALostNetworkLosesNothingAndSendsOnce(t *testing.T) {
	rig := shared(t)
	for name, c := range map[string]struct {
		lose   func(p *browsertest.Page)
		regain func(p *browsertest.Page)
		// arrived tells whether the server had the people before they were sent again.
		arrived int
	}{
		"before anything arrives": {func(p *browsertest.Page) { p.Offline(true) }, func(p *browsertest.Page) { p.Offline(false) }, 0},
		"after all was done":      {func(p *browsertest.Page) { p.Eval(loseAnswers) }, func(*browsertest.Page) {}, 4},
	} {
		for _, reload := range []bool{false, true} {
			if !reload && c.arrived > 0 {
				continue // the answers stay lost on this page
			}
			t.Run(fmt.Sprintf("%s, reload %v", name, reload), func(t *testing.T) {
				a := rig.Account(t, "teams")
				before := len(bills(t, rig, a))
				p := rig.SignIn(t, a.Owner)
				p.Open(a.Path("/users/add"))
				p.Paste("Email, row 1", "p1@"+a.Domain+"\tAda\tOne\np2@"+a.Domain+"\tBea\tTwo\np3@"+a.Domain+"\tCleo\tThree\np4@"+a.Domain+"\tDana\tFour")
				want := chargedToday(t, p)
				p.Click("checkbox", agreement)
				c.lose(p)
				p.Click("button", "Send 4 invitations")
				p.See("4 people were sent, and no answer came")
				p.See("Sending again takes effect once: nobody is invited or charged twice.")
				both(p)
				c.regain(p)
				if got := len(openInvitations(t, rig, a)); got != c.arrived {
					t.Fatalf("%d people are invited already", got)
				}
				if reload {
					p.Reload()
					p.See("4 people were sent, and no answer came")
				}
				p.Click("button", "Send again")
				p.See("4 people were invited")
				now := bills(t, rig, a)
				if len(openInvitations(t, rig, a)) != 4 || len(now) != before+1 || now[0].Due.Minor != want {
					t.Errorf("sending again: shown was %d, invoices %+v, invitations %v", want, now, openInvitations(t, rig, a))
				}
			})
		}
	}
}

func TestInvitingByKeyboardAlone(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "teams")
	p := rig.SignIn(t, a.Owner)
	p.Open(a.Path("/users"))
	p.TabTo("link", "Add users")
	p.Press("Enter")
	p.TabTo("textbox", "Email, row 1")
	p.Type("ada@" + a.Domain)
	p.Press("Tab")
	p.Type("Ada")
	p.Press("Tab")
	p.Type("Lovelace")
	for i, name := range []string{"bea", "cleo", "dana"} {
		p.Press("Enter")
		if role, at := p.Focused(); role != "textbox" || at != fmt.Sprintf("Email, row %d", i+2) {
			t.Fatalf("after Enter the focus is at the %s %q", role, at)
		}
		p.Type(name + "@" + a.Domain)
		p.Press("Tab")
		p.Type(name)
		p.Press("Tab")
		p.Type("Reel")
	}
	p.Press("ArrowUp")
	if _, at := p.Focused(); at != "Last name, row 3" {
		t.Errorf("the arrow goes to %q", at)
	}
	p.See("Sending buys 1 seat of Papercrane Teams")
	p.TabTo("checkbox", agreement)
	p.Press("Space")
	p.TabTo("button", "Send 4 invitations")
	p.Press("Enter")
	p.See("4 people were invited")
	p.TabTo("link", "See the open invitations")
	p.Press("Enter")
	p.At(a.Path("/users/invitations"))
	p.TabTo("button", "What to do with the invitation of Ada Lovelace")
	p.Press("Enter")
	p.Eval(`new Promise((done) => { const look = () => document.activeElement.role === "menuitem" ? done(true) : requestAnimationFrame(look); look() })`)
	p.Press("Enter")
	p.Has("dialog", "Send the invitation of Ada Lovelace again?")
	p.TabTo("button", "Send again")
	p.Press("Enter")
	p.See("The invitation of Ada Lovelace was sent again")
}

func TestOpenInvitationsAreSentAgainAndCancelled(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "teams")
	ada, bea := "ada@"+a.Domain, "bea@"+a.Domain
	rig.Invite(t, a, browsertest.Invitee{Email: ada, First: "Ada", Last: "Lovelace", Licensed: true}, browsertest.Invitee{Email: bea, First: "Bea", Last: "Lang", Role: "billing_admin"})
	old := rig.Link(t, ada)
	p := rig.SignIn(t, a.Owner)
	p.Open(a.Path("/users/invitations"))
	p.In("row", ada).See("A seat is kept")
	if err := rig.Stack.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Reload()
	p.In("row", ada).See("Sent")
	p.In("row", bea).See("Without")
	p.In("row", bea).See("by Olga Berger")
	both(p)

	p.Click("button", "What to do with the invitation of Ada Lovelace")
	p.Click("menuitem", "Send again")
	p.See("The link of the mail before stops working.")
	both(p)
	p.In("dialog", "again?").Click("button", "Send again")
	p.See("The invitation of Ada Lovelace was sent again")
	if rig.Link(t, ada) == old {
		t.Error("the link is the old one")
	}

	p.Click("button", "What to do with the invitation of Ada Lovelace")
	p.Click("menuitem", "Cancel invitation")
	p.See("The license of Papercrane Teams is free at once for somebody else")
	both(p)
	p.In("dialog", "Cancel").Click("button", "Cancel invitation")
	p.See("The invitation of Ada Lovelace was cancelled")
	p.In("table", "Open and expired").Gone(ada)

	var now struct{ Now time.Time }
	rig.API(t, a.Owner).Get(a.API(""), &now)
	rig.Move(t, a, now.Now.Add(6*24*time.Hour))
	p.Reload()
	p.In("row", bea).See("tomorrow")
	rig.Move(t, a, now.Now.Add(7*24*time.Hour))
	p.Reload()
	p.In("row", bea).See("Expired")
}

func TestPeopleAreCreatedWithoutAnInvitation(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "service-desk")
	p := rig.SignIn(t, a.Owner)
	p.Open(a.Path("/users/add"))
	p.Click("radio", "Create, not active Prepared for later; no access, no cost.")
	person(p, 1, "ada@"+a.Domain, `Ada "Countess"`, "Lovelace, née Byron")
	p.See("nobody has access until you activate them")
	p.Click("button", "Add 1 person")
	p.See("1 person was added.")
	both(p)
	p.Click("link", "See the users")
	p.In("row", "ada@"+a.Domain).See("Deactivated")
	p.In("row", "ada@"+a.Domain).See(`Ada "Countess" Lovelace, née Byron`)
}
