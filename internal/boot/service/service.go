// Package service makes the use cases of a function over the two tables.
package service

import (
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/dynamo"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

// New returns the use cases over the function's tables, with the first connection
// made.
func New(rt boot.Runtime, tables boot.Tables) *seats.Service {
	client := dynamo.New(rt.AWS, tables.Endpoint)
	rt.Warm(dynamo.Warm(client, tables.Seats))
	st := store.New(client, store.Options{SeatsTable: tables.Seats, KeysTable: tables.Keys, Meter: store.Log})
	svc := seats.New(st, st.InvitationKey)
	svc.Wall, svc.Log = rt.Now, rt.Log
	return svc
}
