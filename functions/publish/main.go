// Command publish puts the ledger on the event bus: the one way out of the table.
//
// Trigger: the stream of the seats table, new items whose pk begins with "E#"
// (ledger events), in batches per shard, ReportBatchItemFailures and bisect on.
//
// Duplicate: an event may reach the bus more than once, since PutEvents knows no
// idempotency and a stream delivers the records behind a failed one again.
// Consumers drop what they have seen by the event's id.
//
// Failure: entries that the bus refuses for now are tried again at once, they
// alone, then by the stream until it takes them or the mapping's tries are over;
// then the batch's place in the stream goes to the dead-letter queue. A record that can never be
// published (counted as Poison, logged as "poison record") goes the same way and
// holds up no neighbour: they are sent in the same call. The events themselves
// stay in the table for good.
package main

import (
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/bus"
	"github.com/usher-seats/usher/internal/events/relay"
)

const function = "publish"

func main() {
	cfg, err := boot.Load[boot.Publish]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	h := handler{publisher: relay.NewPublisher(relay.Sender{
		Bus: bus.New(rt.AWS, cfg.Bus.Endpoint), Name: cfg.Bus.Name, Log: rt.Log,
	})}
	boot.Async(rt, h.handle)
}
