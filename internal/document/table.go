package document

import (
	"strconv"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/words"
)

// The columns of the lines: where the left ones begin and the right ones end.
const (
	descriptionWidth          = 66.0
	periodFrom                = 89.0
	periodWidth               = 31.0
	quantityTo, quantityWidth = 142.0, 21.0
	unitTo, unitWidth         = 165.0, 21.0
	amountTo, amountWidth     = right, 23.0
	rowPad                    = 2.5
	// maxDescription is more than the longest name of a product and a plan take.
	maxDescription = 6
	headingHeight  = 8.0
)

// row is a line as it is drawn.
type row struct {
	text, notes            []string
	period                 []string
	quantity, unit, amount string
	height                 float64
}

type table struct{ rows []row }

func (s *sheet) tableOf(st styles) table {
	t := table{rows: make([]row, len(s.inv.Lines))}
	oneRate := shared(s.inv.Lines)
	for i := range s.inv.Lines {
		l := &s.inv.Lines[i]
		r := row{
			text:     s.wrapTo(maxDescription, st.body, s.set(s.described(l)), descriptionWidth),
			period:   s.wrap(st.small, s.period(l.PeriodStart, l.PeriodEnd), periodWidth),
			quantity: quantity(l), amount: s.money(l.AmountMinor),
		}
		if l.UnitMinor != 0 {
			r.unit = s.money(l.UnitMinor)
		}
		for _, note := range notes(l, oneRate) {
			r.notes = append(r.notes, s.wrap(st.small, note, descriptionWidth)...)
		}
		r.height = 2*rowPad + max(float64(len(r.text))*bodyStep+float64(len(r.notes))*smallStep, float64(len(r.period))*smallStep)
		t.rows[i] = r
	}
	return t
}

// described is a line's description without the dates that the period's column has.
func (s *sheet) described(l *billing.Line) string {
	if l.PeriodStart.IsZero() {
		return l.Description
	}
	dates := ", " + l.PeriodStart.In(s.zone).Format(time.DateOnly) + " to " + l.PeriodEnd.In(s.zone).Add(-1).Format(time.DateOnly)
	return strings.TrimSuffix(l.Description, dates)
}

// notes say under a line what its columns do not.
func notes(l *billing.Line, oneRate bool) []string {
	var all []string
	if l.FactorDen != 0 && l.FactorNum != l.FactorDen && l.Kind != billing.LineSeatChange {
		all = append(all, words.Count(l.FactorNum)+" of "+words.Count(l.FactorDen)+" parts of the period")
	}
	if l.People != 0 {
		all = append(all, words.Count(l.People)+" people, listed in the CSV file")
	}
	if !oneRate {
		all = append(all, "Tax "+words.Percent(l.TaxPPM))
	}
	return all
}

// pages breaks the rows where a page is full. The totals stay with the last row,
// where a page has place for both.
func (t table) pages(first, next, bottom, totals float64) [][]row {
	pages := [][]row{nil}
	y := first + headingHeight
	turn := func() {
		pages = append(pages, nil)
		y = next + headingHeight
	}
	for i, r := range t.rows {
		need, begun := r.height, y > next+headingHeight
		if i == len(t.rows)-1 && next+headingHeight+r.height+totals <= bottom {
			need += totals
		}
		if begun && y+need > bottom {
			turn()
		}
		last := len(pages) - 1
		pages[last] = append(pages[last], r)
		y += r.height
	}
	if y+totals > bottom {
		turn()
	}
	return pages
}

