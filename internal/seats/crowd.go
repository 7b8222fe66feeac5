package seats

import (
	"context"
	"slices"
	"sync"
	"time"
)

// What is remembered of the users of accounts.
const (
	// peopleTTL is how old a list of users may be. Only lists that are long to read are
	// remembered; what this process writes itself is seen at once.
	peopleTTL = 5 * time.Second
	// shortList is what the database gives in one page of a query, with room to spare:
	// such lists are read each time.
	shortList = 500
	// peopleLists bounds the memory of one function instance: a list at its longest has
	// about ten megabytes.
	peopleLists = 4
	// peopleCounts bounds how many accounts' numbers of users are remembered.
	peopleCounts = 10_000
)

// How MaxUsersPerAccount is kept without a counter that all who add users would wait
// for. Far from the limit a number that was counted a while ago will do: seconds ago
// for lists of people, minutes ago for a few, who cannot fill the rest. Near it the
// users are counted each time, and what adds some is conditioned on the account's
// revision and moves it: so of those who are near it at once one is first, and the
// others count again. An account passes the limit only if others add more than the
// last tenth while a number is remembered.
const (
	crowded      = MaxUsersPerAccount * 9 / 10
	fewPeople    = 10
	countTTL     = 5 * time.Second
	countTTLFew  = 5 * time.Minute
	userLimitHow = "This account has %d users, as many as one can have. Remove users who have left, or write to the vendor for a second account."
)

// crowd is how many users an account has, as far as adding some needs to know.
type crowd struct {
	users int
	// near is set near the limit: the number is that of now, and adding is conditioned
	// on the account.
	near bool
}

// room is how many users may still be added.
func (t *turn) room() int { return max(0, MaxUsersPerAccount-t.crowd.users) }

// guardCrowd makes a change that adds users near the limit the only one of its time.
func (t *turn) guardCrowd(change *Change) {
	if !t.crowd.near || change.Account != nil || len(change.Events) == 0 {
		return
	}
	a := *t.Account
	a.Rev++
	change.Account = &AccountWrite{Account: &a, From: t.Account.Rev}
	change.Events[0].Revs = append(change.Events[0].Revs, Rev{string(a.ID), a.Rev})
}

// crowdOf counts the users of an account, or remembers how many there were.
func (s *Service) crowdOf(ctx context.Context, account AccountID, adds int) (crowd, error) {
	if n, ok := s.people.count(account, s.Wall(), adds); ok {
		return crowd{users: n}, nil
	}
	users, err := s.readUsers(ctx, account)
	if err != nil {
		return crowd{}, err
	}
	n := present(users)
	return crowd{users: n, near: n+adds > crowded}, nil
}

// users gives the users of an account, the removed ones too. Long lists may be
// seconds old. They are for reading alone: others hold them too.
func (s *Service) users(ctx context.Context, account AccountID) ([]*User, error) {
	if known := s.people.list(account, s.Wall()); known != nil {
		return known, nil
	}
	return s.readUsers(ctx, account)
}

// sortedUsers gives the users sorted by a field, upwards. The order of a long list is
// remembered with it.
func (s *Service) sortedUsers(ctx context.Context, account AccountID, field string) ([]*User, error) {
	if sorted := s.people.sorted(account, field, s.Wall()); sorted != nil {
		return sorted, nil
	}
	users, err := s.users(ctx, account)
	if err != nil {
		return nil, err
	}
	sorted := sortUsers(users, field)
	s.people.keepSorted(account, field, users, sorted)
	return sorted, nil
}

func (s *Service) readUsers(ctx context.Context, account AccountID) ([]*User, error) {
	now := s.Wall()
	writes := s.people.written(account)
	users, err := s.Store.Users(ctx, account)
	if err == nil {
		s.people.keep(account, users, now, writes)
	}
	return users, err
}

// commit writes a change, after which nothing that is remembered hides it.
func (s *Service) commit(ctx context.Context, account AccountID, change *Change) error {
	err := s.Store.Commit(ctx, account, change)
	if len(change.Users) > 0 {
		// Also after an error: a commit whose answer is lost may have happened.
		s.people.wrote(account, change, err == nil)
	}
	return err
}

func present(users []*User) int {
	n := 0
	for _, u := range users {
		if u.Status != UserRemoved {
			n++
		}
	}
	return n
}

// peopleCache remembers users of accounts.
type peopleCache struct {
	mu       sync.Mutex
	accounts map[AccountID]*knownPeople
	// lists are the accounts whose users are remembered, the newest last.
	lists []AccountID
}

type knownPeople struct {
	users   []*User            // nil where they are not remembered
	orders  map[string][]*User // the same, by what they are sorted by
	count   int
	readAt  time.Time
	counted bool
	// writes counts what this process has written, so that a list that was read
	// meanwhile is not kept.
	writes int
}

func fresh(readAt, now time.Time, ttl time.Duration) bool {
	return !now.Before(readAt) && now.Before(readAt.Add(ttl))
}

func (c *peopleCache) list(account AccountID, now time.Time) []*User {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.accounts[account]; k != nil && fresh(k.readAt, now, peopleTTL) {
		return k.users
	}
	return nil
}

func (c *peopleCache) sorted(account AccountID, field string, now time.Time) []*User {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.accounts[account]; k != nil && fresh(k.readAt, now, peopleTTL) {
		return k.orders[field]
	}
	return nil
}

// keepSorted keeps an order of a list, if that is still the one that is remembered.
func (c *peopleCache) keepSorted(account AccountID, field string, users, sorted []*User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.accounts[account]; k != nil && len(k.users) > 0 && len(users) == len(k.users) && &k.users[0] == &users[0] {
		k.orders[field] = sorted
	}
}

func (c *peopleCache) count(account AccountID, now time.Time, adds int) (int, bool) {
	ttl := countTTL
	if adds <= fewPeople {
		ttl = countTTLFew
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.accounts[account]
	if k == nil || !k.counted || !fresh(k.readAt, now, ttl) || k.count+adds > crowded {
		return 0, false
	}
	return k.count, true
}

func (c *peopleCache) written(account AccountID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of(account).writes
}

// of is what is known of an account. The caller holds the lock.
func (c *peopleCache) of(account AccountID) *knownPeople {
	k := c.accounts[account]
	if k == nil {
		if c.accounts == nil || len(c.accounts) >= peopleCounts {
			c.accounts, c.lists = map[AccountID]*knownPeople{}, nil
		}
		k = &knownPeople{}
		c.accounts[account] = k
	}
	return k
}

func (c *peopleCache) keep(account AccountID, users []*User, now time.Time, writes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.of(account)
	if k.writes != writes {
		return
	}
	k.count, k.readAt, k.counted = present(users), now, true
	c.forget(account)
	if len(users) <= shortList {
		return
	}
	k.users, k.orders = users, map[string][]*User{}
	c.lists = append(c.lists, account)
	if len(c.lists) > peopleLists {
		c.forget(c.lists[0])
	}
}

// forget drops the list of an account, not its number. The caller holds the lock.
func (c *peopleCache) forget(account AccountID) {
	if k := c.accounts[account]; k != nil {
		k.users, k.orders = nil, nil
	}
	c.lists = slices.DeleteFunc(c.lists, func(a AccountID) bool { return a == account })
}

// wrote takes a change of users into account; of one that is not certain only that
// nothing is certain any more.
func (c *peopleCache) wrote(account AccountID, change *Change, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.of(account)
	k.writes++
	c.forget(account)
	k.counted = k.counted && certain
	for _, w := range change.Users {
		switch {
		case w.From == 0:
			k.count++
		case w.FreeEmail:
			k.count--
		}
	}
}
