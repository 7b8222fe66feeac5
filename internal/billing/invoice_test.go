package billing_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

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
