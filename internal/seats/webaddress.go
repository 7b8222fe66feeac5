package seats

import (
	"net"
	"net/url"
	"strings"
)

// MaxWebAddressBytes bounds an address that a mail leads to; mail programs cut
// longer ones.
const MaxWebAddressBytes = 2000

// CheckWebAddress says what is wrong with an address that mails and pages lead to,
// in words that follow its name, or "". It must be an absolute https address, or an
// http address of this machine, of plain URL characters: such an address stays the
// same bytes in text and HTML.
func CheckWebAddress(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > MaxWebAddressBytes || !plainURL(address):
		return "is not a web address"
	case u.User != nil || u.Hostname() == "":
		return "must name a host and no user"
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "must be an https address"
	}
	return ""
}

// plainURL reports whether s is of RFC 3986 characters, quotes and brackets left
// out, with percent signs only as escapes.
func plainURL(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case r == '%':
			if i+2 >= len(s) || !hexDigit(s[i+1]) || !hexDigit(s[i+2]) {
				return false
			}
		case !strings.ContainsRune("-._~:/?#@!$&*+,;=", r):
			return false
		}
	}
	return true
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
