package billing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// Canonical returns the invoice's canonical JSON, the bytes that are stored, hashed
// and verified: fixed field order, no space, zero optional fields left out, instants
// in UTC as RFC 3339 with no more places than they need, strings escaped as in
// RFC 8785 (no HTML escaping), text that is not UTF-8 replaced by U+FFFD.
//
// It is written by hand and not by encoding/json, because the bytes of an issued
// invoice must outlive every change of that package. A Format without a renderer is
// a fault of the program and panics; ParseInvoice never lets one in.
func (inv Invoice) Canonical() []byte {
	if inv.Format != FormatCurrent {
		panic(fmt.Sprintf("billing: no renderer for invoice format %d: call Total first, or set Format", inv.Format))
	}
	const bytesOfHead, bytesPerLine = 1024, 512
	w := writer{buf: make([]byte, 0, bytesOfHead+bytesPerLine*len(inv.Lines))}
	w.invoice1(&inv)
	return w.buf
}

// Hash returns the SHA-256 of a canonical document, in lower-case hex.
func Hash(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// invoice1 is the renderer of format 1. It must never change: the golden test pins
// its bytes. A new field may come in only where it is left out while it is zero, so
// that every document issued before has the same bytes still.
func (w *writer) invoice1(inv *Invoice) {
	w.open('{')
	w.number("format", 1)
	w.text("kind", inv.Kind)
	w.number("number", inv.Number)
	w.optionalNumber("corrects", inv.Corrects)
	w.text("account_id", inv.AccountID)
	w.text("currency", inv.Currency)
	w.text("zone", inv.Zone)
	w.instant("issued_at", inv.IssuedAt)
	w.party1("customer", &inv.Customer)
	w.party1("vendor", &inv.Vendor)
	if inv.ReverseCharge {
		w.key("reverse_charge")
		w.buf = append(w.buf, "true"...)
	}
	w.key("lines")
	w.open('[')
	for i := range inv.Lines {
		w.comma()
		w.line1(&inv.Lines[i])
	}
	w.close(']')
	w.key("tax_lines")
	w.open('[')
	for _, t := range inv.TaxLines {
		w.comma()
		w.open('{')
		w.number("rate_ppm", t.RatePPM)
		w.number("net_minor", t.NetMinor)
		w.number("tax_minor", t.TaxMinor)
		w.close('}')
	}
	w.close(']')
	w.number("net_minor", inv.NetMinor)
	w.number("tax_minor", inv.TaxMinor)
	w.number("total_minor", inv.TotalMinor)
	w.optionalNumber("credit_applied_minor", inv.CreditAppliedMinor)
	w.number("amount_due_minor", inv.AmountDueMinor)
	w.close('}')
}

func (w *writer) line1(line *Line) {
	w.open('{')
	w.text("kind", string(line.Kind))
	w.optionalText("subscription_id", line.SubscriptionID)
	w.optionalText("product_id", line.ProductID)
	w.optionalText("plan_id", line.PlanID)
	w.optionalNumber("plan_version", int64(line.PlanVersion))
	w.optionalText("description", line.Description)
	w.optionalNumber("seats", line.Seats)
	w.optionalNumber("from_seats", line.FromSeats)
	w.optionalNumber("unit_minor", line.UnitMinor)
	if line.QuantityNum != 0 || line.QuantityDen != 0 {
		w.number("quantity_num", line.QuantityNum)
		w.number("quantity_den", line.QuantityDen)
	}
	w.optionalNumber("people", line.People)
	w.optionalText("people_sha256", line.PeopleSHA256)
	if line.FactorNum != 0 || line.FactorDen != 0 {
		w.number("factor_num", line.FactorNum)
		w.number("factor_den", line.FactorDen)
	}
	w.optionalInstant("period_start", line.PeriodStart)
	w.optionalInstant("period_end", line.PeriodEnd)
	w.number("amount_minor", line.AmountMinor)
	w.number("tax_ppm", line.TaxPPM)
	w.optionalTexts("event_ids", line.EventIDs)
	w.close('}')
}

func (w *writer) party1(name string, p *Party) {
	w.key(name)
	w.open('{')
	w.text("name", p.Name)
	w.optionalTexts("address_lines", p.AddressLines)
	w.optionalText("tax_id", p.TaxID)
	w.optionalText("country", p.Country)
	w.optionalTexts("legal_lines", p.LegalLines)
	w.close('}')
}

// writer appends JSON in the order in which it is told.
type writer struct {
	buf []byte
	// started tells whether the innermost object or list has a member already.
	started bool
}

func (w *writer) comma() {
	if w.started {
		w.buf = append(w.buf, ',')
	}
	w.started = true
}

func (w *writer) open(bracket byte) {
	w.buf = append(w.buf, bracket)
	w.started = false
}

// close ends an object or list; whatever holds it has a member now.
func (w *writer) close(bracket byte) {
	w.buf = append(w.buf, bracket)
	w.started = true
}

func (w *writer) key(name string) {
	w.comma()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
}

func (w *writer) number(name string, n int64) {
	w.key(name)
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

func (w *writer) optionalNumber(name string, n int64) {
	if n != 0 {
		w.number(name, n)
	}
}

func (w *writer) text(name, text string) {
	w.key(name)
	w.quoted(text)
}

func (w *writer) optionalText(name, text string) {
	if text != "" {
		w.text(name, text)
	}
}

func (w *writer) optionalTexts(name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	w.key(name)
	w.open('[')
	for _, text := range texts {
		w.comma()
		w.quoted(text)
	}
	w.close(']')
}

func (w *writer) instant(name string, t time.Time) {
	w.key(name)
	w.buf = append(w.buf, '"')
	w.buf = t.UTC().AppendFormat(w.buf, time.RFC3339Nano)
	w.buf = append(w.buf, '"')
}

func (w *writer) optionalInstant(name string, t time.Time) {
	if !t.IsZero() {
		w.instant(name, t)
	}
}

// quoted writes a JSON string as RFC 8785 section 3.2.2.2 does: only the quote, the
// backslash and control characters are escaped.
func (w *writer) quoted(text string) {
	const hexDigits = "0123456789abcdef"
	w.buf = append(w.buf, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			w.buf = utf8.AppendRune(w.buf, r)
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			w.buf = append(w.buf, '\\', c)
		case c == '\b':
			w.buf = append(w.buf, `\b`...)
		case c == '\t':
			w.buf = append(w.buf, `\t`...)
		case c == '\n':
			w.buf = append(w.buf, `\n`...)
		case c == '\f':
			w.buf = append(w.buf, `\f`...)
		case c == '\r':
			w.buf = append(w.buf, `\r`...)
		case c < ' ':
			w.buf = append(w.buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		default:
			w.buf = append(w.buf, c)
		}
		i++
	}
	w.buf = append(w.buf, '"')
}
