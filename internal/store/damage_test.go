package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

// set overwrites attributes of an item behind the store's back.
func (p *pool) set(table, pk, sk string, attributes map[string]types.AttributeValue) {
	p.t.Helper()
	k := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
	out, err := p.client.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: &table, Key: k})
	p.must(err)
	if out.Item == nil {
		p.t.Fatalf("there is no item %s/%s", pk, sk)
	}
	for name, v := range attributes {
		out.Item[name] = v
	}
	_, err = p.client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &table, Item: out.Item})
	p.must(err)
}

func (p *pool) invoice(number int64) *seats.IssuedInvoice {
	inv := billing.Invoice{Format: billing.FormatCurrent, Kind: billing.KindInvoice, Number: number, AccountID: string(p.account), Currency: "EUR", IssuedAt: p.mint.At}
	b := inv.Canonical()
	return &seats.IssuedInvoice{Number: number, Canonical: b, Hash: billing.Hash(b), IssuedAt: p.mint.At, Status: seats.InvoiceOpen}
}

func TestAnInvoiceWhoseBytesChangedIsRefused(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	p.must(p.Commit(ctx, p.account, &seats.Change{Invoice: p.invoice(1)}))
	p.must(p.Commit(ctx, p.account, &seats.Change{Invoice: p.invoice(2)}))
	other, err := p.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &p.opts.SeatsTable, Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "A#" + string(p.account)}, "sk": &types.AttributeValueMemberS{Value: "I#0000000002"},
	}})
	p.must(err)
	p.set(p.opts.SeatsTable, "A#"+string(p.account), "I#0000000001", map[string]types.AttributeValue{"z": other.Item["z"]})
	if _, err := p.Invoice(ctx, p.account, 1); err == nil || !strings.Contains(err.Error(), "changed after it was issued") {
		t.Errorf("one invoice: %v", err)
	}
	if _, _, err := p.Invoices(ctx, p.account, seats.Page{}); err == nil {
		t.Error("the list gave it")
	}
	if _, err := p.Invoice(ctx, p.account, 2); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
}

func TestAnInvoiceWithAnotherHashIsNotIssued(t *testing.T) {
	p := newPool(t)
	inv := p.invoice(1)
	inv.Canonical = append(inv.Canonical, ' ')
	if err := p.Commit(t.Context(), p.account, &seats.Change{Invoice: inv}); err == nil {
		t.Error("it was issued")
	}
}

func TestADamagedAttributeIsAnErrorAndNoDecision(t *testing.T) {
	ctx := t.Context()
	text := &types.AttributeValueMemberS{Value: "x"}
	list := &types.AttributeValueMemberL{Value: []types.AttributeValue{text}}
	number := &types.AttributeValueMemberN{Value: "1.5"}
	load := func(p *pool, st *store.Store) error {
		_, err := st.Load(ctx, seats.Want{Account: p.account, Products: []string{"reports"}, Receipt: p.receipt(1).Key})
		return err
	}
	month := func(p *pool, st *store.Store) error {
		_, _, err := st.Events(ctx, p.account, "2026-11", seats.Page{})
		return err
	}
	sub := func(p *pool) (string, string, string) {
		return p.opts.SeatsTable, "A#" + string(p.account), "S#reports"
	}
	receipt := func(p *pool) (string, string, string) { return p.opts.KeysTable, "R#" + p.receipt(1).Key, "R" }
	key := func(p *pool) (string, string, string) { return p.opts.KeysTable, "SECRET#invitation", "K" }
	for _, tt := range []struct {
		name      string
		at        func(*pool) (table, pk, sk string)
		attribute string
		value     types.AttributeValue
		read      func(*pool, *store.Store) error
	}{
		{"text for a number", sub, "fr", text, load},
		{"a fraction", sub, "v", number, load},
		{"a number for text", sub, "st", number, load},
		{"no date", sub, "pa", text, load},
		{"a list of something else", sub, "un", list, load},
		{"a list for a map", sub, "pe", list, load},
		{"text for bytes", receipt, "z", text, load},
		{"bytes that are not deflated", receipt, "z", &types.AttributeValueMemberB{Value: []byte("no")}, load},
		{"text for a flag", receipt, "d", text, load},
		{"an invitation key that is too short", key, "k", &types.AttributeValueMemberB{Value: []byte("short")}, func(_ *pool, st *store.Store) error {
			_, err := st.InvitationKey(ctx)
			return err
		}},
		{"an event that is none", func(p *pool) (string, string, string) {
			p.must(p.take(ctx))
			events, _, err := p.Events(ctx, p.account, "2026-11", seats.Page{})
			p.must(err)
			return p.opts.SeatsTable, "E#" + string(p.account) + "#2026-11", string(events[0].ID)
		}, "ev", text, month},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t)
			if _, err := p.ClaimReceipt(ctx, p.receipt(1)); err != nil {
				t.Fatal(err)
			}
			if _, err := p.InvitationKey(ctx); err != nil {
				t.Fatal(err)
			}
			st := store.New(p.client, p.opts)
			table, pk, sk := tt.at(p)
			p.set(table, pk, sk, map[string]types.AttributeValue{tt.attribute: tt.value})
			if err := tt.read(p, st); err == nil {
				t.Error("it was read as if nothing were wrong")
			}
		})
	}
}

func TestCursorsOfAnotherListAreRefused(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	long := strings.Repeat("x", 200)
	for _, tt := range []struct {
		name string
		list func(cursor string) error
		bad  []string
	}{
		{"accounts", func(c string) error { _, _, err := p.Accounts(ctx, seats.Page{Cursor: c}); return err }, []string{"x", "usr_06c4b1yk2g0qm8v3n5t7w9xb1c", long}},
		{"parked", func(c string) error { _, _, err := p.ParkedAccounts(ctx, seats.Page{Cursor: c}); return err }, []string{long}},
		{"invoices", func(c string) error { _, _, err := p.Invoices(ctx, p.account, seats.Page{Cursor: c}); return err }, []string{"x", "-1", "0", "99999999999", long}},
		{"events", func(c string) error {
			_, _, err := p.Events(ctx, p.account, "2026-11", seats.Page{Cursor: c})
			return err
		}, []string{long}},
		{"months", func(m string) error { _, _, err := p.Events(ctx, p.account, m, seats.Page{}); return err }, []string{"", "2026", "2026-13", long}},
	} {
		for _, bad := range tt.bad {
			if err := tt.list(bad); !isRefusal(err, seats.ErrInvalid) {
				t.Errorf("%s took %q: %v", tt.name, bad, err)
			}
		}
	}
	for _, number := range []int64{0, -1, 10_000_000_000} {
		if _, err := p.Invoice(ctx, p.account, number); !isRefusal(err, seats.ErrNotFound) {
			t.Errorf("invoice %d: %v", number, err)
		}
	}
}
