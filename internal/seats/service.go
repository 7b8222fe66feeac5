package seats

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Service holds the use cases: each reads, decides by a pure function, and
// commits in one transaction.
type Service struct {
	Store Store
	// Wall is the wall clock; accounts under test have clocks of their own.
	Wall func() time.Time
	// InvitationKey signs the links of invitations. It is asked for when the first
	// link is made or read.
	InvitationKey func(ctx context.Context) ([]byte, error)
	Log           *slog.Logger

	signIns signInCache
	people  peopleCache
	offers  poolCache
}

// New returns a service over the store with the machine's clock.
func New(store Store, invitationKey func(context.Context) ([]byte, error)) *Service {
	return &Service{Store: store, Wall: func() time.Time { return time.Now().UTC() }, InvitationKey: invitationKey, Log: slog.Default()}
}

// Caller is who a request says it comes from, checked by the gateway.
type Caller struct {
	// Subject is the hash of the identity, the same for every token of a person.
	Subject string
	// SignedInAt is when the person last proved who they are, with AuthTimeKnown
	// where the issuer says so; else when the token was issued.
	SignedInAt    time.Time
	AuthTimeKnown bool
}

// Once makes a command happen once for an idempotency key. Without a key the
// command is as repeatable as it is by nature.
type Once[R any] struct {
	Key     string
	Request [32]byte
	// Encode makes the answer that is kept and given again.
	Encode func(R) ([]byte, error)
}

// Reply is a command's result, or the kept answer of the first time.
type Reply[R any] struct {
	Result   R
	Replayed []byte
}

// maxDecisions bounds how often a command decides anew after a condition failed.
// Races between people end after one or two; 200 at once on the last seats need
// no more, since the loser's next look says that no seat is free.
const maxDecisions = 8

// turn is one try of a command: what was read, and the values that a decision may
// use. Decisions are functions of a turn alone.
type turn struct {
	View
	Plans map[string]*Plan // by product, of the subscriptions in View
	// Renewals are the plans that are to follow, of those with a pending change, and
	// Quoted is the plan of the quote in View.
	Renewals map[string]*Plan
	Quoted   *Plan
	Me       *User
	Actor    Actor
	Now      time.Time
	Wall     time.Time
	Mint     *Minter
	// crowd is known where the command adds users.
	crowd crowd
}

// event starts a ledger event of this turn.
func (t *turn) event(kind string, data EventData, revs ...Rev) Event {
	return t.eventAs(t.Mint.Event(), kind, data, revs...)
}

func (t *turn) eventAs(id EventID, kind string, data EventData, revs ...Rev) Event {
	return Event{
		ID: id, Account: t.Account.ID, Type: kind, At: t.Now, RecordedAt: t.Wall,
		Actor: t.Actor, Revs: revs, Data: data,
	}
}

// command says what a use case reads and who may run it.
type command struct {
	caller   Caller
	operator *Actor // set for operators, who are no user of the account
	account  AccountID
	want     Want
	// may says whether the caller's role allows the command, and is asked before a kept
	// answer is given again: who lost the right to do it has lost that to its answer.
	// nil where who was admitted may.
	may func(*turn) error
	// noCatchUp leaves due closes alone: reads, and closing itself.
	noCatchUp bool
	// money refuses parked accounts.
	money bool
	mint  *Minter
	// purchase makes the event of a purchase on the way, in a command of several parts.
	purchase *Minter
	// adds is how many users the whole command adds at most.
	adds int
}

// run reads, decides and commits a command, again where somebody else was first;
// onLost is told which conditions failed, for what a decision does not read.
func run[R any](ctx context.Context, s *Service, cmd command, once Once[R], decide func(*turn) (*Change, R, error), onLost ...func(*ConditionError)) (Reply[R], error) {
	var none Reply[R]
	if once.Key != "" {
		cmd.want.Receipt = string(cmd.account) + "#" + once.Key
	}
	for range maxDecisions {
		t, err := s.read(ctx, cmd)
		if err != nil {
			return none, err
		}
		if t.answered() {
			answer, err := t.replay(cmd.may, t.Receipt, once.Request)
			return Reply[R]{Replayed: answer}, err
		}
		change, result, err := decide(t)
		if err != nil {
			answer, err := s.ownEffect(ctx, t, cmd, once.Request, err)
			return Reply[R]{Replayed: answer}, err
		}
		if change.Empty() && once.Key == "" {
			return Reply[R]{Result: result}, nil
		}
		t.guardCount(change)
		// The answer of a request that changed nothing is kept too: sent again, it must
		// not act on what others have done meanwhile.
		if once.Key != "" {
			answer, err := once.Encode(result)
			if err != nil {
				return none, err
			}
			change.Receipt = &Receipt{
				Key: cmd.want.Receipt, Request: once.Request, Done: true, ClaimedAt: t.Wall,
				Answer: answer, ExpiresAt: t.Wall.Add(ReceiptTTL),
			}
		}
		err = s.commit(ctx, t.Account.ID, change)
		if err == nil {
			return Reply[R]{Result: result}, nil
		}
		lost, ok := conditionError(err)
		if !ok {
			return none, err
		}
		for _, tell := range onLost {
			tell(lost)
		}
	}
	return none, ErrBusy
}

