package mail

import (
	"strconv"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

// formatMoney writes an amount from its minor units, with all the places of its
// currency and a comma at thousands: "€1,018.00", "¥333", "KWD 1.234". Currencies
// whose sign several share are written with their code.
func formatMoney(a money.Amount) string {
	_, number, _ := strings.Cut(a.String(), " ")
	number, negative := strings.CutPrefix(number, "-")
	whole, fraction, hasFraction := strings.Cut(number, ".")
	text := symbol(a.Currency) + group(whole)
	if hasFraction {
		text += "." + fraction
	}
	if negative {
		return "-" + text
	}
	return text
}

func symbol(c money.Currency) string {
	switch c {
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "JPY":
		return "¥"
	case "USD":
		return "$"
	}
	return string(c) + " "
}

// formatCount writes a whole number with a comma at thousands.
func formatCount(n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	if negative {
		return "-" + group(digits)
	}
	return group(digits)
}

func group(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// formatSeats writes "1 seat", "8 seats".
func formatSeats(n int64) string {
	if n == 1 {
		return "1 seat"
	}
	return formatCount(n) + " seats"
}

// formatDate writes the local date, as in "1 December 2026".
func formatDate(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2 January 2006")
}

// formatMoment writes date, time and zone, as in "29 November 2026 at 10:00
// (Europe/Berlin)". Seconds are not shown.
func formatMoment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2 January 2006 at 15:04") + " (" + zone.String() + ")"
}

// formatLastDay writes the last local date of a period that ends, exclusively, at t.
func formatLastDay(t time.Time, zone *time.Location) string {
	return formatDate(t.Add(-1), zone)
}
