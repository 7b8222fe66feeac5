package billing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
)

// sampleInvoice has every field in use that format 1 had at first.
func sampleInvoice(t testing.TB) billing.Invoice {
	t.Helper()
	inv := billing.Invoice{
		Kind: billing.KindInvoice, Number: 12, AccountID: "acc_01jd8z4m5n6p7q8r9s0t1v2w3x",
		Currency: "EUR", Zone: "Europe/Berlin", IssuedAt: instant(t, "2026-11-22T09:00:00.25Z"),
		Customer: billing.Party{
			Name: `Käse & Söhne "West" GmbH`, AddressLines: []string{"Weg 3 <Hof>", "10115 Berlin"}, TaxID: "DE123456789", Country: "DE",
		},
		Vendor: billing.Party{Name: "Rooms\tLtd\u2028\x01", AddressLines: []string{"1 High Street"}, TaxID: "GB1", Country: "GB"},
		Lines: []billing.Line{
			{
				Kind: billing.LineSeatChange, SubscriptionID: "sub_01jd8z4m5n6p7q8r9s0t1v2w3x_rooms", ProductID: "rooms",
				PlanID: "rooms-pro", PlanVersion: 3, Description: "3 more seats, 9 of 30 days", Seats: 8, FromSeats: 5,
				UnitMinor: 2000, FactorNum: 9, FactorDen: 30, PeriodStart: instant(t, "2026-10-31T23:00:00Z"),
				PeriodEnd: instant(t, "2026-11-30T23:00:00Z"), AmountMinor: 1800, TaxPPM: 190_000, EventIDs: []string{"evt_a", "evt_b"},
			},
			{Kind: billing.LineCredit, AmountMinor: -300, TaxPPM: 70_000, FactorDen: 30},
		},
	}
	if err := inv.Total(1000); err != nil {
		t.Fatal(err)
	}
	return inv
}

func creditNote(t testing.TB) billing.Invoice {
	t.Helper()
	inv := billing.Invoice{
		Kind: billing.KindCreditNote, Number: 13, Corrects: 12, AccountID: "acc_1", Currency: "JPY", Zone: "Asia/Tokyo",
		IssuedAt: instant(t, "2026-12-01T00:00:00Z"), ReverseCharge: true,
		Lines: []billing.Line{{Kind: billing.LineCredit, AmountMinor: 333, TaxPPM: 100_000}},
	}
	if err := inv.Total(0); err != nil {
		t.Fatal(err)
	}
	return inv
}

// usageInvoice has the fields that came to format 1 later.
func usageInvoice(t testing.TB) billing.Invoice {
	t.Helper()
	inv := billing.Invoice{
		Kind: billing.KindInvoice, Number: 3, AccountID: "acc_1", Currency: "EUR", Zone: "Europe/Berlin",
		IssuedAt: instant(t, "2026-11-30T23:00:00Z"), Customer: billing.Party{Name: "Beispiel AG"},
		Vendor: billing.Party{Name: "Rooms Ltd", Country: "GB", LegalLines: []string{"Registered in England 1234567", `Bank "One": GB00`}},
		Lines: []billing.Line{
			{
				Kind: billing.LineUsage, ProductID: "desk", PlanID: "desk-team", PlanVersion: 1, UnitMinor: 1900,
				QuantityNum: 421, QuantityDen: 30, People: 17, PeopleSHA256: strings.Repeat("0f", 32),
				FactorNum: 30, FactorDen: 30, AmountMinor: 26_663, TaxPPM: 190_000, EventIDs: []string{"evt_a"},
			},
			{Kind: billing.LineUsage, QuantityDen: 30, FactorNum: 30, FactorDen: 30, AmountMinor: 4900, TaxPPM: 190_000},
		},
	}
	if err := inv.Total(0); err != nil {
		t.Fatal(err)
	}
	return inv
}

