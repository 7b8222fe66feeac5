package seats_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// counting is a store that counts how often the users of an account are read.
type counting struct {
	seats.Store
	users int
}

func (c *counting) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	c.users++
	return c.Store.Users(ctx, account)
}

func list(r *seatstest.Rig, s *seats.Service, f seats.UserFilter) []*seats.User {
	users, err := s.ListUsers(r.Ctx, r.Caller("owner"), r.Account, f)
	r.Must(err)
	return users
}

func TestALongListIsReadOnceInSecondsAndShowsOwnWritesAtOnce(t *testing.T) {
	r := seatstest.Open(t)
	full(r, 2000)
	reads := &counting{Store: r.Store}
	s := r.On(reads)
	for _, f := range []seats.UserFilter{{}, {Sort: "email"}, {Query: "last7"}, {Sort: "-name"}} {
		list(r, s, f)
	}
	equal(t, "reads", reads.users, 1)
	_, _, err := s.Pools(r.Ctx, r.Caller("owner"), r.Account, "")
	r.Must(err)
	equal(t, "reads for the pools", reads.users, 1)

	_, err = s.CreateUser(r.Ctx, r.Caller("owner"), r.Account, newUser("ann", ""), seats.Purchase{}, none[*seats.User]())
	r.Must(err)
	equal(t, "listed after writing", len(list(r, s, seats.UserFilter{Query: "ann@"})), 1)
	// What another process writes is seen within seconds.
	r.Invite(seatstest.Invitee("bob", ""))
	equal(t, "listed of another's", len(list(r, s, seats.UserFilter{Query: "bob@"})), 0)
	r.Wall.Advance(5 * time.Second)
	equal(t, "listed of another's after seconds", len(list(r, s, seats.UserFilter{Query: "bob@"})), 1)
}

func TestAShortListIsReadEachTime(t *testing.T) {
	r := seatstest.Open(t)
	s := r.On(r.Store)
	equal(t, "listed", len(list(r, s, seats.UserFilter{})), 1)
	r.Join("ann")
	equal(t, "listed at once", len(list(r, s, seats.UserFilter{})), 2)
}

func TestAListThatIsReadWhileSomebodyIsAddedIsNotRemembered(t *testing.T) {
	r := seatstest.Open(t)
	full(r, 2000)
	late := &overtakenUsers{Store: r.Store}
	s := r.On(late)
	late.then = func() {
		_, err := s.EditUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("full01000@example.com"), seats.UserPatch{FirstName: ptr("Zoe")}, none[*seats.User]())
		r.Must(err)
	}
	list(r, s, seats.UserFilter{})
	equal(t, "found", len(list(r, s, seats.UserFilter{Query: "zoe"})), 1)
}

// overtakenUsers is a store in which something happens just after the users were read
// for the first time.
type overtakenUsers struct {
	seats.Store
	then func()
}

func (s *overtakenUsers) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	users, err := s.Store.Users(ctx, account)
	if then := s.then; then != nil {
		s.then = nil
		then()
	}
	return users, err
}

func TestTenThousandUsersAreSortedAndSearched(t *testing.T) {
	r := seatstest.Open(t)
	full(r, seats.MaxUsersPerAccount)
	s := r.On(r.Store)
	for _, sort := range []string{"name", "email", "added", "status"} {
		f := seats.UserFilter{Sort: sort}
		up := list(r, s, f)
		equal(t, "users by "+sort, len(up), seats.MaxUsersPerAccount)
		for i := 1; i < len(up); i++ {
			a, b := f.Key(up[i-1])+"\x00"+string(up[i-1].ID), f.Key(up[i])+"\x00"+string(up[i].ID)
			if f.Key(up[i-1]) > f.Key(up[i]) || f.Key(up[i-1]) == f.Key(up[i]) && a >= b {
				t.Fatalf("by %s, %q stands before %q", sort, a, b)
			}
		}
		down := list(r, s, seats.UserFilter{Sort: "-" + sort})
		for i := range down {
			if down[i].ID != up[len(up)-1-i].ID {
				t.Fatalf("by -%s, %d is another one", sort, i)
			}
		}
	}
	for query, field := range map[string]func(*seats.User) string{
		"first42":   func(u *seats.User) string { return u.FirstName },
		"LAST100":   func(u *seats.User) string { return u.LastName },
		"full0999":  func(u *seats.User) string { return u.Email },
		"nosuchone": func(*seats.User) string { return "nosuchone" },
	} {
		found := list(r, s, seats.UserFilter{Query: query})
		want := 0
		for _, u := range r.Store.Snapshot().Users[r.Account] {
			if strings.HasPrefix(strings.ToLower(field(u)), strings.ToLower(query)) && query != "nosuchone" {
				want++
			}
		}
		equal(t, "found by "+query, len(found), want)
	}
}

func BenchmarkListOfTenThousandUsers(b *testing.B) {
	r := seatstest.Open(b)
	full(r, seats.MaxUsersPerAccount)
	for _, f := range []seats.UserFilter{{Sort: "name"}, {Sort: "email"}, {Query: "last10", Sort: "name"}} {
		b.Run(fmt.Sprintf("sort %s, query %q", f.Sort, f.Query), func(b *testing.B) {
			s := r.On(r.Store)
			list(r, s, f)
			for b.Loop() {
				list(r, s, f)
			}
		})
	}
}
