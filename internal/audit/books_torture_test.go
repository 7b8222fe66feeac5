package audit_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// writeBooks names books to keep from now on: -write-books 2-abroad writes the
// account abroad as this code bills it. Kept books are never written anew: they are
// what has been sent to customers.
var writeBooks = flag.String("write-books", "", "keep the books of an account for ever, under this name")

// keptBooks are the books in testdata with the hash of all their issued bytes, one
// invoice after the other. A hash that changes is an invoice that was changed.
func keptBooks() map[string]string {
	return map[string]string{
		"1-abroad":  "77bacf4734d8a56b19ae7a8a8a980afe17cfaf69d874ed22db55b89e73437927",
		"1-lived":   "aad916535c45331718e2f177b86289da2e076ce564390ab0ddf2b210d0bcbd1d",
		"1-waiting": "92e54940710008982af43fb24c7049f12f314897f0bd5a4adc931e0041354124",
	}
}

// authors are the accounts that books are written from.
func authors() map[string]func(testing.TB) *seatstest.Rig {
	return map[string]func(testing.TB) *seatstest.Rig{"lived": lived, "waiting": waitedFor, "abroad": abroad}
}

// waitedFor is waiting after its last increases were billed.
func waitedFor(tb testing.TB) *seatstest.Rig {
	r := waiting(tb)
	r.CloseAt(at("2027-02-10 00:00:00"))
	r.Clean()
	return r
}

// abroad is an account with all that a first account has not: a yearly product
// beside a monthly one, tiers and a base fee, seconds, yen, reverse charge, credit,
// an anchor on the 31st in a zone whose clocks change at midnight.
func abroad(tb testing.TB) *seatstest.Rig {
	tiers := []billing.Tier{{UpTo: 3, UnitMinor: 1000}, {UnitMinor: 700}}
	r := seatstest.Open(tb, seatstest.At(at("2026-08-31 04:00:00")), seatstest.Seats(4),
		seatstest.OnPlan(func(p *seats.Plan) {
			p.Prices = map[money.Currency]billing.Price{"JPY": {Model: billing.Graduated, BaseMinor: 500, Tiers: tiers}}
		}),
		seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = billing.BySecond }),
		seatstest.OnAccount(func(a *seats.OpenAccount) {
			a.Currency, a.Zone, a.ReverseCharge = "JPY", "America/Santiago", true
		}))
	r.JoinLicensed("ann", "bob", "cid")
	r.Wall.Set(at("2026-09-15 11:11:11"))
	r.Change(9)
	r.Change(2)
	r.CloseAt(at("2026-10-02 00:00:00"))
	r.GiveCredit(4321)
	r.CloseAt(at("2027-03-02 00:00:00"))
	r.Change(6)
	r.Clean()
	return r
}

// book is what testdata keeps of an account.
type book struct {
	Wall    time.Time
	Account seats.AccountID
	Owner   string
	Data    seatstest.Data
}

func bookPath(name string) string {
	return filepath.Join("testdata", "books", name+".json.gz")
}