// The bytes of format 1, for ever. If this test fails, the renderer is wrong, not the
// file: write a new format instead.
func TestFormat1NeverChanges(t *testing.T) {
	for _, c := range []struct {
		file, hash string
		invoice    billing.Invoice
	}{
		{"testdata/invoice-format-1.json", "339198b0228b6f2630c7d025bde7ca6b37da2650200f6c5d2464df45b36c7696", sampleInvoice(t)},
		{"testdata/credit-note-format-1.json", "45751e83366492e72c81753c358b1ea1c7342b0ab7e77e3cade8a20e3df0278c", creditNote(t)},
		{"testdata/usage-format-1.json", "bf5ac0536a742c53cd0551e7cbb682888ff37e2a9986472379bd91b2ddb229ab", usageInvoice(t)},
		{"testdata/empty-format-1.json", "6cafd09c4db93b3d6783e72771268c9d05c93797d5ad1f76947eed41ea88eecd", billing.Invoice{Format: 1}},
	} {
		want, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		got := c.invoice.Canonical()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.file, got, want)
		}
		if hash := billing.Hash(got); hash != c.hash {
			t.Errorf("%s: the hash is %s, want %s", c.file, hash, c.hash)
		}
		parsed, err := billing.ParseInvoice(want)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
		}
		if !reflect.DeepEqual(parsed, c.invoice) {
			t.Errorf("%s is read as\n%+v\nwant\n%+v", c.file, parsed, c.invoice)
		}
		if !json.Valid(got) {
			t.Errorf("%s is not JSON", c.file)
		}
	}
}

