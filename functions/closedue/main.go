// Command closedue finds the accounts that are due and puts them on the bus, 100
// an event; the rule CloseDueRule brings them to the close queue.
//
// Trigger: a schedule, every hour.
//
// Duplicate: an account that is found twice is closed once, by the condition of
// the close.
//
// Failure: what was not put on the bus is found again in the next hour, since an
// account stays due until it is closed; the event of the failed invocation goes to
// the dead-letter queue.
package main

import (
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/bus"
	"github.com/usher-seats/usher/internal/boot/dynamo"
	"github.com/usher-seats/usher/internal/events/relay"
	"github.com/usher-seats/usher/internal/store"
)

const function = "closedue"

func main() {
	cfg, err := boot.Load[boot.CloseDue]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	h := handler{
		due:  store.New(dynamo.New(rt.AWS, cfg.SeatsOnly.Endpoint), store.Options{SeatsTable: cfg.SeatsOnly.Seats, Meter: store.Log}),
		bus:  relay.Sender{Bus: bus.New(rt.AWS, cfg.Bus.Endpoint), Name: cfg.Bus.Name, Log: rt.Log},
		wall: rt.Now,
	}
	boot.Async(rt, h.handle)
}
