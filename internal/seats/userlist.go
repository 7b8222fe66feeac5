package seats

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// UserFilter picks and orders users of a list.
type UserFilter struct {
	// Query is a prefix of first name, last name or email, case-folded.
	Query    string
	Role     Role
	Status   UserStatus
	Licensed *bool
	// Sort is name, email, added or status; a leading "-" reverses it.
	Sort string

	// everyActive is set where every active user holds a license.
	everyActive bool
}

// ListUsers gives the users that the caller may see: all of them, or a member
// only itself. Removed users are shown only where Status asks for them. Long lists may
// be seconds old. The users are for reading alone.
func (s *Service) ListUsers(ctx context.Context, caller Caller, account AccountID, f UserFilter) ([]*User, error) {
	seen, err := s.SeeUsers(ctx, caller, account, f)
	return seen.Users, err
}

// SeenUsers are the users that a filter lets through, with what the caller is in the
// account and how many of all the users that the caller sees are active.
type SeenUsers struct {
	Access *Access
	Users  []*User
	Active int
}

// SeeUsers is ListUsers with its numbers.
func (s *Service) SeeUsers(ctx context.Context, caller Caller, account AccountID, f UserFilter) (SeenUsers, error) {
	access, err := s.Enter(ctx, caller, account)
	if err != nil {
		return SeenUsers{}, err
	}
	seen := SeenUsers{Access: access}
	if err := f.check(); err != nil {
		return SeenUsers{}, err
	}
	users := []*User{access.Me}
	if Can(access.Me.Role, SeeAccount, nil) {
		all, err := s.sortedUsers(ctx, account, f.sortField())
		if err != nil {
			return SeenUsers{}, err
		}
		users = all
	}
	for _, u := range users {
		if u.Status == UserActive {
			seen.Active++
		}
	}
	if f.Licensed != nil {
		every, err := s.licensesEveryActive(ctx, account)
		if err != nil {
			return SeenUsers{}, err
		}
		f.everyActive = every
	}
	seen.Users = f.apply(users)
	return seen, nil
}

// licensesEveryActive reports whether the account is on a plan that bills active
// users, who all hold its license.
func (s *Service) licensesEveryActive(ctx context.Context, account AccountID) (bool, error) {
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return false, err
	}
	for _, sub := range subs {
		if sub.Status != SubscriptionActive {
			continue
		}
		plan, err := s.Store.Plan(ctx, sub.Plan)
		if err != nil {
			return false, err
		}
		if plan.Policies.ActiveUsers() {
			return true, nil
		}
	}
	return false, nil
}

// sortField is what the list is sorted by, "" for ids alone.
func (f UserFilter) sortField() string { return strings.TrimPrefix(f.Sort, "-") }

func (f UserFilter) check() error {
	switch f.sortField() {
	case "", "name", "email", "added", "status":
		return nil
	}
	e := *ErrInvalid
	e.Fields = []Field{{Location: "query.sort", Message: "must be name, email, added or status, with a leading - to reverse", Value: f.Sort}}
	return &e
}

// apply picks users of a list that is sorted by the field, upwards.
func (f UserFilter) apply(sorted []*User) []*User {
	query := strings.ToLower(f.Query)
	var found []*User
	for _, u := range sorted {
		if f.matches(u, query) {
			found = append(found, u)
		}
	}
	if f.Reversed() {
		slices.Reverse(found)
	}
	return found
}

// sortUsers sorts users by a field, upwards.
func sortUsers(users []*User, field string) []*User {
	type entry struct {
		key  string
		user *User
	}
	entries, f := make([]entry, len(users)), UserFilter{Sort: field}
	for i, u := range users {
		entries[i] = entry{f.Key(u), u}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(string(a.user.ID), string(b.user.ID)))
	})
	sorted := make([]*User, len(users))
	for i := range entries {
		sorted[i] = entries[i].user
	}
	return sorted
}

// Key is what the list is sorted by; users with the same key stand in the order of
// their ids. A page begins behind a key and an id, so that nobody is left out or
// given twice when users come, go or are renamed between two pages.
func (f UserFilter) Key(u *User) string {
	switch f.sortField() {
	case "added":
		return SortableInstant(u.AddedAt)
	case "email":
		return u.Email
	case "status":
		return string(u.Status)
	case "name":
		return strings.ToLower(u.LastName + "\x00" + u.FirstName)
	}
	return ""
}

// Reversed reports whether the list is sorted downwards, ids included.
func (f UserFilter) Reversed() bool { return strings.HasPrefix(f.Sort, "-") }

// SortableInstant is an instant as a text that sorts as instants do.
func SortableInstant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func (f UserFilter) matches(u *User, query string) bool {
	if f.Status == "" && u.Status == UserRemoved || f.Status != "" && u.Status != f.Status {
		return false
	}
	if f.Role != "" && u.Role != f.Role || f.Licensed != nil && *f.Licensed != f.licensed(u) {
		return false
	}
	if query == "" {
		return true
	}
	for _, text := range []string{u.FirstName, u.LastName, u.Email} {
		if beginsWith(text, query) {
			return true
		}
	}
	return false
}

// beginsWith reports whether a text begins with a query in lower case, whatever its
// own case.
func beginsWith(text, query string) bool {
	// What is ASCII, which most is, is compared without making another text.
	for i := range len(query) {
		switch {
		case i == len(text):
			return false
		case text[i] >= utf8.RuneSelf:
			return strings.HasPrefix(strings.ToLower(text), query)
		case lowerByte(text[i]) != query[i]:
			return false
		}
	}
	return true
}

func lowerByte(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func (f UserFilter) licensed(u *User) bool {
	return len(u.Licenses) > 0 || f.everyActive && u.Status == UserActive
}
