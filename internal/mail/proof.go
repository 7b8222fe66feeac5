package mail

import (
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

// maxLinkBytes bounds a link; mail programs cut longer ones.
const maxLinkBytes = 2000

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

// link faults unless the value is an absolute https address, or an http address
// of this machine, of plain URL characters. Such an address stays the same bytes
// in text and HTML.
func (p *proof) link(field string, link Link) {
	value := string(link)
	if value == "" {
		p.fault("%s is missing", field)
		return
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || len(value) > maxLinkBytes || !plainURL(value):
		p.fault("%s is not a web address", field)
	case u.User != nil || u.Hostname() == "":
		p.fault("%s must name a host and no user", field)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		p.fault("%s must be an https address", field)
	}
}

// plainURL reports whether s is of RFC 3986 characters, quotes and brackets left
// out, with percent signs only as escapes.
func plainURL(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case r == '%':
			if i+2 >= len(s) || !hex(s[i+1]) || !hex(s[i+2]) {
				return false
			}
		case !strings.ContainsRune("-._~:/?#@!$&*+,;=", r):
			return false
		}
	}
	return true
}

func hex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