func keep(t *testing.T, name string) {
	t.Helper()
	author := authors()[name[strings.IndexByte(name, '-')+1:]]
	if author == nil {
		t.Fatalf("nobody writes %q: choose of %v", name, slices.Sorted(maps.Keys(authors())))
	}
	r := author(t)
	data := r.Store.Snapshot()
	b := book{r.Wall.Now(), r.Account, data.Users[r.Account][data.Accounts[r.Account].Owner].Email, data}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	r.Must(json.NewEncoder(zip).Encode(b))
	r.Must(zip.Close())
	f, err := os.OpenFile(bookPath(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	r.Must(err)
	_, err = f.Write(packed.Bytes())
	r.Must(err)
	r.Must(f.Close())
}

// kept opens a book by today's code.
func kept(t *testing.T, name string) (*seatstest.Rig, book) {
	t.Helper()
	packed, err := os.Open(bookPath(name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	zip, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	var b book
	if err := json.NewDecoder(zip).Decode(&b); err != nil {
		t.Fatal(err)
	}
	r := &seatstest.Rig{TB: t, Ctx: context.Background(), Store: seatstest.NewStore(), Wall: seatstest.NewClock(b.Wall), Account: b.Account}
	r.Store.Restore(b.Data)
	// The first accounts had credit that nothing explains, and lines in other words.
	r.Doctored = strings.HasPrefix(name, "1-")
	r.Service, r.Owner = r.On(r.Store), b.Data.Accounts[b.Account].Owner
	for product, sub := range b.Data.Subscriptions[b.Account] {
		r.Product, r.Sub, r.Plan = product, sub.ID, b.Data.Plans[sub.Plan.ID][sub.Plan.Version]
	}
	return r, b
}

// Fault 33: what was issued stays as it is: by today's code, after a rename, a move
// to another zone, another price, people who left, and more closes.
func TestAnIssuedInvoiceNeverChanges(t *testing.T) {
	if *writeBooks != "" {
		keep(t, *writeBooks)
	}
	checked, changed := 0, 0
	for name, hash := range keptBooks() {
		r, b := kept(t, name)
		issued := b.Data.Invoices[b.Account]
		all := ""
		for _, number := range slices.Sorted(maps.Keys(issued)) {
			inv := issued[number]
			all += inv.Hash
			parsed, err := billing.ParseInvoice(inv.Canonical)
			if checked++; err != nil || billing.Hash(inv.Canonical) != inv.Hash || !bytes.Equal(parsed.Canonical(), inv.Canonical) {
				changed++
				t.Errorf("%s, invoice %d is not rendered as it was: %v", name, number, err)
			}
		}
		if got := billing.Hash([]byte(all)); got != hash {
			t.Errorf("%s: the hash of its invoices is %s, pinned is %s", name, got, hash)
		}
		r.Clean()
		for _, change := range lives(b) {
			change(r)
			r.Clean()
			for number, was := range issued {
				now, err := r.Store.Invoice(r.Ctx, r.Account, number)
				r.Must(err)
				if checked++; now.Hash != was.Hash || !bytes.Equal(now.Canonical, was.Canonical) {
					changed++
					t.Errorf("%s, invoice %d was changed", name, number)
				}
			}
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 33, Did: "issued bytes of earlier versions rendered and verified by this one, after renames, moves, other prices, removals and closes",
		Bad: changed, Of: checked, What: "invoices changed",
	})
}

// lives are what can happen to an account whose invoices are out.
func lives(b book) []func(*seatstest.Rig) {
	edit := func(r *seatstest.Rig, patch seats.AccountPatch) {
		_, err := r.Service.EditAccount(r.Ctx, r.Caller(b.Owner), r.Account, patch, seats.Once[seats.EditedAccount]{})
		r.Must(err)
	}
	name, zone := "Another Name AG", "Pacific/Kiritimati"
	return []func(*seatstest.Rig){
		func(r *seatstest.Rig) { r.Wall.Advance(time.Second) },
		func(r *seatstest.Rig) {
			edit(r, seats.AccountPatch{Name: &name, Customer: &billing.Party{Name: name, AddressLines: []string{"Elsewhere 1"}, Country: "FR"}})
		},
		func(r *seatstest.Rig) { edit(r, seats.AccountPatch{Zone: &zone}) },
		func(r *seatstest.Rig) {
			dearer := *r.Plan
			dearer.Name, dearer.Vendor.Name, dearer.Prices = "Renamed", "Renamed Software SE", maps.Clone(r.Plan.Prices)
			for currency := range dearer.Prices {
				dearer.Prices[currency] = billing.Price{Model: billing.PerSeat, UnitMinor: 99_999}
			}
			_, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{&dearer})
			r.Must(err)
		},
		func(r *seatstest.Rig) {
			users, err := r.Store.Users(r.Ctx, r.Account)
			r.Must(err)
			for _, u := range users {
				if u.Role == seats.Member && u.Status != seats.UserRemoved && u.Status != seats.UserInvited {
					_, err := r.Service.RemoveUser(r.Ctx, r.Caller(b.Owner), r.Account, u.ID, seats.Once[*seats.User]{})
					r.Must(err)
				}
			}
		},
		func(r *seatstest.Rig) { r.CloseAt(r.Wall.Now().AddDate(0, 3, 0)) },
	}
}
