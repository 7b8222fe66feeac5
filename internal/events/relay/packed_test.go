package relay_test

import (
	"context"
	"slices"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/events/relay"
	"github.com/usher-seats/usher/internal/seats"
)

// bulkAssign is the event of an assign to 97 people at once.
func bulkAssign() events.Event {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	mint := seats.Minter{At: at, Wall: at}
	e := events.Event{
		ID: mint.Event(), Account: mint.Account(), Type: seats.LicenseAssigned, At: at, RecordedAt: at, Actor: seats.System,
		Data: seats.EventData{Subscription: mint.Subscription("scheduler"), Product: "scheduler"},
	}
	for range 97 {
		id := mint.User()
		e.Data.UserIDs = append(e.Data.UserIDs, id)
		e.Revs = append(e.Revs, seats.Rev{ID: string(id), Rev: 2})
	}
	return e
}

func TestAPackedEventGoesToTheBusWrittenOut(t *testing.T) {
	e := bulkAssign()
	want, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	detail, packed, err := events.Pack(e)
	if err != nil || packed == nil {
		t.Fatalf("not packed: %v", err)
	}
	whole := record(1, string(detail))
	whole.Change.NewImage[events.PackedAttribute] = lambdaevents.NewBinaryAttribute(packed)
	damaged := record(2, string(detail))
	damaged.Change.NewImage[events.PackedAttribute] = lambdaevents.NewBinaryAttribute(packed[:20])
	wrong := record(3, string(detail))
	wrong.Change.NewImage[events.PackedAttribute] = lambdaevents.NewStringAttribute("x")

	b := newBus(t, nil)
	failures := relay.NewPublisher(b.sender()).Publish(context.Background(), []lambdaevents.DynamoDBEventRecord{whole, damaged, wrong})
	wantFailures(t, failures, 2, 3)
	sent := slices.Concat(b.requests...)
	if len(sent) != 1 || sent[0].Detail != string(want) || sent[0].DetailType != seats.LicenseAssigned {
		t.Errorf("on the bus: %+v\nwant %s", sent, want)
	}
}
