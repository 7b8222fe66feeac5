package seatstest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// Store is a seats.Store in memory. Make one with NewStore; its methods may be
// called by many goroutines at once.
type Store struct {
	mu     sync.Mutex
	data   Data
	copies copier
}

var _ seats.Store = (*Store)(nil)

// Data is everything that a Store holds.
type Data struct {
	Accounts      map[seats.AccountID]*seats.Account
	Users         map[seats.AccountID]map[seats.UserID]*seats.User
	Subscriptions map[seats.AccountID]map[string]*seats.Subscription // by product
	Emails        map[string]map[seats.AccountID]seats.UserID
	SignIns       map[string]map[seats.AccountID]seats.UserID
	Events        map[seats.AccountID]map[seats.EventID]*seats.Event
	Invoices      map[seats.AccountID]map[int64]*seats.IssuedInvoice
	Quotes        map[seats.QuoteID]*seats.Quote
	Plans         map[string]map[int]*seats.Plan // by id and version
	Receipts      map[string]*seats.Receipt
	Requests      map[seats.AccountID]map[seats.RequestID]*seats.Request
	Billed        map[seats.AccountID]map[string]*seats.Billed
	Counters      map[string]int
	// Mails are by what seats.InvitationMailID names.
	Mails map[string]seats.InvitationMail
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		data: Data{
			Accounts:      map[seats.AccountID]*seats.Account{},
			Users:         map[seats.AccountID]map[seats.UserID]*seats.User{},
			Subscriptions: map[seats.AccountID]map[string]*seats.Subscription{},
			Emails:        map[string]map[seats.AccountID]seats.UserID{},
			SignIns:       map[string]map[seats.AccountID]seats.UserID{},
			Events:        map[seats.AccountID]map[seats.EventID]*seats.Event{},
			Invoices:      map[seats.AccountID]map[int64]*seats.IssuedInvoice{},
			Quotes:        map[seats.QuoteID]*seats.Quote{},
			Plans:         map[string]map[int]*seats.Plan{},
			Receipts:      map[string]*seats.Receipt{},
			Requests:      map[seats.AccountID]map[seats.RequestID]*seats.Request{},
			Billed:        map[seats.AccountID]map[string]*seats.Billed{},
			Counters:      map[string]int{},
			Mails:         map[string]seats.InvitationMail{},
		},
	}
}

// Tamper changes what is stored behind the domain's back.
func (s *Store) Tamper(change func(*Data)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.data)
}

// Snapshot is a deep copy of everything, to compare or to start again from.
func (s *Store) Snapshot() Data {
	s.mu.Lock()
	defer s.mu.Unlock()
	return deepCopy(&s.copies, s.data)
}

// Restore replaces everything by a copy of a snapshot.
func (s *Store) Restore(to Data) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = deepCopy(&s.copies, to)
}

// sortedValues are the values of a map in the order of its keys.
func sortedValues[K cmp.Ordered, V any](m map[K]V) []V {
	values := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}

// put writes into a map of maps.
func put[K, L comparable, V any](m map[K]map[L]V, outer K, inner L, value V) {
	if m[outer] == nil {
		m[outer] = map[L]V{}
	}
	m[outer][inner] = value
}

// live reports whether a receipt exists that has not expired at the wall clock's
// instant.
func (d *Data) live(key string, at time.Time) bool {
	r := d.Receipts[key]
	return r != nil && at.Before(r.ExpiresAt)
}

