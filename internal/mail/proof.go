package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// proof collects what is wrong with a mail, so that all of it is told at once.
// Faults name fields, never values that people typed.
type proof struct{ faults []error }

func (p *proof) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf(format, args...))
}

func (p *proof) err() error { return errors.Join(p.faults...) }

func (p *proof) text(field, value string) {
	if value == "" {
		p.fault("%s is missing", field)
	}
}

func (p *proof) instant(field string, t time.Time) {
	if t.IsZero() {
		p.fault("%s is missing", field)
	}
}

func (p *proof) oneOf(field, value string, words map[string]string) string {
	word, ok := words[value]
	if !ok {
		p.fault("%s has a value that this mail has no words for", field)
	}
	return word
}

func (p *proof) equal(field string, got, want int64) {
	if got != want {
		p.fault("%s is %d minor units, but its computation gives %d", field, got, want)
	}
}

// sum faults unless the parts, all of the total's currency, add up to the total.
func (p *proof) sum(field string, total money.Amount, parts ...money.Amount) {
	if total.Currency == "" {
		p.fault("%s has no currency", field)
		return
	}
	sum := money.Amount{Currency: total.Currency}
	for _, part := range parts {
		if part.IsZero() {
			continue
		}
		var err error
		if sum, err = sum.Add(part); err != nil {
			p.fault("%s: its parts cannot be added: %w", field, err)
			return
		}
	}
	p.equal(field, total.Minor, sum.Minor)
}

// address faults unless the value is one bare address.
func (p *proof) address(field, value string) {
	if !bareAddress(value) {
		p.fault("%s is not one email address", field)
	}
}

// bareAddress reports whether s is one addr-spec of RFC 5322 within the length of
// RFC 5321, without display name, comment, quoting or line ends.
func bareAddress(s string) bool {
	const maxBytes = 254
	if s == "" || len(s) > maxBytes || strings.ContainsAny(s, "\r\n\t \"(),:;<>[\\]") {
		return false
	}
	parsed, err := netmail.ParseAddress(s)
	return err == nil && parsed.Address == s
}

// link faults unless the value is an address that a mail may lead to.
func (p *proof) link(field string, link Link) {
	if link == "" {
		p.fault("%s is missing", field)
		return
	}
	if wrong := seats.CheckWebAddress(string(link)); wrong != "" {
		p.fault("%s %s", field, wrong)
	}
}
