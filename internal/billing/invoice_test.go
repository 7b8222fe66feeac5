package billing_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

func TestTaxIsRoundedOncePerRateAndCreditLowersOnlyWhatIsDue(t *testing.T) {
	inv := billing.Invoice{Lines: []billing.Line{
		{AmountMinor: 1003, TaxPPM: 190_000},
		{AmountMinor: 50, TaxPPM: 70_000},
		{AmountMinor: 1004, TaxPPM: 190_000},
		{AmountMinor: -7, TaxPPM: 0},
	}}
	if err := inv.Total(1000); err != nil {
		t.Fatal(err)
	}
	// 19 % of 2007 is 381.33; rounded line by line it would be 191 + 191.
	// 7 % of 50 is 3.5, away from zero 4.
	want := []billing.TaxLine{
		{RatePPM: 0, NetMinor: -7, TaxMinor: 0},
		{RatePPM: 70_000, NetMinor: 50, TaxMinor: 4},
		{RatePPM: 190_000, NetMinor: 2007, TaxMinor: 381},
	}
	if !slices.Equal(inv.TaxLines, want) {
		t.Errorf("tax lines %+v\nwant %+v", inv.TaxLines, want)
	}
	if inv.NetMinor != 2050 || inv.TaxMinor != 385 || inv.TotalMinor != 2435 {
		t.Errorf("net %d, tax %d, total %d, want 2050, 385, 2435", inv.NetMinor, inv.TaxMinor, inv.TotalMinor)
	}
	if inv.CreditAppliedMinor != 1000 || inv.AmountDueMinor != 1435 {
		t.Errorf("credit %d, due %d, want 1000, 1435", inv.CreditAppliedMinor, inv.AmountDueMinor)
	}
	if err := inv.Total(5000); err != nil {
		t.Fatal(err)
	}
	if inv.CreditAppliedMinor != 2435 || inv.AmountDueMinor != 0 {
		t.Errorf("with more credit than needed: credit %d, due %d, want 2435, 0", inv.CreditAppliedMinor, inv.AmountDueMinor)
	}
}

func TestUnderReverseChargeThereIsNoTax(t *testing.T) {
	inv := billing.Invoice{ReverseCharge: true, Lines: []billing.Line{
		{AmountMinor: 1000, TaxPPM: 190_000}, {AmountMinor: 500, TaxPPM: 70_000},
	}}
	if err := inv.Total(0); err != nil {
		t.Fatal(err)
	}
	if want := []billing.TaxLine{{RatePPM: 0, NetMinor: 1500}}; !slices.Equal(inv.TaxLines, want) {
		t.Errorf("tax lines %+v, want %+v", inv.TaxLines, want)
	}
	if inv.Lines[0].TaxPPM != 0 || inv.Lines[1].TaxPPM != 0 {
		t.Error("the lines still say a rate")
	}
	if inv.TotalMinor != 1500 || inv.AmountDueMinor != 1500 {
		t.Errorf("total %d, due %d, want 1500", inv.TotalMinor, inv.AmountDueMinor)
	}
}

