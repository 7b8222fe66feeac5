package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

// recorder keeps the newest transaction that went through it.
type recorder struct {
	*dynamodb.Client
	last *dynamodb.TransactWriteItemsInput
}

func (r *recorder) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	r.last = in
	return r.Client.TransactWriteItems(ctx, in, options...)
}

// timed is a store whose commits are timed.
type timed struct {
	*store.Store
	commits stopwatch
}

func (t *timed) Commit(ctx context.Context, account seats.AccountID, change *seats.Change) (err error) {
	t.commits.time(func() { err = t.Store.Commit(ctx, account, change) })
	return err
}

// rig is a world with an account, and the use cases over a store whose commits are
// timed and recorded.
type rig struct {
	*jobtest.World
	b        *testing.B
	recorder *recorder
	store    *timed
	svc      *seats.Service
	account  *jobtest.Account
}

// plenty is a pool that no benchmark empties.
const plenty = 1000

func newRig(b *testing.B) *rig {
	b.Helper()
	w := jobtest.New(b)
	r := &rig{World: w, b: b, recorder: &recorder{Client: w.Client}}
	r.store = &timed{Store: store.New(r.recorder, store.Options{SeatsTable: w.Tables["SeatsTable"], KeysTable: w.Tables["KeysTable"]})}
	r.svc = w.Process()
	r.svc.Store = r.store
	r.account = w.Open(1, func(_ int, in *seats.OpenAccount) { in.Seats = plenty })[0]
	w.SignIn(r.account)
	return r
}

func (r *rig) must(err error) {
	r.b.Helper()
	if err != nil {
		r.b.Fatal(err)
	}
}

// copied is a write of the recorded transaction, to be done to another partition.
type copied struct {
	write types.TransactWriteItem
	// item is what stands there after it, fresh whether nothing stood there before.
	item  map[string]types.AttributeValue
	fresh bool
}

func (r *rig) recorded() []copied {
	r.b.Helper()
	var all []copied
	for _, w := range r.recorder.last.TransactItems {
		switch {
		case w.Put != nil:
			all = append(all, copied{w, w.Put.Item, strings.HasPrefix(aws.ToString(w.Put.ConditionExpression), "attribute_not_exists")})
		case w.Update != nil:
			out, err := r.Client.GetItem(r.b.Context(), &dynamodb.GetItemInput{TableName: w.Update.TableName, Key: w.Update.Key})
			r.must(err)
			all = append(all, copied{w, out.Item, false})
		default:
			r.b.Fatal("the transaction has a write that is neither a put nor an update")
		}
	}
	return all
}

// bare gives two transactions with items of the same bytes as the recorded one, in
// other partitions and without conditions: one of plain puts, and one of the same
// kinds of writes. They make new items where it makes new ones, else change the same
// ones again, with another place in the index where they have one.
func (r *rig) bare() (puts, same func()) {
	r.b.Helper()
	all, turn := r.recorded(), 0
	run := func(kinds bool) {
		turn++
		in := &dynamodb.TransactWriteItemsInput{}
		for _, c := range all {
			n := 0
			if c.fresh {
				n = turn
			}
			item := maps.Clone(c.item)
			renumber(item, "pk", n)
			renumber(item, "gsk", turn)
			switch u := c.write.Update; {
			case u == nil:
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: c.write.Put.TableName, Item: item}})
			case !kinds:
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: u.TableName, Item: item}})
			default:
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Update: unconditioned(u, item)})
			}
		}
		_, err := r.Client.TransactWriteItems(r.b.Context(), in)
		r.must(err)
	}
	return func() { run(false) }, func() { run(true) }
}

// unconditioned is an update of another item without its condition, and without what
// only that names.
func unconditioned(u *types.Update, item map[string]types.AttributeValue) *types.Update {
	bare := &types.Update{
		TableName: u.TableName, UpdateExpression: u.UpdateExpression,
		Key:                       map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]},
		ExpressionAttributeNames:  map[string]string{},
		ExpressionAttributeValues: map[string]types.AttributeValue{},
	}
	for _, word := range strings.FieldsFunc(*u.UpdateExpression, func(r rune) bool { return strings.ContainsRune(" ,=+-()", r) }) {
		if name, ok := u.ExpressionAttributeNames[word]; ok {
			bare.ExpressionAttributeNames[word] = name
		}
		if value, ok := u.ExpressionAttributeValues[word]; ok {
			bare.ExpressionAttributeValues[word] = value
		}
	}
	return bare
}

// renumber ends a text with a number and keeps its length.
func renumber(item map[string]types.AttributeValue, name string, n int) {
	s, ok := item[name].(*types.AttributeValueMemberS)
	if !ok {
		return
	}
	tail := fmt.Sprintf("%08d", n)
	item[name] = &types.AttributeValueMemberS{Value: s.Value[:len(s.Value)-len(tail)] + tail}
}

// stopwatch collects how long something took each time.
type stopwatch []time.Duration

func (s *stopwatch) time(f func()) {
	start := time.Now()
	f()
	*s = append(*s, time.Since(start))
}

func (s stopwatch) median() time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

// against runs a use case and the bare transactions of its items in turns, with undo
// after the use case, untimed. It reports their medians, and what part of the bare
// throughput is left to the commit, and to the use case with its reads.
func (r *rig) against(whole func(), undo func()) {
	r.b.Helper()
	whole()
	puts, same := r.bare()
	puts() // so that there is something to update
	undo()
	var useCases, plain, bare, commits stopwatch
	for r.b.Loop() {
		plain.time(puts)
		bare.time(same)
		r.store.commits = nil
		useCases.time(whole)
		commits = append(commits, r.store.commits...)
		undo()
	}
	r.b.ReportMetric(0, "ns/op")
	for name, watch := range map[string]stopwatch{"puts-ms": plain, "bare-ms": bare, "commit-ms": commits, "whole-ms": useCases} {
		r.b.ReportMetric(milliseconds(watch.median()), name)
	}
	r.b.ReportMetric(ratio(plain, commits), "puts/commit")
	r.b.ReportMetric(ratio(bare, commits), "bare/commit")
	r.b.ReportMetric(ratio(bare, useCases), "bare/whole")
}

func ratio(a, b stopwatch) float64 { return float64(a.median()) / float64(b.median()) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
