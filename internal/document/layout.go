package document

import (
	"strconv"
	"strings"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/words"
)

// inks returns the colours: text, what stands back, and the hairlines.
func inks() (ink, grey, line, tint tone) {
	return tone{24, 32, 46}, tone{104, 112, 125}, tone{214, 219, 226}, tone{244, 246, 249}
}

// styles are those of the whole document.
type styles struct {
	title, strong, body, small, tiny, sender, heading, due style
}

func newStyles() styles {
	ink, grey, _, _ := inks()
	return styles{
		title: style{20, false, ink}, strong: style{9.5, true, ink}, body: style{9, false, ink}, small: style{8, false, grey},
		tiny: style{7, false, grey}, sender: style{6.8, false, grey}, heading: style{7.5, true, grey}, due: style{10.5, true, ink},
	}
}

const (
	bodyStep, smallStep, tinyStep = 4.6, 4.0, 3.3
	addressWidth                  = 84.0
	factsFrom                     = 118.0
	headTop                       = 18.0
	addressTop                    = 50.0
	// footBottom is where the last line of the foot stands.
	footBottom = sheetHeight - 13
	gap        = 9.0
)

// compose measures everything, breaks it into pages and draws them.
func (s *sheet) compose() {
	st := newStyles()
	s.foot = s.footOf(st)
	first := s.headHeight(st) + gap
	table := s.tableOf(st)
	// Last, since it says whether anything could not be drawn.
	totals := s.totalsOf(st)
	pages := table.pages(first, headTop+gap+bodyStep, s.foot.top-gap/2, totals.height)
	for i, rows := range pages {
		s.AddPage()
		top := first
		if i == 0 {
			s.head(st)
		} else {
			top = s.headAgain(st)
		}
		bottom := table.draw(s, st, rows, top)
		if i == len(pages)-1 {
			totals.draw(s, st, bottom)
		}
		s.foot.draw(s, st, i+1, len(pages))
	}
}

// head draws the first page's: the vendor, the customer and the document's facts.
func (s *sheet) head(st styles) float64 {
	vendor := s.set(s.inv.Vendor.Name)
	if !s.logo(margin, headTop, s.logoFile) {
		name := style{15, true, st.title.tone}
		y := headTop + 6.0
		for _, l := range s.wrapTo(3, name, vendor, addressWidth+10) {
			s.left(name, margin, y, l)
			y += 6.4
		}
	}
	s.rightTo(st.title, right, headTop+7, s.title()+" "+s.number())

	sender := strings.Join(append([]string{vendor}, s.setAll(s.inv.Vendor.AddressLines)...), " · ")
	small := s.fit(st.sender, sender, addressWidth)
	for _, l := range s.wrapTo(1, small, sender, addressWidth) {
		s.left(small, margin, addressTop, l)
	}
	_, _, line, _ := inks()
	s.rule(margin, margin+addressWidth, addressTop+1.6, 0.15, line)
	return max(s.customer(st, addressTop+8, true), s.facts(st, addressTop, true)) + gap
}

// headHeight is where the head ends, without drawing it.
func (s *sheet) headHeight(st styles) float64 {
	return max(s.customer(st, addressTop+8, false), s.facts(st, addressTop, false))
}

// customer draws the block that shows through an envelope's window, and returns
// where it ends.
func (s *sheet) customer(st styles, y float64, drawn bool) float64 {
	c := &s.inv.Customer
	put := func(as style, step float64, text string) {
		for _, l := range s.wrapTo(2, as, text, addressWidth) {
			if drawn {
				s.left(as, margin, y, l)
			}
			y += step
		}
	}
	put(st.strong, bodyStep+0.2, s.set(c.Name))
	for _, l := range s.setAll(c.AddressLines) {
		put(st.body, bodyStep, l)
	}
	put(st.body, bodyStep, s.set(c.Country))
	if c.TaxID != "" {
		y += 1.2
		put(st.small, smallStep, "Tax ID "+s.set(c.TaxID))
	}
	return y
}

// fact is a labelled value.
type fact struct{ label, value string }

func (s *sheet) factList() []fact {
	list := []fact{{"Date", s.date(s.inv.IssuedAt)}}
	if s.inv.Corrects != 0 {
		list = append(list, fact{"Corrects invoice", strconv.FormatInt(s.inv.Corrects, 10)})
	}
	if span := s.span(); span != "" {
		list = append(list, fact{"Period", span})
	}
	return append(list, fact{"Currency", s.set(s.inv.Currency)}, fact{"Account", s.set(s.inv.AccountID)})
}

// facts draws the block beside the address, and returns where it ends.
func (s *sheet) facts(st styles, y float64, drawn bool) float64 {
	const step, labelWidth = 5.2, 29.0
	for _, f := range s.factList() {
		if drawn {
			s.left(st.small, factsFrom, y, f.label)
			s.rightTo(s.fit(st.body, f.value, right-factsFrom-labelWidth), right, y, f.value)
		}
		y += step
	}
	return y
}

// headAgain draws the head of the pages that follow, and returns where it ends.
func (s *sheet) headAgain(st styles) float64 {
	_, _, line, _ := inks()
	y := headTop + 2
	as := style{8.5, true, st.strong.tone}
	vendor := s.set(s.inv.Vendor.Name)
	const half = 95.0
	for _, l := range s.wrapTo(1, as, vendor, half) {
		s.left(as, margin, y, l)
	}
	s.rightTo(st.small, right, y, s.title()+" "+s.number()+" · "+s.date(s.inv.IssuedAt)+" · continued")
	s.rule(margin, right, y+2.4, 0.15, line)
	return headTop + gap + bodyStep
}

func (s *sheet) setAll(texts []string) []string {
	var out []string
	for _, text := range texts {
		if drawn := s.set(text); drawn != "" {
			out = append(out, drawn)
		}
	}
	return out
}

// foot is at the bottom of every page: who sells, and what the law wants said.
type foot struct {
	top         float64
	left, right []string
}

const footLeftWidth, footMiddle, footMiddleWidth = 56.0, 84.0, 86.0

func (s *sheet) footOf(st styles) foot {
	v := &s.inv.Vendor
	var f foot
	for _, text := range append(append([]string{s.set(v.Name)}, s.setAll(v.AddressLines)...), s.set(v.Country)) {
		f.left = append(f.left, s.wrapTo(2, st.tiny, text, footLeftWidth)...)
	}
	if v.TaxID != "" {
		f.right = s.wrapTo(2, st.tiny, "Tax ID "+s.set(v.TaxID), footMiddleWidth)
	}
	for _, text := range s.setAll(v.LegalLines) {
		f.right = append(f.right, s.wrapTo(2, st.tiny, text, footMiddleWidth)...)
	}
	f.top = footBottom - float64(max(len(f.left), len(f.right), 1)-1)*tinyStep - 5
	return f
}

func (f foot) draw(s *sheet, st styles, page, pages int) {
	_, _, line, _ := inks()
	s.rule(margin, right, f.top, 0.15, line)
	for i, column := range [][]string{f.left, f.right} {
		x, y := margin, f.top+5
		if i == 1 {
			x = footMiddle
		}
		for _, l := range column {
			s.left(st.tiny, x, y, l)
			y += tinyStep
		}
	}
	s.rightTo(st.tiny, right, f.top+5, "Page "+words.Count(int64(page))+" of "+words.Count(int64(pages)))
}

// shared reports whether all lines have one tax rate.
func shared(lines []billing.Line) bool {
	for i := range lines {
		if lines[i].TaxPPM != lines[0].TaxPPM {
			return false
		}
	}
	return true
}
