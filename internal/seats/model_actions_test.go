package seats_test

import (
	"math/big"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func ratOf(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

func (x *machine) invite(t *rapid.T) {
	x.tick()
	by := x.actor(t)
	var rows []modelRow
	var people []seats.Invitee
	for range rapid.IntRange(1, 3).Draw(t, "people") {
		row := modelRow{
			who:   rapid.SampledFrom(names()).Draw(t, "who"),
			role:  rapid.SampledFrom([]seats.Role{seats.Member, seats.Member, seats.Admin, seats.BillingAdmin}).Draw(t, "role"),
			wants: rapid.Bool().Draw(t, "with a license"),
		}
		person := seatstest.Invitee(row.who, "")
		person.Role = string(row.role)
		if row.wants {
			person.Subscription = x.r.Sub
		}
		rows, people = append(rows, row), append(people, person)
	}
	want, codes := x.m.invite(by, rows)
	reply, err := x.r.Service.Invite(x.r.Ctx, x.r.Caller(by), x.r.Account, people, none[[]seats.InviteResult]())
	x.same(t, err, want)
	if got := codesOf(reply.Result); !slices.Equal(got, codes) {
		t.Fatalf("rows %v: got %q, the model says %q", rows, got, codes)
	}
	for i, row := range rows {
		if want == "" && codes[i] == "" {
			x.m.people[row.who].id = reply.Result[i].User
		}
	}
}

func (x *machine) accept(t *rapid.T) {
	x.tick()
	who := x.anybody(t, "who")
	p := x.m.people[who]
	if !p.invited {
		return
	}
	generation := p.generation
	if generation > 1 && rapid.IntRange(0, 3).Draw(t, "an older link") == 0 {
		generation = rapid.IntRange(1, generation-1).Draw(t, "generation")
	}
	link := seats.InvitationToken(seatstest.InvitationKey(), x.r.Account, p.id, generation)
	want := x.m.accept(who, generation)
	_, err := accept(x.r, x.r.Identity(who), link)
	x.same(t, err, want)
}

func (x *machine) resend(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	id := x.r.ID(who)
	want := x.m.resend(by, who)
	_, err := x.r.Service.ResendInvitation(x.r.Ctx, x.r.Caller(by), x.r.Account, seats.InvitationOf(id), none[*seats.User]())
	x.same(t, err, want)
}

func (x *machine) cancel(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	id := x.r.ID(who)
	want := x.m.cancel(by, who)
	_, err := x.r.Service.CancelInvitation(x.r.Ctx, x.r.Caller(by), x.r.Account, seats.InvitationOf(id), none[*seats.User]())
	x.same(t, err, want)
}

// expire is the hourly job, which knows ordinary accounts only.
func (x *machine) expire(*rapid.T) {
	x.tick()
	if !x.m.test {
		x.m.expire(x.m.wall)
	}
	expire(x.r)
}

func (x *machine) assign(t *rapid.T) {
	x.tick()
	by := x.actor(t)
	var users []string
	if rapid.IntRange(0, 3).Draw(t, "everybody") == 0 {
		for _, who := range names() {
			if x.m.people[who] != nil {
				users = append(users, who)
			}
		}
	} else {
		for range rapid.IntRange(1, 3).Draw(t, "users") {
			users = append(users, x.anybody(t, "who"))
		}
	}
	var ids []seats.UserID
	for _, who := range users {
		ids = append(ids, x.m.people[who].id)
	}
	want, codes := x.m.assign(by, users)
	reply, err := assign(x.r, by, ids, none[[]seats.AssignResult]())
	x.same(t, err, want)
	if got := codesOfAssign(reply.Result); !slices.Equal(got, codes) {
		t.Fatalf("users %v: got %q, the model says %q", users, got, codes)
	}
}

func (x *machine) revoke(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	x.same(t, revokeBy(x.r, by, x.r.ID(who)), x.m.revoke(by, who))
}

func revokeBy(r *seatstest.Rig, by string, id seats.UserID) error {
	_, err := r.Service.Revoke(r.Ctx, r.Caller(by), r.Account, r.Sub, id, none[struct{}]())
	return err
}

func (x *machine) role(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	to := rapid.SampledFrom(roles()).Draw(t, "role")
	want := x.m.setRole(by, who, to)
	x.same(t, setRole(x.r, by, who, to), want)
}

func (x *machine) deactivate(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	want := x.m.deactivate(by, who)
	x.same(t, deactivate(x.r, by, who), want)
}

func (x *machine) activate(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	want := x.m.activate(by, who)
	x.same(t, activate(x.r, by, who), want)
}

func (x *machine) remove(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	id := x.r.ID(who)
	want := x.m.remove(by, who)
	_, err := x.r.Service.RemoveUser(x.r.Ctx, x.r.Caller(by), x.r.Account, id, none[*seats.User]())
	x.same(t, err, want)
}

func (x *machine) transfer(t *rapid.T) {
	x.tick()
	by, who := x.actor(t), x.anybody(t, "who")
	want := x.m.transfer(by, who)
	x.same(t, transfer(x.r, x.r.Caller(by), who), want)
}

func (x *machine) drawSeats(t *rapid.T) int64 {
	return max(0, x.m.seats+rapid.Int64Range(-4, 4).Draw(t, "more seats"))
}

// ask asks for a price and compares it with the model's.
func (x *machine) ask(t *rapid.T, by string, n int64) string {
	x.tick()
	want, due, next := x.m.quote(by, n)
	q, err := quote(x.r, by, n)
	x.same(t, err, want)
	if want == "" {
		x.sameAmounts(t, "due now", q.DueNow, due)
		x.sameAmounts(t, "the next invoice", q.Next, next)
		x.m.quotes[len(x.m.quotes)-1].id = q.ID
	}
	return want
}

func (x *machine) quote(t *rapid.T) { x.ask(t, x.actor(t), x.drawSeats(t)) }

// buy asks and confirms at once.
func (x *machine) buy(t *rapid.T) {
	by := x.actor(t)
	if x.ask(t, by, x.drawSeats(t)) == "" {
		x.agree(t, by, x.m.quotes[len(x.m.quotes)-1])
	}
}

func (x *machine) confirm(t *rapid.T) {
	if len(x.m.quotes) == 0 {
		return
	}
	// An old one now and then.
	from := max(0, len(x.m.quotes)-3)
	x.agree(t, x.actor(t), x.m.quotes[rapid.IntRange(from, len(x.m.quotes)-1).Draw(t, "quote")])
}

func (x *machine) agree(t *rapid.T, by string, q *modelQuote) {
	x.tick()
	want, lines := x.m.confirm(by, q)
	reply, err := confirm(x.r, by, q.id, true, x.r.Key())
	x.same(t, err, want)
	if want != "" {
		return
	}
	x.sameAmounts(t, "charged", reply.Result.Invoice, lines)
	x.sameAmounts(t, "charged, as shown", reply.Result.Invoice, q.dueLines)
}

func (x *machine) cancelPending(t *rapid.T) {
	x.tick()
	by := x.actor(t)
	want := x.m.cancelPending(by)
	_, err := cancelPending(x.r, by)
	x.same(t, err, want)
}

// close is the job, which may come at any time.
func (x *machine) close(*rapid.T) {
	x.tick()
	x.m.catchUp(x.m.now())
	x.r.Close()
}

// time passes: a little, to the edges of the period, or months with nobody there.
func (x *machine) time(t *rapid.T) {
	x.tick()
	to := x.m.now()
	end := x.m.period.end
	switch rapid.IntRange(0, 5).Draw(t, "how far") {
	case 0:
		to = to.Add(time.Duration(rapid.Int64Range(1, 20*60).Draw(t, "seconds")) * time.Second)
	case 1:
		to = to.Add(time.Duration(rapid.Int64Range(1, 72).Draw(t, "hours")) * time.Hour)
	case 2:
		to = end.Add(time.Duration(rapid.SampledFrom([]int64{-1000, -1, 0, 1, 1000}).Draw(t, "ms from the end")) * time.Millisecond)
	case 3:
		to = to.Add(seats.InvitationTTL + time.Duration(rapid.Int64Range(-2, 2).Draw(t, "seconds from a week"))*time.Second)
	case 4:
		to = to.Add(time.Duration(rapid.Int64Range(20, 100).Draw(t, "days")) * 24 * time.Hour)
	case 5:
		// The wall clock alone, on which quotes run out.
		by := time.Duration(rapid.Int64Range(13*60, 16*60).Draw(t, "wall seconds")) * time.Second
		x.m.wall = x.r.Wall.Advance(by)
		return
	}
	if !to.After(x.m.now()) || to.Year() > 2099 {
		return
	}
	if !x.m.test {
		x.r.Wall.Set(to)
		x.m.wall = to
		return
	}
	x.m.advance(to)
	result, err := advance(x.r, to)
	if err != nil || !result.Done {
		t.Fatalf("the clock did not move: %+v, %v", result, err)
	}
}
