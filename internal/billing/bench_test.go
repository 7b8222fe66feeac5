package billing_test

import (
	"math/bits"
	"runtime"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// midCycle is ten days from the end of July 2026 in a zone with summer time. That is
// past, so its offset is looked up and never found in the cache that the time package
// keeps of the current one.
func midCycle(t testing.TB) (billing.Price, billing.Period, time.Time, *time.Location) {
	t.Helper()
	price := billing.Price{Model: billing.PerSeat, UnitMinor: 2000}
	loc, at := zone(t, "Europe/Berlin"), instant(t, "2026-07-22T09:00:00Z")
	return price, billing.CycleAt(date(t, "2026-07-01"), billing.Month, loc, at), at, loc
}

func priceChange(t testing.TB, price *billing.Price, period *billing.Period, mode billing.Proration, at time.Time, loc *time.Location) int64 {
	due, err := billing.IncreaseDue(price, 5, 8, period.Factor(mode, at, loc))
	if err != nil {
		t.Fatal(err)
	}
	minor, err := billing.SettleIncrease(due)
	if err != nil {
		t.Fatal(err)
	}
	return minor
}

// floorChange is the arithmetic alone, with nothing checked and no calendar: what no
// implementation can go below.
//
//go:noinline
func floorChange(unit, from, to, num, den int64) int64 {
	hi, lo := bits.Mul64(uint64(unit*(to-from)), uint64(num))
	quotient, remainder := bits.Div64(hi, lo, uint64(den))
	if remainder >= uint64(den)-remainder {
		quotient++
	}
	return int64(quotient)
}

// reportFloor times the floor as often as the benchmark ran and reports the ratio.
func reportFloor(b *testing.B, floor func()) {
	elapsed := b.Elapsed()
	begin := time.Now()
	for range b.N {
		floor()
	}
	if took := time.Since(begin); took > 0 {
		b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "floor-ns/op")
		b.ReportMetric(float64(elapsed)/float64(took), "x-floor")
	}
}

func BenchmarkPriceSeatChange(b *testing.B) {
	price, period, at, loc := midCycle(b)
	for _, mode := range []billing.Proration{billing.ByDay, billing.BySecond} {
		b.Run(string(mode), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				priceChange(b, &price, &period, mode, at, loc)
			}
			reportFloor(b, func() { runtime.KeepAlive(floorChange(2000, 5, 8, 10, 31)) })
		})
	}
}

func BenchmarkCycleAt(b *testing.B) {
	_, _, at, loc := midCycle(b)
	anchor := date(b, "2026-01-31")
	b.ReportAllocs()
	for b.Loop() {
		billing.CycleAt(anchor, billing.Month, loc, at)
	}
}

func BenchmarkDayStart(b *testing.B) {
	berlin, saoPaulo := zone(b, "Europe/Berlin"), zone(b, "America/Sao_Paulo")
	for _, c := range []struct {
		name string
		date billing.Date
		loc  *time.Location
	}{
		{"UTC", date(b, "2026-11-01"), time.UTC},
		{"summer", date(b, "2027-07-01"), berlin},
		{"skipped midnight", date(b, "2018-11-04"), saoPaulo},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.date.StartIn(c.loc)
			}
		})
	}
}

func oneLine(inv *billing.Invoice) {
	inv.Lines = append(inv.Lines[:0], billing.Line{
		Kind: billing.LineSeatChange, SubscriptionID: "sub_01jd8z4m5n6p7q8r9s0t1v2w3x_rooms", Seats: 8, FromSeats: 5,
		UnitMinor: 2000, FactorNum: 9, FactorDen: 30, AmountMinor: 1800, TaxPPM: 190_000,
	})
}

//go:noinline
func floorInvoice(net, rate, credit int64) (tax, due int64) {
	hi, lo := bits.Mul64(uint64(net), uint64(rate))
	quotient, remainder := bits.Div64(hi, lo, 1_000_000)
	if remainder >= 500_000 {
		quotient++
	}
	total := net + int64(quotient)
	return int64(quotient), total - min(credit, total)
}

func BenchmarkInvoice(b *testing.B) {
	b.Run("build one line", func(b *testing.B) {
		var inv billing.Invoice
		b.ReportAllocs()
		for b.Loop() {
			oneLine(&inv)
			if err := inv.Total(500); err != nil {
				b.Fatal(err)
			}
		}
		reportFloor(b, func() {
			tax, due := floorInvoice(1800, 190_000, 500)
			runtime.KeepAlive(tax + due)
		})
	})
	inv := sampleInvoice(b)
	canonical := inv.Canonical()
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			inv.Canonical()
		}
	})
	b.Run("hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			billing.Hash(canonical)
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := billing.ParseInvoice(canonical); err != nil {
				b.Fatal(err)
			}
		}
	})
}
