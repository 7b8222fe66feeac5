package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// peoplePerItem keeps an item of billed people at some 20 KB, so that 10,000 of them
// are ten small writes.
const peoplePerItem = 1000

// billedPrefix begins the sort keys of billed people.
const billedPrefix = "B#"

// billedSK is where the items of one list stand. The hash is a part of it: what two
// closes at once put never mixes, and the list that the invoice names is the one that
// is read.
func billedSK(product string, start time.Time, sha256 string) string {
	return billedPrefix + start.UTC().Format(time.RFC3339Nano) + "#" + product + "#" + sha256 + "#"
}

// Attributes of billed people: z a line for each, of the id without its prefix, a space
// and the days, deflated.
func (s *Store) billedItem(k key, people []seats.BilledPerson) (item, error) {
	var lines strings.Builder
	for _, p := range people {
		lines.WriteString(shortID("usr_", string(p.User)) + " " + strconv.FormatInt(p.Days, 10) + "\n")
	}
	z, err := s.deflate([]byte(lines.String()))
	if err != nil {
		return nil, err
	}
	it := newItem(k)
	it.binary("z", z)
	return it, nil
}

func readBilled(it item) ([]seats.BilledPerson, error) {
	r := read(it)
	z := r.binary("z")
	if err := r.failure(); err != nil {
		return nil, err
	}
	text, err := inflate(z)
	if err != nil {
		return nil, err
	}
	var people []seats.BilledPerson
	for l := range strings.Lines(string(text)) {
		id, days, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		n, err := strconv.ParseInt(days, 10, 64)
		if err != nil || id == "" {
			return nil, fmt.Errorf("store: %s/%s: %q is nobody who is billed", keyText(it, pkName), keyText(it, skName), l)
		}
		people = append(people, seats.BilledPerson{User: seats.UserID(longID("usr_", id)), Days: n})
	}
	return people, nil
}

// PutBilled keeps a list of billed people, an item for each thousand. The same list
// may be put again.
func (s *Store) PutBilled(ctx context.Context, account seats.AccountID, billed *seats.Billed) error {
	if !account.Valid() || !seats.ValidSlug(billed.Product) || billed.SHA256 != seats.HashBilled(billed.People) {
		return fmt.Errorf("store: billed people of %s, %s: the hash is not that of the list, or it is of nothing", account, billed.Product)
	}
	use := &Usage{Operation: "put billed"}
	defer s.report(ctx, use)
	n := 0
	for people := range slices.Chunk(billed.People, peoplePerItem) {
		k := key{pk: accountPK(account), sk: billedSK(billed.Product, billed.PeriodStart, billed.SHA256) + fmt.Sprintf("%04d", n)}
		it, err := s.billedItem(k, people)
		if err != nil {
			return err
		}
		if was, err := s.putNew(ctx, use, k, it, "", nil); err != nil {
			return err
		} else if was != nil && !same(was, it) {
			return fmt.Errorf("store: %s/%s was put before with other people", k.pk, k.sk)
		}
		n++
	}
	return nil
}

// Billed reads a list of billed people; ErrNotFound if absent or not whole.
func (s *Store) Billed(ctx context.Context, account seats.AccountID, product string, periodStart time.Time, sha256 string) (*seats.Billed, error) {
	billed := &seats.Billed{Product: product, PeriodStart: periodStart.UTC(), SHA256: sha256}
	err := s.each(ctx, prefixQuery(accountPK(account), billedSK(product, periodStart, sha256)), func(it item) error {
		people, err := readBilled(it)
		billed.People = append(billed.People, people...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(billed.People) == 0 || seats.HashBilled(billed.People) != sha256 {
		return nil, seats.ErrNotFound.With("There is no list of the people billed for %s.", product)
	}
	return billed, nil
}
