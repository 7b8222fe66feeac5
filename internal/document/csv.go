package document

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
)

// Person is one billed person of one line of an invoice: an active user, or who held a
// license where the line bills seats. Names and email are those
// of today, empty once the person was erased; the invoice itself holds ids alone.
type Person struct {
	// Line counts the invoice's lines from 1.
	Line                                              int
	ProductID, PlanID                                 string
	PeriodStart, PeriodEnd                            string // local days, the last one included
	UserID, Email, FirstName, LastName, Qualification string
	// Licensed is set of who held a license when the invoice was issued. Days is on how
	// many local days of the period anybody else was active.
	Licensed bool
	Days     int64
}

// PeopleCSV lists people as RFC 4180 says: a header, CRLF after every row, UTF-8.
// A cell that a spreadsheet would take for a formula begins with an apostrophe.
func PeopleCSV(people []Person) []byte {
	rows := [][]string{{"line", "product_id", "plan_id", "period_start", "period_end", "user_id", "email", "first_name", "last_name", "qualification", "active_days", "listed_as"}}
	for _, p := range people {
		days, as := strconv.FormatInt(p.Days, 10), "active_user"
		if p.Licensed {
			days, as = "", "license_holder"
		}
		rows = append(rows, []string{
			strconv.Itoa(p.Line), cell(p.ProductID), cell(p.PlanID), cell(p.PeriodStart), cell(p.PeriodEnd), cell(p.UserID),
			cell(p.Email), cell(p.FirstName), cell(p.LastName), cell(p.Qualification), days, as,
		})
	}
	var b bytes.Buffer
	for _, row := range rows {
		for i, field := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoted(field))
		}
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// quoted encloses a field where it must be. The standard library's writer is not
// used since it drops carriage returns.
func quoted(field string) string {
	if !strings.ContainsAny(field, ",\"\r\n") && strings.TrimSpace(field) == field {
		return field
	}
	return `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
}

// cell guards a value against being run by a spreadsheet: what begins with a sign
// that starts a formula, with a control character, or with such a sign behind spaces
// and invisible characters, which some programs drop, is marked as text.
func cell(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if s == "" {
		return s
	}
	const formula = "=+-@＝＋－＠"
	for i, r := range s {
		switch {
		case strings.ContainsRune(formula, r), i == 0 && unicode.IsControl(r):
			return "'" + s
		case !unicode.In(r, unicode.Z, unicode.C, unicode.Other_Default_Ignorable_Code_Point):
			return s
		}
	}
	return s
}
