package ses

import (
	"net/mail"
	"strings"
)

// Limits of addresses: RFC 5321, 4.5.3.1.
const (
	maxLocalPartBytes = 64
	maxDomainBytes    = 255
	// maxAddressBytes is the whole field with its display name, as in the API
	// reference of Amazon SES.
	maxAddressBytes = 320
)

// parseAddress reads one address with or without a display name. Amazon SES does
// not speak SMTPUTF8: local part and display name must be ASCII (a name may be
// an encoded word, RFC 2047) and the domain must be in its A-label form.
func parseAddress(field, value string) (*mail.Address, *apiError) {
	if value == "" {
		return nil, badRequest("%s: the address is empty.", field)
	}
	if i := strings.IndexFunc(value, func(r rune) bool { return r > 126 || r < 32 }); i >= 0 {
		return nil, badRequest("%s: the address %q has a control or non-ASCII character. Encode a display name as an encoded word (RFC 2047) and a domain as Punycode.", field, shorten(value))
	}
	address, err := mail.ParseAddress(value)
	if err != nil {
		return nil, badRequest("%s: %q is no email address: %s.", field, shorten(value), err.Error())
	}
	local, domain, _ := cutLast(address.Address, "@")
	switch {
	case len(local) > maxLocalPartBytes:
		return nil, badRequest("%s: the part of %q before the @ is longer than %d characters.", field, shorten(value), maxLocalPartBytes)
	case len(domain) > maxDomainBytes || len(address.Address) > maxAddressBytes:
		return nil, badRequest("%s: the address %q is too long.", field, shorten(value))
	case !validDomain(domain):
		return nil, badRequest("%s: %q has no valid domain.", field, shorten(value))
	}
	return address, nil
}

// validDomain wants two labels or more, as no mail is delivered to one alone.
func validDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// bareAddress is the address without its display name; what does not parse is
// returned as it is.
func bareAddress(value string) string {
	if address, err := mail.ParseAddress(value); err == nil {
		return address.Address
	}
	return value
}

func parseAll(field string, values []string) *apiError {
	for _, value := range values {
		if _, err := parseAddress(field, value); err != nil {
			return err
		}
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// shorten keeps an error readable whatever was sent.
func shorten(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
