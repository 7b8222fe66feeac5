package money_test

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/usher-seats/usher/internal/money"
)

const (
	most  = math.MaxInt64
	least = math.MinInt64
)

func TestCurrenciesAreExactlyThoseOfTheList(t *testing.T) {
	file, err := os.Open("testdata/iso4217.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, row := range rows[1:] {
		if listed[row[0]], err = strconv.Atoi(row[1]); err != nil {
			t.Fatal(err)
		}
	}
	if len(listed) != 165 {
		t.Fatalf("the list has %d currencies, want 165", len(listed))
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				places, want := listed[code]
				got, err := money.ParseCurrency(code)
				if (err == nil) != want {
					t.Errorf("ParseCurrency(%s): error %v, listed %v", code, err, want)
				}
				if want && (string(got) != code || got.Exponent() != places) {
					t.Errorf("%s has %d places, want %d", got, got.Exponent(), places)
				}
			}
		}
	}
}

func TestUnknownCurrenciesAreRefused(t *testing.T) {
	for _, code := range []string{"", "eur", "EURO", "EU", " EUR", "XXX", "XAU", "€", "EUR\x00"} {
		if _, err := money.ParseCurrency(code); !errors.Is(err, money.ErrCurrency) {
			t.Errorf("ParseCurrency(%q): error %v, want ErrCurrency", code, err)
		}
		if places := money.Currency(code).Exponent(); places != 0 {
			t.Errorf("Currency(%q) has %d places, want 0", code, places)
		}
	}
}

func TestAmountsAreWrittenInMajorUnits(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency money.Currency
		want     string
	}{
		{6000, "EUR", "EUR 60.00"},
		{333, "JPY", "JPY 333"},
		{1234, "KWD", "KWD 1.234"},
		{12345, "CLF", "CLF 1.2345"},
		{0, "EUR", "EUR 0.00"},
		{5, "EUR", "EUR 0.05"},
		{-5, "EUR", "EUR -0.05"},
		{-1, "KWD", "KWD -0.001"},
		{-333, "JPY", "JPY -333"},
		{most, "EUR", "EUR 92233720368547758.07"},
		{least, "KWD", "KWD -9223372036854775.808"},
	} {
		if got := (money.Amount{Minor: c.minor, Currency: c.currency}).String(); got != c.want {
			t.Errorf("%d %s is written %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
}

func TestAmountsAddOnlyWithinOneCurrencyAndNeverWrap(t *testing.T) {
	euro := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }
	if got, err := euro(150).Add(euro(-50)); err != nil || got != euro(100) {
		t.Errorf("1.50 + -0.50 = %v, %v", got, err)
	}
	if got, err := euro(150).Sub(euro(50)); err != nil || got != euro(100) {
		t.Errorf("1.50 − 0.50 = %v, %v", got, err)
	}
	if got, err := euro(150).Mul(-3); err != nil || got != euro(-450) {
		t.Errorf("1.50 × −3 = %v, %v", got, err)
	}
	yen := money.Amount{Minor: 1, Currency: "JPY"}
	if _, err := euro(1).Add(yen); !errors.Is(err, money.ErrCurrencyMismatch) {
		t.Errorf("EUR + JPY: error %v", err)
	}
	if _, err := euro(1).Sub(yen); !errors.Is(err, money.ErrCurrencyMismatch) {
		t.Errorf("EUR − JPY: error %v", err)
	}
	if _, err := euro(most).Add(euro(1)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("most + 1: error %v", err)
	}
	if _, err := euro(least).Sub(euro(1)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("least − 1: error %v", err)
	}
	if _, err := euro(least).Mul(-1); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("least × −1: error %v", err)
	}
	if !euro(0).IsZero() || euro(-1).IsZero() {
		t.Error("only 0 is zero")
	}
}

func TestHalfIsRoundedAwayFromZero(t *testing.T) {
	for _, c := range []struct{ a, num, den, want int64 }{
		{1, 1, 2, 1},
		{-1, 1, 2, -1},
		{1, -1, 2, -1},
		{3, 1, 2, 2},
		{-3, 1, 2, -2},
		{1, 1, 3, 0},
		{2, 1, 3, 1},
		{-2, 1, 3, -1},
		{100, 14, 28, 50},
		{most, most, most, most},
		{least, most, most, least},
		{most, 2, 4, 1 << 62},
	} {
		got, err := money.MulDiv(c.a, c.num, c.den)
		if err != nil || got != c.want {
			t.Errorf("%d × %d ÷ %d = %d, %v, want %d", c.a, c.num, c.den, got, err, c.want)
		}
	}
	if got, err := money.MulDiv(least, least, most); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("least × least ÷ most = %d, %v, want ErrOverflow", got, err)
	}
}

func TestAFractionWithoutDenominatorIsRefusedEverywhere(t *testing.T) {
	for _, den := range []int64{0, -1, least} {
		bad := money.NewExact(5, 1, den)
		if _, err := bad.Round(); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("5/%d rounds with error %v", den, err)
		}
		if _, err := bad.Add(money.NewExact(1, 1, 1)); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("5/%d + 1: error %v", den, err)
		}
		if _, err := money.NewExact(1, 1, 1).Add(bad); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("1 + 5/%d: error %v", den, err)
		}
		if _, err := (money.Exact{}).Add(bad); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("0 + 5/%d: error %v", den, err)
		}
		if _, err := bad.Add(bad); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("5/%d twice: error %v", den, err)
		}
		if _, err := bad.Cmp(bad); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("5/%d compared: error %v", den, err)
		}
		if _, err := bad.ClampZero().Round(); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("5/%d clamped: error %v", den, err)
		}
		if _, err := money.MulDiv(5, 1, den); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("MulDiv by %d: error %v", den, err)
		}
	}
}