// answered reports whether the command's key was used already: whatever has happened
// since, its answer is the kept one.
func (t *turn) answered() bool {
	return t.Receipt != nil && t.Wall.Before(t.Receipt.ExpiresAt)
}

// replay gives the kept answer, or says why there is none. What was answered before
// somebody of the account was erased may name them, and is not given again.
func (t *turn) replay(may func(*turn) error, r *Receipt, request [32]byte) ([]byte, error) {
	if err := forbids(may, t); err != nil {
		return nil, err
	}
	answer, err := r.replay(request)
	if err == nil && r.ClaimedAt.Before(t.Account.ErasedAt) {
		return nil, ErrAnswerErased
	}
	return answer, err
}

func (r *Receipt) replay(request [32]byte) ([]byte, error) {
	switch {
	case r.Request != request:
		return nil, ErrIdempotencyKeyReused
	case !r.Done:
		return nil, ErrIdempotencyInProgress
	}
	return r.Answer, nil
}

// forbids is the refusal of who may not run a command. Whatever else keeps it from
// being done again does not keep its answer.
func forbids(may func(*turn) error, t *turn) error {
	if may == nil {
		return nil
	}
	if err := may(t); ErrForbidden.Is(err) {
		return err
	}
	return nil
}

// ownEffect is asked before a command with a key is refused. What it has read is no
// snapshot: the receipt may be older than the rest, so that a request which is sent
// twice at once would be refused for what it has just done itself. Then the answer is
// the kept one.
func (s *Service) ownEffect(ctx context.Context, t *turn, cmd command, request [32]byte, refusal error) ([]byte, error) {
	if cmd.want.Receipt == "" {
		return nil, refusal
	}
	view, err := s.Store.Load(ctx, Want{Receipt: cmd.want.Receipt})
	if err != nil {
		return nil, err
	}
	if view.Receipt == nil || !s.Wall().Before(view.Receipt.ExpiresAt) {
		return nil, refusal
	}
	return t.replay(cmd.may, view.Receipt, request)
}

// read loads what a command wants and checks that the caller belongs there. What
// is due in the account is closed first.
func (s *Service) read(ctx context.Context, cmd command) (*turn, error) {
	if !cmd.account.Valid() {
		return nil, ErrNotFound
	}
	want := cmd.want
	want.Account = cmd.account
	var me UserID
	var remembered bool
	if cmd.operator == nil {
		var err error
		if me, remembered, err = s.signIns.find(ctx, s, cmd.caller.Subject, cmd.account); err != nil {
			return nil, err
		}
		want.Users = append([]UserID{me}, want.Users...)
	}
	for range maxDecisions {
		view, err := s.Store.Load(ctx, want)
		if err != nil {
			return nil, err
		}
		t, err := s.turn(ctx, cmd, view, me)
		if remembered && errors.Is(err, ErrNotFound) {
			// Who was removed and invited again is another user than the one remembered.
			s.signIns.forget(cmd.caller.Subject, cmd.account)
			if me, _, err = s.signIns.find(ctx, s, cmd.caller.Subject, cmd.account); err != nil {
				return nil, err
			}
			want.Users[0], remembered = me, false
			continue
		}
		if err != nil {
			return nil, err
		}
		if cmd.money && t.Account.Status == AccountParked && !t.answered() {
			return nil, ErrAccountParked
		}
		if cmd.noCatchUp || !t.overdue() {
			if cmd.adds > 0 {
				// After the account: what is near the limit is conditioned on its revision.
				t.crowd, err = s.crowdOf(ctx, cmd.account, cmd.adds)
			}
			return t, err
		}
		if _, err := s.Close(ctx, t.Account.ID); err != nil {
			return nil, err
		}
	}
	// A clock that goes back and forth finds due what the close finds not due yet.
	return nil, ErrBusy
}

// overdue reports whether a close is due that must come before any command.
func (t *turn) overdue() bool {
	a := t.Account
	return a.Status != AccountParked && !a.Due.IsZero() && !t.Now.Before(a.Due)
}