// Load reads the wanted items at one instant. A receipt is given even where it has
// expired, since the caller knows the time.
func (s *Store) Load(ctx context.Context, want seats.Want) (seats.View, error) {
	if err := ctx.Err(); err != nil {
		return seats.View{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if want.Account == "" && len(want.Users)+len(want.Products) > 0 {
		return seats.View{}, errors.New("seatstest: users and products belong to an account, and none was named")
	}
	view := seats.View{
		Account: deepCopy(&s.copies, s.data.Accounts[want.Account]),
		Users:   map[seats.UserID]*seats.User{}, Subscriptions: map[string]*seats.Subscription{},
	}
	if want.UsersOnly {
		view.Account = nil
	}
	for _, id := range want.Users {
		if u := s.data.Users[want.Account][id]; u != nil {
			view.Users[id] = deepCopy(&s.copies, u)
		}
	}
	for _, product := range want.Products {
		if sub := s.data.Subscriptions[want.Account][product]; sub != nil {
			view.Subscriptions[product] = deepCopy(&s.copies, sub)
		}
	}
	if q := s.data.Quotes[want.Quote]; q != nil && q.Account == want.Account {
		view.Quote = deepCopy(&s.copies, q)
	}
	view.Receipt = deepCopy(&s.copies, s.data.Receipts[want.Receipt])
	view.Request = deepCopy(&s.copies, s.data.Requests[want.Account][want.Request])
	return view, nil
}

// Subscriptions reads every subscription of the account, by product.
func (s *Store) Subscriptions(ctx context.Context, account seats.AccountID) ([]*seats.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return deepCopy(&s.copies, sortedValues(s.data.Subscriptions[account])), nil
}

// Users reads every user of the account, by id.
func (s *Store) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return deepCopy(&s.copies, sortedValues(s.data.Users[account])), nil
}

// UserBySignIn finds the user that the identity is bound to, or "".
func (s *Store) UserBySignIn(ctx context.Context, subject string, account seats.AccountID) (seats.UserID, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.SignIns[subject][account], nil
}

// AccountsBySignIn finds all accounts of an identity, by account id.
func (s *Store) AccountsBySignIn(ctx context.Context, subject string) ([]seats.Membership, error) {
	return s.memberships(ctx, func() map[seats.AccountID]seats.UserID { return s.data.SignIns[subject] })
}

// UsersByEmail finds the users with a normalized email, by account id.
func (s *Store) UsersByEmail(ctx context.Context, email string) ([]seats.Membership, error) {
	return s.memberships(ctx, func() map[seats.AccountID]seats.UserID { return s.data.Emails[email] })
}

func (s *Store) memberships(ctx context.Context, of func() map[seats.AccountID]seats.UserID) ([]seats.Membership, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []seats.Membership
	for _, account := range slices.Sorted(maps.Keys(of())) {
		found = append(found, seats.Membership{Account: account, User: of()[account]})
	}
	return found, nil
}

// Plan reads a plan version; version 0 is the newest.
func (s *Store) Plan(ctx context.Context, ref seats.PlanRef) (*seats.Plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	version := ref.Version
	if version == 0 {
		for v := range s.data.Plans[ref.ID] {
			version = max(version, v)
		}
	}
	plan := s.data.Plans[ref.ID][version]
	if plan == nil {
		return nil, seats.ErrNotFound.With("There is no plan %s, version %d.", ref.ID, ref.Version)
	}
	return deepCopy(&s.copies, plan), nil
}

// Plans reads the newest version of every plan.
func (s *Store) Plans(ctx context.Context) ([]*seats.Plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var plans []*seats.Plan
	for _, id := range slices.Sorted(maps.Keys(s.data.Plans)) {
		newest := slices.Max(slices.Collect(maps.Keys(s.data.Plans[id])))
		plans = append(plans, deepCopy(&s.copies, s.data.Plans[id][newest]))
	}
	return plans, nil
}

// PutPlan writes a new version; a ConditionError if it exists.
func (s *Store) PutPlan(ctx context.Context, plan *seats.Plan) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if plan.ID == "" || plan.Version < 1 {
		return fmt.Errorf("seatstest: no plan version can be %q, %d", plan.ID, plan.Version)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was := s.data.Plans[plan.ID][plan.Version]; was != nil && !reflect.DeepEqual(was, plan) {
		return &seats.ConditionError{Failed: []seats.Failed{{Kind: "plan"}}}
	}
	put(s.data.Plans, plan.ID, plan.Version, deepCopy(&s.copies, plan))
	return nil
}

// PutQuote keeps a quote. Its id is new, or the quote the same.
func (s *Store) PutQuote(ctx context.Context, quote *seats.Quote) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was := s.data.Quotes[quote.ID]; was != nil && !reflect.DeepEqual(was, quote) {
		return &seats.ConditionError{Failed: []seats.Failed{{Kind: seats.ItemQuote}}}
	}
	s.data.Quotes[quote.ID] = deepCopy(&s.copies, quote)
	return nil
}

// ClaimReceipt writes an unfinished receipt unless one exists that has not expired
// at the claim's instant. The same claim once more is no other.
func (s *Store) ClaimReceipt(ctx context.Context, receipt *seats.Receipt) (*seats.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data.live(receipt.Key, receipt.ClaimedAt) {
		was := s.data.Receipts[receipt.Key]
		if was.Seed == receipt.Seed && was.Request == receipt.Request && !was.Done {
			return nil, nil
		}
		return deepCopy(&s.copies, was), nil
	}
	s.data.Receipts[receipt.Key] = deepCopy(&s.copies, receipt)
	return nil, nil
}

// FinishReceipt stores the answer of a claimed receipt. The first answer stays.
func (s *Store) FinishReceipt(ctx context.Context, receipt *seats.Receipt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.data.Receipts[receipt.Key]
	if was == nil || was.Seed != receipt.Seed {
		return &seats.ConditionError{Failed: []seats.Failed{{Kind: seats.ItemReceipt}}}
	}
	if !was.Done {
		was.Done, was.Answer = true, bytes.Clone(receipt.Answer)
	}
	return nil
}

// Count adds one to the counter of the window that now lies in.
func (s *Store) Count(ctx context.Context, key string, window time.Duration, now time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key += "#" + strconv.FormatInt(now.Truncate(window).Unix(), 10)
	s.data.Counters[key]++
	return s.data.Counters[key], nil
}