func TestTheZeroExactIsZero(t *testing.T) {
	var zero money.Exact
	if n, err := zero.Round(); n != 0 || err != nil {
		t.Errorf("zero rounds to %d, %v", n, err)
	}
	third := money.NewExact(1, 1, 3)
	if sum, err := zero.Add(third); err != nil || sum != third {
		t.Errorf("0 + 1/3 = %v, %v", sum, err)
	}
	if sum, err := third.Add(zero); err != nil || sum != third {
		t.Errorf("1/3 + 0 = %v, %v", sum, err)
	}
	if sum, err := zero.Add(zero); err != nil || sum.Sign() != 0 {
		t.Errorf("0 + 0 = %v, %v", sum, err)
	}
}

func TestFractionsAtTheEdgeOf128BitsAreRefusedAndNotWrapped(t *testing.T) {
	// 2^126, the largest product there is: two of them are 2^127, one too many.
	huge, half := money.NewExact(least, least, 1), money.NewExact(1, 1, 2)
	if _, err := huge.Add(huge); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("2^126 + 2^126: error %v, want ErrOverflow", err)
	}
	low := money.NewExact(least, most, 1)
	sum, err := low.Add(low)
	if err != nil {
		t.Fatalf("the sum of two least products: %v", err)
	}
	if _, err := sum.Add(low); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("below −2^127: error %v, want ErrOverflow", err)
	}
	if _, err := huge.Add(half); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("2^126 over halves: error %v, want ErrOverflow", err)
	}
	// Five times this is a little more than 2^128, so that it would begin again at 0.
	if _, err := money.NewExact(most, 7378697629483820648, 1).Add(money.NewExact(1, 1, 5)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("2^128 over fifths: error %v, want ErrOverflow", err)
	}
	if _, err := huge.Round(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("2^126 rounded: error %v, want ErrOverflow", err)
	}
	if _, err := huge.Add(money.NewExact(1, 1, 8)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("2^126 over eighths: error %v, want ErrOverflow", err)
	}
	// Neighbours have no common factor, and their product does not fit.
	if _, err := money.NewExact(1, 1, most).Add(money.NewExact(1, 1, most-1)); !errors.Is(err, money.ErrDenominator) {
		t.Errorf("fractions of coprime huge denominators: error %v, want ErrDenominator", err)
	}
	// (2^63 − 1)/1 + 1/2 rounds to 2^63, which does not fit; −2^63 does.
	sum, err = money.NewExact(most, 1, 1).Add(half)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sum.Round(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("most + ½ rounded: error %v, want ErrOverflow", err)
	}
	sum, err = money.NewExact(-most, 1, 1).Add(money.NewExact(-1, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sum.Round(); err != nil || got != least {
		t.Errorf("−most − ½ rounds to %d, %v, want the least int64", got, err)
	}
	// The quotient 2^64 − ½ would become 0 if rounding up wrapped.
	sum, err = money.NewExact(most, 4, 2).Add(money.NewExact(3, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sum.Round(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("2^64 − ½ rounds to %d, %v, want ErrOverflow", got, err)
	}
}

func TestSharesGoToTheLargestRemaindersAndThenInOrder(t *testing.T) {
	for _, c := range []struct {
		name    string
		total   int64
		weights []int64
		want    []int64
	}{
		{"three ways", 100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{"negative totals mirror", -100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{"largest remainder first", 10, []int64{15, 25, 60}, []int64{2, 2, 6}},
		{"no weight, no share", 5, []int64{0, 1, 0}, []int64{0, 5, 0}},
		{"fewer units than shares", 2, []int64{1, 1, 1, 1}, []int64{1, 1, 0, 0}},
		{"nothing to share", 0, []int64{3, 4}, []int64{0, 0}},
		{"the largest total", most, []int64{most}, []int64{most}},
		{"the least total", least, []int64{7}, []int64{least}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := money.Allocate(c.total, c.weights)
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.want {
				if got[i] != c.want[i] {
					t.Fatalf("Allocate(%d, %v) = %v, want %v", c.total, c.weights, got, c.want)
				}
			}
		})
	}
	for _, weights := range [][]int64{nil, {0, 0}, {1, -1}, {-1}} {
		if _, err := money.Allocate(1, weights); !errors.Is(err, money.ErrWeights) {
			t.Errorf("Allocate by %v: error %v, want ErrWeights", weights, err)
		}
	}
	if _, err := money.Allocate(1, []int64{most, 1}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("weights beyond int64: error %v, want ErrOverflow", err)
	}
}

func TestExactArithmeticAllocatesNothing(t *testing.T) {
	if allocations := testing.AllocsPerRun(100, func() {
		sum, err := money.NewExact(74500, 599400, 2682000).Add(money.NewExact(1000, 10, 31))
		if err != nil {
			t.Error(err)
		}
		if _, err := sum.ClampZero().Round(); err != nil {
			t.Error(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations, want 0", allocations)
	}
}
