package browser_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/story"
)

// sight is a page as one reader sees it.
type sight struct {
	// name is that of the picture.
	name string
	// email is the reader's; empty: nobody is signed in.
	email string
	// account is the name of the account whose page it is; empty: the path is the whole of it.
	account string
	path    string
	// heading is the page's.
	heading string
	// open does what shows more of the page, such as a dialog.
	open func(*browsertest.Page)
}

// The readers of the five systems' accounts, as their stories leave them.
const (
	olga  = "olga@reel.example"    // primary contact, teams
	vera  = "vera@hadley.example"  // primary contact, valuation
	nora  = "nora@harbour.example" // primary contact, service-desk
	petra = "petra@kestrel.example"
	mika  = "mika@kotoba.example" // primary contact, meetings
	ann   = "ann@hadley.example"  // member

	reel    = "Reel and Sons"
	hadley  = "Hadley Valuations"
	harbour = "Harbour Managed IT"
	kestrel = "Kestrel Sales"
	kotoba  = "Kotoba School"
)

// sights are all pages, each at least once, with what every system has of its own.
var sights = []sight{
	{"welcome", "", "", "/", "Sign in", nil},
	{"accept-broken-link", "", "", "/accept#nothing", "", nil},
	{"no-account", "stranger@nowhere.example", "", "/", "", nil},

	{"users", vera, hadley, "/users", "Users", nil},
	{"users-nobody-matches", vera, hadley, "/users?q=zzz", "Users", nil},
	{"users-active-users-plan", nora, harbour, "/users", "Users", nil},
	{"users-add", olga, reel, "/users/add", "Add users", nil},
	{"users-invitations", vera, hadley, "/users/invitations", "", nil},
	{"my-licenses", ann, hadley, "/users", "", nil},

	{"licenses", vera, hadley, "/licenses", "", nil},
	{"licenses-two-products", mika, kotoba, "/licenses", "", nil},
	{"licenses-active-users-plan", nora, harbour, "/licenses", "", nil},
	{"licenses-auto-seats", olga, reel, "/licenses", "", nil},

	{"plan", petra, kestrel, "/plan", "", nil},
	{"plan-two-products", mika, kotoba, "/plan", "", nil},
	{"requests", petra, kestrel, "/requests", "", nil},

	{"invoices", vera, hadley, "/invoices", "Invoices", nil},
	{"invoice", vera, hadley, "/invoices/2", "", nil},
	{"invoice-active-users", nora, harbour, "/invoices/1", "", nil},
	{"invoice-missing", vera, hadley, "/invoices/999", "", nil},
	{"activity", vera, hadley, "/activity", "", nil},
	{"settings", vera, hadley, "/settings", "Settings", nil},
	{"no-such-page", vera, hadley, "/nothing/here", "", nil},

	{"operator-accounts", stack.Operator, "", "/operator", "Accounts", nil},
	{"operator-open-account", stack.Operator, "", "/operator/accounts/open", "Open an account", nil},
	{"operator-requests", stack.Operator, "", "/operator/requests", "Requests", nil},
	{"operator-catalog", stack.Operator, "", "/operator/catalog", "Catalog", nil},
	{"operator-parked", stack.Operator, "", "/operator/parked", "Parked accounts", nil},
	{"operator-for-others", ann, "", "/operator", "", nil},
}

// histories plays the stories of the five systems once, as make run does, and returns the ids of their accounts by name.
var histories = sync.OnceValue(func() map[string]string {
	ids, err := playHistories(start())
	if err != nil {
		world.Fatal(err)
	}
	return ids
})

func playHistories(rig *browsertest.Rig) (map[string]string, error) {
	ctx := context.Background()
	root, err := checkout.Root()
	if err != nil {
		return nil, err
	}
	scripts, err := story.Systems()
	if err != nil {
		return nil, err
	}
	all, err := story.NewHistories(scripts)
	if err != nil {
		return nil, err
	}
	at, err := story.Discover(ctx, rig.Stack.URL())
	if err != nil {
		return nil, err
	}
	catalog := func(file string) (string, error) {
		text, err := os.ReadFile(filepath.Join(root, "infra", "catalog", file))
		return string(text), err
	}
	if err := all.Run(ctx, at, catalog, io.Discard); err != nil {
		return nil, err
	}
	var accounts struct {
		Items []struct{ ID, Name string }
	}
	rig.Operator(world).Get("/v1/operator/accounts?limit=100", &accounts)
	ids := map[string]string{}
	for _, a := range accounts.Items {
		ids[a.Name] = a.ID
	}
	return ids, nil
}

// screenshots is the folder that make screenshots wants pictures in; empty: none.
var screenshots = os.Getenv("SCREENSHOTS")

// Every page shows something to everybody who may come to it, keeps to a phone's width, and has nothing that axe-core finds,
// light and dark.
func TestEveryPageIsReadableByEverybody(t *testing.T) {
	rig, ids := shared(t), histories()
	readers := map[string]*browsertest.Page{}
	for _, s := range sights {
		if readers[s.email] == nil {
			if readers[s.email] = rig.Page(t); s.email != "" {
				readers[s.email].SignIn(s.email)
			}
		}
		look(t, readers[s.email], s, ids)
	}
}

func look(t *testing.T, page *browsertest.Page, s sight, ids map[string]string) {
	t.Helper()
	if strings.Contains(s.name, "missing") || strings.Contains(s.name, "broken") {
		page.Tolerate("404")
		page.Tolerate("422")
	}
	path := s.path
	if s.account != "" {
		id := ids[s.account]
		if id == "" {
			t.Fatalf("there is no account %s", s.account)
		}
		path = "/accounts/" + id + s.path
	}
	page.Size(1280, 900)
	page.Dark(false)
	page.Open(path)
	if s.heading != "" {
		page.Has("heading", s.heading)
	}
	page.Gone("Loading…")
	if s.open != nil {
		s.open(page)
	}
	for _, dark := range []bool{false, true} {
		page.Dark(dark)
		page.Axe()
		shoot(t, page, s.name, 1280, dark)
	}
	page.Dark(false)
	page.Size(360, 740)
	if wide := page.Eval(`document.documentElement.scrollWidth`).(float64); wide > 360 {
		t.Errorf("%s is %v pixels wide on a phone of 360", s.name, wide)
	}
	for _, dark := range []bool{false, true} {
		page.Dark(dark)
		shoot(t, page, s.name, 360, dark)
	}
}

// shoot takes the picture of a page where pictures are wanted.
func shoot(t *testing.T, page *browsertest.Page, name string, width int, dark bool) {
	t.Helper()
	if screenshots == "" {
		return
	}
	folder := filepath.Join(screenshots, map[int]string{360: "360", 1280: "1280"}[width]+map[bool]string{false: "-light", true: "-dark"}[dark])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	page.Shot(filepath.Join(folder, name+".png"))
}
