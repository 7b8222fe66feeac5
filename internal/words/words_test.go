package words

import (
	"math"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

func TestMoneyIsWrittenFromMinorUnits(t *testing.T) {
	cases := []struct {
		minor    int64
		currency money.Currency
		want     string
	}{
		{1800, "EUR", "€18.00"},
		{0, "EUR", "€0.00"},
		{5, "EUR", "€0.05"},
		{-5, "USD", "-$0.05"},
		{101800, "GBP", "£1,018.00"},
		{333, "JPY", "¥333"},
		{1234567, "JPY", "¥1,234,567"},
		{1234, "KWD", "KWD 1.234"},
		{12345, "CLF", "CLF 1.2345"},
		{99999, "CHF", "CHF 999.99"},
		{100000, "CAD", "CAD 1,000.00"},
		{math.MaxInt64, "EUR", "€92,233,720,368,547,758.07"},
		{math.MinInt64, "EUR", "-€92,233,720,368,547,758.08"},
	}
	for _, c := range cases {
		if got := Money(money.Amount{Minor: c.minor, Currency: c.currency}); got != c.want {
			t.Errorf("%d %s is written %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
}

func TestDatesAreTheAccounts(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	sao, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 30, 23, 4, 59, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{Date(at, tokyo), "1 December 2026"},
		{Date(at, time.UTC), "30 November 2026"},
		{Moment(at, tokyo), "1 December 2026 at 08:04 (Asia/Tokyo)"},
		{LastDay(time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC), tokyo), "30 November 2026"},
		// This midnight did not exist: the boundary is 01:00 of the new day.
		{LastDay(time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC), sao), "3 November 2018"},
		{Seats(1), "1 seat"},
		{Seats(0), "0 seats"},
		{Seats(12345), "12,345 seats"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestRatesAreWrittenWithoutNeedlessZeros(t *testing.T) {
	for ppm, want := range map[int64]string{0: "0%", 190_000: "19%", 77_000: "7.7%", 81_000: "8.1%", 1: "0.0001%", 1_000_000: "100%", 205_500: "20.55%", -55_000: "-5.5%"} {
		if got := Percent(ppm); got != want {
			t.Errorf("%d millionths are written %q, want %q", ppm, got, want)
		}
	}
}