func TestInstantsAreWrittenInUTC(t *testing.T) {
	inv := sampleInvoice(t)
	want := inv.Canonical()
	inv.IssuedAt = inv.IssuedAt.In(zone(t, "Asia/Tokyo"))
	inv.Lines[0].PeriodEnd = inv.Lines[0].PeriodEnd.In(zone(t, "America/New_York"))
	if got := inv.Canonical(); !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextThatIsNotUTF8IsReplaced(t *testing.T) {
	inv := creditNote(t)
	inv.Customer.Name = "a\xffb\xe2\x82"
	parsed, err := billing.ParseInvoice(inv.Canonical())
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Customer.Name != "a\ufffdb\ufffd\ufffd" {
		t.Errorf("the name is %q", parsed.Customer.Name)
	}
}

func TestOnlyCanonicalBytesAreRead(t *testing.T) {
	inv := sampleInvoice(t)
	good := string(inv.Canonical())
	swap := func(old, replacement string) string {
		t.Helper()
		if strings.Count(good, old) == 0 {
			t.Fatalf("%s is not in the sample", old)
		}
		return strings.Replace(good, old, replacement, 1)
	}
	for name, text := range map[string]string{
		"nothing":                       "",
		"not JSON":                      "{",
		"a list":                        "[]",
		"null":                          "null",
		"no format":                     "{}",
		"a format to come":              swap(`"format":1`, `"format":2`),
		"a format of another type":      swap(`"format":1`, `"format":"1"`),
		"an unknown field":              swap(`"number":12`, `"number":12,"paid":true`),
		"an unknown field within":       swap(`"country":"DE"`, `"country":"DE","email":"a@b"`),
		"a field twice":                 swap(`"number":12`, `"number":12,"number":12`),
		"a field in other letters":      swap(`"number":12`, `"Number":12`),
		"fields in another order":       swap(`"format":1,"kind":"invoice"`, `"kind":"invoice","format":1`),
		"a missing field":               swap(`"zone":"Europe/Berlin",`, ``),
		"a zero that is left out":       swap(`"number":12`, `"number":12,"corrects":0`),
		"a space":                       swap(`"number":12`, `"number": 12`),
		"a line at the end":             good + "\n",
		"something after it":            good + "{}",
		"a number of another form":      swap(`"number":12`, `"number":12.0`),
		"a number beyond int64":         swap(`"number":12`, `"number":9223372036854775808`),
		"an escape too many":            swap(`<Hof>`, `\u003cHof\u003e`),
		"a people's hash that is empty": swap(`"tax_ppm":190000`, `"people_sha256":"","tax_ppm":190000`),
		"a quantity of zeros":           swap(`"factor_num":9`, `"quantity_num":0,"quantity_den":0,"factor_num":9`),
		"an instant with offset":        swap(`09:00:00.25Z`, `10:00:00.25+01:00`),
		"an instant with zeros":         swap(`09:00:00.25Z`, `09:00:00.250Z`),
		"more than there may be":        swap(`Weg 3`, strings.Repeat("x", billing.MaxCanonicalBytes)),
	} {
		if inv, err := billing.ParseInvoice([]byte(text)); !errors.Is(err, billing.ErrInvoiceFormat) {
			t.Errorf("%s: %+v, %v, want ErrInvoiceFormat", name, inv, err)
		}
	}
}

// A field that is added to the invoice and not to its renderer is lost here.
func TestEveryFieldIsWrittenAndReadBack(t *testing.T) {
	var inv billing.Invoice
	n := int64(0)
	fill(t, reflect.ValueOf(&inv).Elem(), &n)
	inv.Format = billing.FormatCurrent
	parsed, err := billing.ParseInvoice(inv.Canonical())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(parsed, inv) {
		t.Errorf("read back as\n%+v\nwant\n%+v", parsed, inv)
	}
}

// fill gives every field a value of its own.
func fill(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(*n, 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n)
		}
	case reflect.String:
		v.SetString(strings.Repeat("x", int(*n)))
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

func TestAnyInvoiceIsReadBackAsItWasWritten(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"\/`, "\x00\x1f\x7f", "</script>&", "\u2028\u2029\ufffd", "é😀"}))
	rapid.Check(t, func(t *rapid.T) {
		moment := func(label string) time.Time {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, label), rapid.SampledFrom([]int64{0, 1, 250_000_000}).Draw(t, "fraction")).UTC()
		}
		inv := billing.Invoice{
			Format: 1, Kind: text.Draw(t, "kind"), Number: rapid.Int64().Draw(t, "number"), Currency: text.Draw(t, "currency"),
			Zone: text.Draw(t, "zone"), IssuedAt: moment("issued"), ReverseCharge: rapid.Bool().Draw(t, "reverse"),
			Customer: billing.Party{Name: text.Draw(t, "name"), Country: text.Draw(t, "country")},
		}
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			line := billing.Line{
				Kind: billing.LineKind(text.Draw(t, "line kind")), Description: text.Draw(t, "description"), PeriodStart: moment("start"),
				AmountMinor: rapid.Int64().Draw(t, "amount"), FactorNum: rapid.Int64().Draw(t, "num"),
				QuantityNum: rapid.Int64Range(0, 1).Draw(t, "quantity"), QuantityDen: rapid.Int64Range(0, 1).Draw(t, "of"), People: rapid.Int64Range(0, 1).Draw(t, "people"),
				PeopleSHA256: text.Draw(t, "people's hash"), TaxPPM: rapid.Int64().Draw(t, "rate"),
			}
			for range rapid.IntRange(0, 2).Draw(t, "events") {
				line.EventIDs = append(line.EventIDs, text.Draw(t, "event"))
			}
			inv.Lines = append(inv.Lines, line)
		}
		canonical := inv.Canonical()
		parsed, err := billing.ParseInvoice(canonical)
		if err != nil {
			t.Fatalf("%v:\n%s", err, canonical)
		}
		if !reflect.DeepEqual(parsed, inv) {
			t.Fatalf("read back as\n%+v\nwant\n%+v", parsed, inv)
		}
	})
}

func FuzzParseInvoice(f *testing.F) {
	for _, file := range []string{"testdata/invoice-format-1.json", "testdata/credit-note-format-1.json", "testdata/usage-format-1.json", "testdata/empty-format-1.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"format":1,"issued_at":"9999-12-31T23:59:59.999999999Z"}`))
	f.Add([]byte(`{"format":99}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		inv, err := billing.ParseInvoice(text)
		if err != nil {
			if !errors.Is(err, billing.ErrInvoiceFormat) {
				t.Fatalf("error %v, want ErrInvoiceFormat", err)
			}
			return
		}
		if !bytes.Equal(inv.Canonical(), text) {
			t.Fatalf("read %q and wrote %q", text, inv.Canonical())
		}
	})
}
