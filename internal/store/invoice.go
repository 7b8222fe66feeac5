package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/usher-seats/usher/internal/seats"
)

// Attributes of an invoice: z its canonical bytes, deflated, h their SHA-256, at
// issued at, st status, pa paid at, vb number of the credit note that voided it. The number is in the key.
func (s *Store) invoiceItem(account seats.AccountID, inv *seats.IssuedInvoice) (item, error) {
	sum := sha256.Sum256(inv.Canonical)
	if hex.EncodeToString(sum[:]) != inv.Hash {
		return nil, fmt.Errorf("store: invoice %d of %s: the hash is not that of its bytes", inv.Number, account)
	}
	z, err := s.deflate(inv.Canonical)
	if err != nil {
		return nil, err
	}
	it := newItem(invoiceKey(account, inv.Number))
	it.binary("z", z)
	it.binary("h", sum[:])
	it.instant("at", inv.IssuedAt)
	it.text(invoiceStatusName, string(inv.Status))
	it.instant("pa", inv.PaidAt)
	it.number("vb", inv.VoidedBy)
	return it, nil
}

const invoiceStatusName = "st"

// invoiceStatus changes what became of an invoice and leaves the document alone.
func (t *transaction) invoiceStatus(account seats.AccountID, u *seats.InvoiceUpdate) {
	e := expression{
		update: "SET #st = :to", condition: "#st = :from",
		names:  map[string]string{"#st": invoiceStatusName},
		values: item{":to": text(string(u.Status)), ":from": text(string(u.From))},
	}
	if !u.PaidAt.IsZero() {
		e.update += ", #pa = :pa"
		e.names["#pa"], e.values[":pa"] = "pa", instant(u.PaidAt)
	}
	if u.VoidedBy != 0 {
		e.update += ", #vb = :vb"
		e.names["#vb"], e.values[":vb"] = "vb", number(u.VoidedBy)
	}
	t.update(invoiceKey(account, u.Number), e, seats.Failed{Kind: seats.ItemInvoiceStatus})
}

// readInvoice refuses bytes that are not those which were issued.
func readInvoice(it item) (*seats.IssuedInvoice, error) {
	r := read(it)
	inv := &seats.IssuedInvoice{
		IssuedAt: r.instant("at"), Status: seats.InvoiceStatus(r.text(invoiceStatusName)), PaidAt: r.instant("pa"), VoidedBy: r.number("vb"),
	}
	var err error
	if inv.Number, err = strconv.ParseInt(r.keyed(skName, invPrefix), 10, 64); err != nil {
		r.fail(skName)
	}
	z, want := r.binary("z"), r.binary("h")
	if err := r.failure(); err != nil {
		return nil, err
	}
	if inv.Canonical, err = inflate(z); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(inv.Canonical)
	if !bytes.Equal(sum[:], want) {
		return nil, fmt.Errorf("store: invoice %s/%s: its bytes were changed after it was issued", keyText(it, pkName), keyText(it, skName))
	}
	inv.Hash = hex.EncodeToString(sum[:])
	return inv, nil
}

// Invoice reads one invoice; ErrNotFound if absent.
func (s *Store) Invoice(ctx context.Context, account seats.AccountID, number int64) (*seats.IssuedInvoice, error) {
	if number < 1 || number > maxInvoiceNumber {
		return nil, seats.ErrNotFound
	}
	use := &Usage{Operation: "invoice"}
	defer s.report(ctx, use)
	it, err := s.get(ctx, use, invoiceKey(account, number))
	switch {
	case err != nil:
		return nil, err
	case it == nil:
		return nil, seats.ErrNotFound
	}
	return readInvoice(it)
}

// maxInvoiceNumber is what ten digits hold.
const maxInvoiceNumber = 9_999_999_999

// Invoices reads invoices, the newest first. The cursor is the number of the last
// one given.
func (s *Store) Invoices(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.IssuedInvoice, string, error) {
	q := query{pk: accountPK(account), prefix: invPrefix, descending: true}
	if page.Cursor != "" {
		n, err := strconv.ParseInt(page.Cursor, 10, 64)
		if err != nil || n < 1 || n > maxInvoiceNumber {
			return nil, "", badCursor()
		}
		q.from, q.to = invPrefix, invoiceSK(n-1)
	}
	var all []*seats.IssuedInvoice
	more, err := s.page(ctx, q, page.Limit, func(it item) error {
		inv, err := readInvoice(it)
		all = append(all, inv)
		return err
	})
	if err != nil || !more {
		return all, "", err
	}
	return all, strconv.FormatInt(all[len(all)-1].Number, 10), nil
}
