// Package words writes amounts, dates, numbers and other people's text as people
// read them, in mails and documents alike.
package words

import (
	"strconv"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

// Money writes an amount from its minor units, with all the places of its
// currency and a comma at thousands: "€1,018.00", "¥333", "KWD 1.234". Currencies
// whose sign several share are written with their code.
func Money(a money.Amount) string {
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

// Count writes a whole number with a comma at thousands.
func Count(n int64) string {
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

// Seats writes "1 seat", "8 seats".
func Seats(n int64) string {
	if n == 1 {
		return "1 seat"
	}
	return Count(n) + " seats"
}

// Date writes the local date, as in "1 December 2026".
func Date(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2 January 2006")
}

// Moment writes date, time and zone, as in "29 November 2026 at 10:00
// (Europe/Berlin)". Seconds are not shown.
func Moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2 January 2006 at 15:04") + " (" + zone.String() + ")"
}

// LastDay writes the last local date of a period that ends, exclusively, at t.
func LastDay(t time.Time, zone *time.Location) string {
	return Date(t.Add(-1), zone)
}

// Percent writes a rate in millionths as a percentage without needless zeros:
// "19%", "7.7%".
func Percent(ppm int64) string {
	const perPercent = 10_000
	sign := ""
	if ppm < 0 {
		sign, ppm = "-", -ppm
	}
	whole, rest := ppm/perPercent, ppm%perPercent
	if rest == 0 {
		return sign + strconv.FormatInt(whole, 10) + "%"
	}
	digits := strconv.FormatInt(perPercent+rest, 10)[1:]
	return sign + strconv.FormatInt(whole, 10) + "." + strings.TrimRight(digits, "0") + "%"
}