// turn makes a turn of a view, or refuses the caller.
func (s *Service) turn(ctx context.Context, cmd command, view View, me UserID) (*turn, error) {
	if view.Account == nil {
		return nil, ErrNotFound
	}
	wall := s.Wall()
	t := &turn{View: view, Wall: wall, Now: view.Account.Now(wall), Plans: map[string]*Plan{}, Renewals: map[string]*Plan{}}
	if cmd.operator != nil {
		t.Actor = *cmd.operator
	} else {
		t.Me = view.Users[me]
		if err := admit(t.Me, cmd.caller); err != nil {
			s.signIns.forget(cmd.caller.Subject, cmd.account)
			return nil, err
		}
		t.Actor = Actor{Kind: ActorUser, ID: string(me)}
	}
	for product, sub := range view.Subscriptions {
		plan, err := s.Store.Plan(ctx, sub.Plan)
		if err != nil {
			return nil, err
		}
		t.Plans[product] = plan
		t.Now = sub.notBefore(t.Now)
		if sub.PendingPlan == nil {
			continue
		}
		if t.Renewals[product], err = s.Store.Plan(ctx, sub.PendingPlan.Plan); err != nil {
			return nil, err
		}
	}
	if q := view.Quote; q != nil && q.Plan != (PlanRef{}) {
		var err error
		if t.Quoted, err = s.Store.Plan(ctx, q.Plan); err != nil {
			return nil, err
		}
	}
	if t.Mint = cmd.mint; t.Mint == nil {
		mint, err := newMinter(t.Now, wall)
		if err != nil {
			return nil, err
		}
		t.Mint = mint
	} else {
		again := *cmd.mint
		t.Mint = &again
	}
	return t, nil
}

// admit checks that a user may act at all.
func admit(me *User, caller Caller) error {
	if me == nil || me.Status != UserActive || me.Subject != caller.Subject || me.Subject == "" {
		return ErrNotFound
	}
	if !me.SignedOutAt.IsZero() && !caller.SignedInAt.After(me.SignedOutAt) {
		return ErrSignedOut
	}
	return nil
}

func newMinter(at, wall time.Time) (*Minter, error) {
	m := &Minter{At: at, Wall: wall}
	if _, err := io.ReadFull(rand.Reader, m.Seed[:]); err != nil {
		return nil, err
	}
	return m, nil
}

// target is the user that a command is about, who must be of the account.
func (t *turn) target(id UserID) (*User, error) {
	u := t.Users[id]
	if u == nil || u.Status == UserRemoved {
		return nil, ErrNotFound
	}
	return u, nil
}

// subscription is the running subscription that a command is about, with its plan.
func (t *turn) subscription(id SubscriptionID) (*Subscription, *Plan, error) {
	product, err := id.Product()
	if err != nil {
		return nil, nil, err
	}
	sub := t.Subscriptions[product]
	if sub == nil || sub.ID != id {
		return nil, nil, ErrNotFound
	}
	return sub, t.Plans[product], nil
}

// signInCacheTTL is how long a found user is remembered. What it answers is
// checked against the user on every request, so that it can be wrong but never
// let anyone in.
const signInCacheTTL = 30 * time.Second

// signInCacheSize bounds the memory of one function instance.
const signInCacheSize = 10_000

type signInCache struct {
	mu    sync.Mutex
	users map[string]cachedSignIn
}

type cachedSignIn struct {
	user  UserID
	until time.Time
}

// find gives the user of an identity in an account, and whether it was remembered.
func (c *signInCache) find(ctx context.Context, s *Service, subject string, account AccountID) (user UserID, remembered bool, err error) {
	if subject == "" {
		return "", false, ErrNotFound
	}
	key, now := subject+string(account), s.Wall()
	c.mu.Lock()
	hit, ok := c.users[key]
	c.mu.Unlock()
	if ok && now.Before(hit.until) {
		return hit.user, true, nil
	}
	user, err = s.Store.UserBySignIn(ctx, subject, account)
	if err != nil {
		return "", false, err
	}
	if user == "" {
		return "", false, ErrNotFound
	}
	c.mu.Lock()
	if c.users == nil || len(c.users) >= signInCacheSize {
		c.users = map[string]cachedSignIn{}
	}
	c.users[key] = cachedSignIn{user, now.Add(signInCacheTTL)}
	c.mu.Unlock()
	return user, false, nil
}

func (c *signInCache) forget(subject string, account AccountID) {
	c.mu.Lock()
	delete(c.users, subject+string(account))
	c.mu.Unlock()
}

// permanent reports whether trying again cannot help: a refusal or a mistake in
// the data, not contention or an outage.
func permanent(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Kind != Unavailable && refusal.Kind != TooMany
}

// Limit counts a request against a limit per window, and refuses it beyond.
func (s *Service) Limit(ctx context.Context, key string, limit int, window time.Duration) error {
	now := s.Wall()
	n, err := s.Store.Count(ctx, key, window, now)
	if err != nil {
		return err
	}
	if n > limit {
		refused := *ErrTooManyRequests
		refused.RetryAfterSeconds = int(now.Truncate(window).Add(window).Sub(now)/time.Second) + 1
		return &refused
	}
	return nil
}