func TestInvoicesThatCannotBeAreRefused(t *testing.T) {
	lines := func(lines ...billing.Line) []billing.Line { return lines }
	for _, c := range []struct {
		name   string
		lines  []billing.Line
		credit int64
		want   error
	}{
		{"less than nothing", lines(billing.Line{AmountMinor: 5}, billing.Line{AmountMinor: -6}), 0, billing.ErrNegativeTotal},
		{"tax that drags it below nothing", lines(billing.Line{AmountMinor: 100}, billing.Line{AmountMinor: -99, TaxPPM: 190_000}), 0, billing.ErrNegativeTotal},
		{"a rate below 0", lines(billing.Line{AmountMinor: 5, TaxPPM: -1}), 0, billing.ErrTaxRate},
		{"a rate above 100 %", lines(billing.Line{AmountMinor: 5, TaxPPM: billing.MaxTaxPPM + 1}), 0, billing.ErrTaxRate},
		{"one line too many", make([]billing.Line, billing.MaxLines+1), 0, billing.ErrTooManyLines},
		{"credit below nothing", nil, -1, billing.ErrNegativeCredit},
		{"lines that do not add up in 63 bits", lines(billing.Line{AmountMinor: math.MaxInt64}, billing.Line{AmountMinor: 1}), 0, money.ErrOverflow},
		{"rates that do not add up in 63 bits", lines(billing.Line{AmountMinor: math.MaxInt64}, billing.Line{AmountMinor: 1, TaxPPM: 1}), 0, money.ErrOverflow},
		{"taxes that do not add up in 63 bits", lines(billing.Line{AmountMinor: math.MinInt64}, billing.Line{AmountMinor: 1 << 62, TaxPPM: 999_998}, billing.Line{AmountMinor: 1 << 62, TaxPPM: 999_999}, billing.Line{AmountMinor: 1 << 62, TaxPPM: 1_000_000}), 0, money.ErrOverflow},
		{"a total beyond 63 bits", lines(billing.Line{AmountMinor: 1 << 62, TaxPPM: 1_000_000}), 0, money.ErrOverflow},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv := billing.Invoice{Lines: c.lines}
			if err := inv.Total(c.credit); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
	full := billing.Invoice{Lines: make([]billing.Line, billing.MaxLines)}
	if err := full.Total(0); err != nil {
		t.Errorf("as many lines as are allowed: %v", err)
	}
	hundred := billing.Invoice{Lines: lines(billing.Line{AmountMinor: 5, TaxPPM: billing.MaxTaxPPM})}
	if err := hundred.Total(0); err != nil || hundred.TotalMinor != 10 {
		t.Errorf("a rate of 100 %%: %d, %v", hundred.TotalMinor, err)
	}
	if empty := (billing.Invoice{}); empty.Total(100) != nil || empty.CreditAppliedMinor != 0 || empty.Format != billing.FormatCurrent {
		t.Errorf("an invoice of nothing: %+v", empty)
	}
}

func TestSumsAgreeWithBig(t *testing.T) {
	var reused billing.Invoice
	rapid.Check(t, func(t *rapid.T) {
		inv := reused
		inv.ReverseCharge = rapid.Bool().Draw(t, "reverse charge")
		inv.Lines = inv.Lines[:0]
		nets := map[int64]*big.Int{}
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			line := billing.Line{
				AmountMinor: rapid.OneOf(rapid.Int64Range(-1000, 10_000), rapid.Int64Range(0, 1e18)).Draw(t, "amount"),
				TaxPPM:      rapid.SampledFrom([]int64{0, 55_000, 70_000, 190_000, 255_000, 1_000_000}).Draw(t, "rate"),
			}
			inv.Lines = append(inv.Lines, line)
			rate := line.TaxPPM
			if inv.ReverseCharge {
				rate = 0
			}
			if nets[rate] == nil {
				nets[rate] = new(big.Int)
			}
			nets[rate].Add(nets[rate], big.NewInt(line.AmountMinor))
		}
		credit := rapid.Int64Range(0, 20_000).Draw(t, "credit")
		net, tax := new(big.Int), new(big.Int)
		for rate, n := range nets {
			net.Add(net, n)
			tax.Add(tax, roundHalfAway(new(big.Rat).SetFrac(new(big.Int).Mul(n, big.NewInt(rate)), big.NewInt(1_000_000))))
		}
		total := new(big.Int).Add(net, tax)
		err := inv.Total(credit)
		reused = inv
		if errors.Is(err, money.ErrOverflow) {
			if total.BitLen() < 62 {
				t.Fatalf("ErrOverflow for a total of %s", total)
			}
			return
		}
		if total.Sign() < 0 {
			if !errors.Is(err, billing.ErrNegativeTotal) {
				t.Fatalf("error %v for a total of %s", err, total)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sums := []*big.Int{big.NewInt(inv.NetMinor), big.NewInt(inv.TaxMinor), big.NewInt(inv.TotalMinor)}
		for i, want := range []*big.Int{net, tax, total} {
			if sums[i].Cmp(want) != 0 {
				t.Fatalf("net, tax, total are %v, want %s, %s, %s", sums, net, tax, total)
			}
		}
		if inv.CreditAppliedMinor != min(credit, inv.TotalMinor) || inv.AmountDueMinor != inv.TotalMinor-inv.CreditAppliedMinor {
			t.Fatalf("of %d credit %d applied, %d due of %d", credit, inv.CreditAppliedMinor, inv.AmountDueMinor, inv.TotalMinor)
		}
		if len(inv.TaxLines) != len(nets) {
			t.Fatalf("%d tax lines for %d rates", len(inv.TaxLines), len(nets))
		}
		for i, line := range inv.TaxLines {
			if i > 0 && inv.TaxLines[i-1].RatePPM >= line.RatePPM {
				t.Fatalf("the rates do not ascend: %+v", inv.TaxLines)
			}
			if n := nets[line.RatePPM]; n == nil || n.Cmp(big.NewInt(line.NetMinor)) != 0 {
				t.Fatalf("at %d the net is %d, want %s", line.RatePPM, line.NetMinor, n)
			}
		}
	})
}

func TestBuildingAnInvoiceIntoOldSlicesAllocatesNothing(t *testing.T) {
	var inv billing.Invoice
	oneLine(&inv)
	if err := inv.Total(0); err != nil {
		t.Fatal(err)
	}
	if allocations := testing.AllocsPerRun(100, func() {
		oneLine(&inv)
		if err := inv.Total(0); err != nil {
			t.Error(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations, want 0", allocations)
	}
}

func TestACreditNoteTakesBackTheWholeInvoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := billing.Invoice{Kind: billing.KindInvoice, Number: 7, AccountID: "acc_1", Currency: "EUR", Zone: "UTC", ReverseCharge: rapid.Bool().Draw(t, "reverse charge")}
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			inv.Lines = append(inv.Lines, billing.Line{
				Kind:        billing.LinePlanChange,
				AmountMinor: rapid.Int64Range(-1000, 10_000).Draw(t, "amount"),
				TaxPPM:      rapid.SampledFrom([]int64{0, 70_000, 190_000}).Draw(t, "rate"),
				EventIDs:    []string{"evt_1"},
			})
		}
		if inv.Total(rapid.Int64Range(0, 5000).Draw(t, "credit")) != nil {
			return
		}
		before := string(inv.Canonical())
		issued := time.Unix(1_800_000_000, 0).UTC()
		note, err := inv.Void(8, issued)
		if err != nil {
			t.Fatal(err)
		}
		if note.Kind != billing.KindCreditNote || note.Number != 8 || note.Corrects != 7 || note.IssuedAt != issued || note.AccountID != inv.AccountID {
			t.Fatalf("the credit note is %+v", note)
		}
		if note.TotalMinor != inv.TotalMinor || note.NetMinor != inv.NetMinor || note.TaxMinor != inv.TaxMinor || !slices.Equal(note.TaxLines, inv.TaxLines) {
			t.Fatalf("it takes back %+v of %+v", note, inv)
		}
		if note.CreditAppliedMinor != 0 || note.AmountDueMinor != note.TotalMinor {
			t.Fatalf("it uses credit: %+v", note)
		}
		// The invoice keeps its bytes also when the note's lines are worked on.
		for i := range note.Lines {
			note.Lines[i].AmountMinor = 0
		}
		if err := note.Total(0); err != nil || string(inv.Canonical()) != before {
			t.Fatalf("the invoice became %s, %v", inv.Canonical(), err)
		}
	})
}

func TestCreditNotesThatCannotBeAreRefused(t *testing.T) {
	good := func() billing.Invoice {
		inv := billing.Invoice{Kind: billing.KindInvoice, Number: 1, Lines: []billing.Line{{AmountMinor: 100, TaxPPM: 190_000}}}
		if err := inv.Total(0); err != nil {
			t.Fatal(err)
		}
		return inv
	}
	inv := good()
	note, err := inv.Void(2, instant(t, "2026-12-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Void(3, note.IssuedAt); !errors.Is(err, billing.ErrCreditNote) {
		t.Errorf("a credit note for a credit note: error %v, want ErrCreditNote", err)
	}
	if err := note.Total(1); !errors.Is(err, billing.ErrCreditNote) {
		t.Errorf("a credit note that uses credit: error %v, want ErrCreditNote", err)
	}
	for name, change := range map[string]func(*billing.Invoice){
		"net":   func(inv *billing.Invoice) { inv.NetMinor++ },
		"tax":   func(inv *billing.Invoice) { inv.TaxMinor++ },
		"total": func(inv *billing.Invoice) { inv.TotalMinor++ },
		"lines": func(inv *billing.Invoice) { inv.Lines[0].AmountMinor++ },
	} {
		inv := good()
		change(&inv)
		if _, err := inv.Void(2, inv.IssuedAt); !errors.Is(err, billing.ErrCorrected) {
			t.Errorf("another %s: error %v, want ErrCorrected", name, err)
		}
	}
	inv = good()
	inv.Lines[0].TaxPPM = -1
	if _, err := inv.Void(2, inv.IssuedAt); !errors.Is(err, billing.ErrTaxRate) {
		t.Errorf("a rate below 0: error %v, want ErrTaxRate", err)
	}
}

// Three seats for nine days of thirty, bought and given back at the same instant: the
// tax of either document is rounded by itself and comes to the same.
func TestSeatsGivenBackEarnTheirTaxToo(t *testing.T) {
	price := billing.Price{Model: billing.PerSeat, UnitMinor: 1999}
	f := billing.Factor{Num: 9, Den: 30}
	bought, err := billing.IncreaseDue(&price, 5, 8, f)
	if err != nil {
		t.Fatal(err)
	}
	charged, err := billing.SettleIncrease(bought)
	if err != nil {
		t.Fatal(err)
	}
	earned, err := billing.CreditDue(&price, 8, 5, f)
	if err != nil {
		t.Fatal(err)
	}
	invoice := billing.Invoice{Kind: billing.KindInvoice, Lines: []billing.Line{{Kind: billing.LineSeatChange, AmountMinor: charged, TaxPPM: 190_000}}}
	note := billing.Invoice{Kind: billing.KindCreditNote, Lines: []billing.Line{{Kind: billing.LineCredit, AmountMinor: earned, TaxPPM: 190_000}}}
	if err := errors.Join(invoice.Total(0), note.Total(0)); err != nil {
		t.Fatal(err)
	}
	if note.NetMinor != 1799 || note.TaxMinor != 342 || note.TotalMinor != 2141 || invoice.TotalMinor != note.TotalMinor {
		t.Errorf("charged %+v\nearned %+v", invoice, note)
	}
}
