package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

func isRefusal(err error, want *seats.Error) bool { return errors.Is(err, want) }

func TestPlansAreRemembered(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	if err := r.PutPlan(ctx, &seats.Plan{ID: "team", Version: 1, Name: "Team"}); err != nil {
		t.Fatal(err)
	}
	r.meet("")
	for range 3 {
		for _, ref := range []seats.PlanRef{{ID: "team"}, {ID: "team", Version: 1}} {
			if _, err := r.Plan(ctx, ref); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(r.requests("GetItem")) + len(r.requests("Query")); n != 1 {
		t.Errorf("%d requests for six reads, want 1", n)
	}
	r.now = r.now.Add(5 * time.Second)
	for range 2 {
		if _, err := r.Plan(ctx, seats.PlanRef{ID: "team"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.requests("Query")); n != 2 {
		t.Errorf("%d looks at the newest version five seconds later, want a second one", n)
	}
	if err := r.PutPlan(ctx, &seats.Plan{ID: "team", Version: 2, Name: "Team"}); err != nil {
		t.Fatal(err)
	}
	newest, err := r.Plan(ctx, seats.PlanRef{ID: "team"})
	if err != nil || newest.Version != 2 {
		t.Errorf("after publishing the newest is %+v, %v", newest, err)
	}
}

// Two processes publish at once: the one that comes second must look again, past
// what it remembers.
func TestALostPublicationForgetsTheNewestVersion(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	other := store.New(r.client, r.opts)
	svc := seats.New(r.Store, r.InvitationKey)
	publish := func(st *store.Store, name string) []seats.PlanRef {
		t.Helper()
		svc.Store = st
		refs, err := svc.PublishPlans(ctx, []*seats.Plan{{ID: "team", Name: name}})
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	publish(r.Store, "Team")
	if _, err := r.Plan(ctx, seats.PlanRef{ID: "team"}); err != nil {
		t.Fatal(err)
	}
	publish(other, "Team, dearer")
	if got := publish(r.Store, "Team, cheaper"); got[0].Version != 3 {
		t.Errorf("published version %d, want 3", got[0].Version)
	}
}

// Versions of plans outlive the program that published them: one from before plans were
// listed is listed as soon as it is published again.
func TestAPlanFromBeforeTheListIsListedWhenItIsPublishedAgain(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	svc := seats.New(r.Store, r.InvitationKey)
	offer := &seats.Plan{ID: "team", Name: "Team", Prices: map[money.Currency]billing.Price{}}
	publish := func() seats.PlanRef {
		t.Helper()
		refs, err := svc.PublishPlans(ctx, []*seats.Plan{offer})
		if err != nil {
			t.Fatal(err)
		}
		return refs[0]
	}
	publish()
	if _, err := r.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(r.opts.SeatsTable), Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "PLANS"}, "sk": &types.AttributeValueMemberS{Value: "team"},
	}}); err != nil {
		t.Fatal(err)
	}
	if plans, err := r.Plans(ctx); err != nil || len(plans) != 0 {
		t.Fatalf("off the list there are %v, %v", plans, err)
	}
	if again := publish(); again.Version != 1 {
		t.Errorf("the same offer is version %d now", again.Version)
	}
	if plans, err := r.Plans(ctx); err != nil || len(plans) != 1 || plans[0].Version != 1 {
		t.Errorf("published again there are %v, %v", plans, err)
	}
}

func TestListedPlansAreReadTogetherAndOnce(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	const plans = 150 // more than one BatchGetItem takes
	for i := range plans {
		if err := r.PutPlan(ctx, &seats.Plan{ID: fmt.Sprintf("team-%03d", i), Version: 1}); err != nil {
			t.Fatal(err)
		}
	}
	fresh := store.New(r.faulty, r.opts)
	r.meet("")
	for range 3 {
		got, err := fresh.Plans(ctx)
		if err != nil || len(got) != plans || got[7].ID != "team-007" {
			t.Fatalf("%d plans, %v", len(got), err)
		}
	}
	if n := len(r.requests("BatchGetItem")); n != 2 {
		t.Errorf("%d batches of versions for three lists, want 2", n)
	}
}

func TestPlanVersionsOutOfRangeAreNotWritten(t *testing.T) {
	r := newRig(t)
	for _, version := range []int{0, -1, 1_000_000} {
		if err := r.PutPlan(t.Context(), &seats.Plan{ID: "team", Version: version}); err == nil {
			t.Errorf("version %d was written", version)
		}
	}
}

func TestThereIsOneInvitationKeyForAllProcesses(t *testing.T) {
	r := newRig(t)
	const processes = 16
	r.opts.Meter, r.opts.Jitter = nil, nil // they are for calls one after the other
	keys := make([][]byte, processes)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := store.New(r.client, r.opts).InvitationKey(context.Background())
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if len(key) != seats.MinInvitationKeyBytes || !bytes.Equal(key, keys[0]) {
			t.Errorf("keys of %d and %d bytes differ", len(key), len(keys[0]))
		}
	}
	other := newRig(t)
	key, err := other.InvitationKey(t.Context())
	if err != nil || bytes.Equal(key, keys[0]) {
		t.Errorf("another stack has the same key: %v", err)
	}
	other.meet("")
	if _, err := other.InvitationKey(t.Context()); err != nil || len(other.requests("GetItem")) != 0 {
		t.Errorf("the key was not remembered: %v", err)
	}
}

func TestCountersAreOfWholeSecondsAndExpire(t *testing.T) {
	r := newRig(t)
	now := time.Date(2026, 11, 22, 9, 59, 59, 0, time.UTC)
	for _, window := range []time.Duration{0, time.Millisecond, 1500 * time.Millisecond, -time.Hour} {
		if _, err := r.Count(t.Context(), "key", window, now); err == nil {
			t.Errorf("a window of %s was counted", window)
		}
	}
	r.meet("")
	if _, err := r.Count(t.Context(), "key", time.Hour, now); err != nil {
		t.Fatal(err)
	}
	// The window ends at 10:00; an hour later the counter may go: 11:00.
	if body := r.requests("UpdateItem")[0]; !bytes.Contains([]byte(body), []byte(`"1795345200"`)) {
		t.Errorf("the counter's ttl is not 11:00: %s", body)
	}
}

func TestConflictsBecomeAMetric(t *testing.T) {
	p := newPool(t)
	p.opts.Meter = store.Log
	st := store.New(p.faulty, p.opts)
	p.meet(transact, conflict, conflict)
	ctx, line := logsafe.Begin(t.Context())
	p.must(st.Commit(ctx, p.account, &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}}))
	if got := line.Counts()[logsafe.Conflicts]; got != 2 {
		t.Errorf("%d conflicts in the line, want 2", got)
	}
}
