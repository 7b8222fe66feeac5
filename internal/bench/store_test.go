package bench

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// bulk is how many users one transaction gives a license to.
const bulk = 97

func BenchmarkStore(b *testing.B) {
	b.Run("assign", func(b *testing.B) {
		r := newRig(b)
		user := r.unlicensed(1)
		r.against(func() { r.assign(user) }, func() { r.revoke(user[0]) })
	})
	b.Run("close", func(b *testing.B) {
		r := newRig(b)
		nextMonth := func() { r.Clock.Set(r.Load(r.account).Account.Due.Add(time.Hour)) }
		nextMonth()
		r.against(func() {
			if n, err := r.svc.Close(b.Context(), r.account.ID); n != 1 || err != nil {
				b.Fatalf("closed %d periods: %v", n, err)
			}
		}, nextMonth)
	})
}

func BenchmarkBulk(b *testing.B) {
	b.Run("assign", func(b *testing.B) {
		r := newRig(b)
		users := r.unlicensed(bulk)
		var one, many stopwatch
		for b.Loop() {
			many.time(func() { r.assign(users) })
			r.takeAll(users)
			// As many single ones as fit into about the same time.
			for _, u := range users[:5] {
				one.time(func() { r.assign([]seats.UserID{u}) })
				r.revoke(u)
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(1/one.median().Seconds(), "single-users/s")
		b.ReportMetric(bulk/many.median().Seconds(), "bulk-users/s")
		b.ReportMetric(bulk*ratio(one, many), "bulk/single")
	})
}

// unlicensed are active users without a license.
func (r *rig) unlicensed(n int) []seats.UserID {
	r.b.Helper()
	r.Join(r.account, n)
	users, err := r.store.Users(r.b.Context(), r.account.ID)
	r.must(err)
	var found []seats.UserID
	for _, u := range users {
		if u.ID != r.account.Owner {
			found = append(found, u.ID)
		}
	}
	r.takeAll(found)
	return found
}

func (r *rig) assign(users []seats.UserID) {
	reply, err := r.svc.Assign(r.b.Context(), r.account.Caller, r.account.ID, r.account.Sub, users, seats.Once[[]seats.AssignResult]{})
	r.must(err)
	for _, u := range reply.Result {
		if u.Refused != nil || u.Already {
			r.b.Fatalf("not assigned: %+v", u)
		}
	}
}

func (r *rig) revoke(user seats.UserID) {
	_, err := r.svc.Revoke(r.b.Context(), r.account.Caller, r.account.ID, r.account.Sub, user, seats.Once[struct{}]{})
	r.must(err)
}

// takeAll takes the licenses of users in one transaction, as a close does.
func (r *rig) takeAll(ids []seats.UserID) {
	r.b.Helper()
	now := r.Clock.Advance(time.Second)
	minter := seats.Minter{At: now, Wall: now}
	view, err := r.store.Load(r.b.Context(), seats.Want{Account: r.account.ID, Users: ids})
	r.must(err)
	e := seats.Event{
		ID: minter.Event(), Account: r.account.ID, Type: seats.LicenseRevoked, At: now, RecordedAt: now, Actor: seats.System,
		Data: seats.EventData{Subscription: r.account.Sub, Product: "meetings", Reason: seats.ReasonDecrease},
	}
	change := &seats.Change{Free: []seats.FreeMove{{Product: "meetings", Delta: int64(len(ids))}}}
	for _, id := range ids {
		next := *view.Users[id]
		next.Rev++
		next.Licenses = nil
		change.Users = append(change.Users, seats.UserWrite{User: &next, From: next.Rev - 1})
		e.Revs = append(e.Revs, seats.Rev{ID: string(id), Rev: next.Rev})
		e.Data.UserIDs = append(e.Data.UserIDs, id)
	}
	change.Events = []seats.Event{e}
	r.must(r.store.Commit(r.b.Context(), r.account.ID, change))
}
