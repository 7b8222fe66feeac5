// Package storetest is what every seats.Store must do, as tests: the comments of
// seats.Store and of seats.Change, held against an implementation. The store on
// DynamoDB and the one in memory run the same.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) seats.Store { return … })
//	}
//
// Where implementations may differ the tests leave room: a receipt that has expired
// may be loaded or be absent, guards may be taken by who has them, cursors may have
// any form.
package storetest

import (
	"testing"

	"github.com/usher-seats/usher/internal/seats"
)

// Run runs all tests. The function gives an empty store each time it is called.
func Run(t *testing.T, open func(testing.TB) seats.Store) {
	for _, group := range []struct {
		name string
		test func(*testing.T, seats.Store)
	}{
		{"what is written comes back", roundTrips},
		{"loading", loading},
		{"conditions", conditions},
		{"counted time", counted},
		{"effects", effects},
		{"impossible changes", impossible},
		{"guards", guards},
		{"pages", pages},
		{"time", indexes},
		{"plans", plans},
		{"receipts", receipts},
		{"counters", counters},
		{"billed people", billedPeople},
		{"races", races},
	} {
		t.Run(group.name, func(t *testing.T) { group.test(t, open(t)) })
	}
}