// draw draws the heading and the rows, and returns where they end.
func (t table) draw(s *sheet, st styles, rows []row, top float64) float64 {
	if len(rows) == 0 {
		return top
	}
	_, _, line, _ := inks()
	y := top
	s.left(st.heading, margin, y, "Description")
	s.left(st.heading, periodFrom, y, "Period")
	s.rightTo(st.heading, quantityTo, y, "Quantity")
	s.rightTo(st.heading, unitTo, y, "Unit price")
	s.rightTo(st.heading, amountTo, y, "Amount")
	y += 2.6
	s.rule(margin, right, y, 0.3, st.heading.tone)
	for i, r := range rows {
		if i > 0 {
			s.rule(margin, right, y, 0.12, line)
		}
		at := y + rowPad + 3.1
		for _, l := range r.text {
			s.left(st.body, margin, at, l)
			at += bodyStep
		}
		for _, l := range r.notes {
			s.left(st.small, margin, at-0.3, l)
			at += smallStep
		}
		at = y + rowPad + 3.1
		s.rightTo(s.fit(st.body, r.quantity, quantityWidth), quantityTo, at, r.quantity)
		s.rightTo(s.fit(st.body, r.unit, unitWidth), unitTo, at, r.unit)
		s.rightTo(s.fit(st.body, r.amount, amountWidth), amountTo, at, r.amount)
		for _, l := range r.period {
			s.left(st.small, periodFrom, at, l)
			at += smallStep
		}
		y += r.height
	}
	s.rule(margin, right, y, 0.3, st.heading.tone)
	return y
}

// totals are the sums and what must be said with them.
type totals struct {
	rows   []fact
	due    fact
	notes  []string
	height float64
}

const (
	totalsFrom  = 112.0
	totalsStep  = 5.6
	totalsWidth = 36.0
	dueHeight   = 10.0
)

func (s *sheet) totalsOf(st styles) totals {
	inv := s.inv
	t := totals{rows: []fact{{"Net", s.money(inv.NetMinor)}}}
	for _, tax := range inv.TaxLines {
		if inv.ReverseCharge {
			continue
		}
		label := "Tax " + words.Percent(tax.RatePPM)
		if len(inv.TaxLines) > 1 {
			label += " on " + s.money(tax.NetMinor)
		}
		t.rows = append(t.rows, fact{label, s.money(tax.TaxMinor)})
	}
	t.rows = append(t.rows, fact{"Total", s.money(inv.TotalMinor)})
	if inv.CreditAppliedMinor != 0 {
		t.rows = append(t.rows, fact{"Paid from credit", s.money(-inv.CreditAppliedMinor)})
	}
	t.due = fact{"Amount due", s.money(inv.AmountDueMinor)}
	if inv.Kind == billing.KindCreditNote {
		t.due.label = "Amount credited"
	}
	const notesWidth = totalsFrom - margin - 10
	if inv.ReverseCharge {
		t.notes = s.wrap(st.small, "Reverse charge: the customer is liable for the tax.", notesWidth)
	}
	if inv.Corrects != 0 {
		t.notes = append(t.notes, s.wrap(st.small, "This credit note takes back invoice "+strconv.FormatInt(inv.Corrects, 10)+".", notesWidth)...)
	}
	if s.lacking {
		t.notes = append(t.notes, s.wrap(st.small, "A □ stands for a character that this document's typeface does not have. The invoice in your account shows it as it was typed.", notesWidth)...)
	}
	t.height = gap/2 + max(float64(len(t.rows))*totalsStep+dueHeight, float64(len(t.notes))*smallStep) + gap/2
	return t
}

func (t totals) draw(s *sheet, st styles, top float64) {
	_, _, _, tint := inks()
	y := top + gap/2 + 3
	for _, n := range t.notes {
		s.left(st.small, margin, y, n)
		y += smallStep
	}
	y = top + gap/2 + 3
	for _, f := range t.rows {
		value := s.fit(st.body, f.value, totalsWidth)
		s.left(s.fit(st.body, f.label, right-totalsFrom-s.width(value, f.value)-2), totalsFrom, y, f.label)
		s.rightTo(value, right, y, f.value)
		y += totalsStep
	}
	const overhang = 4 // so that the sum stands under the others
	s.fill(totalsFrom-overhang, y-3.2, right-totalsFrom+2*overhang, dueHeight-1, tint)
	y += 2.6
	s.left(st.due, totalsFrom, y, t.due.label)
	s.rightTo(s.fit(st.due, t.due.value, totalsWidth), right, y, t.due.value)
}
