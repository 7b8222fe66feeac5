package seats_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// keyed is a command that is sent with an idempotency key.
type keyed struct {
	name string
	// send sends the command and gives the kept answer of a replay.
	send func(r *seatstest.Rig, s *seats.Service, key, body string) (replayed []byte, err error)
}

// sent is what a reply's kept answer is, whatever the command answers.
func sent[R any](reply seats.Reply[R], err error) ([]byte, error) { return reply.Replayed, err }

// keyedCommands are all commands that take a key, on the stage of the permission
// tests. Ids are looked up before a command is sent, so that it is the same request
// however often it comes.
func keyedCommands(r *seatstest.Rig) []keyed {
	target, off, licensed := r.ID("target"), r.ID("off"), r.ID("licensed")
	r.Join("gone")
	gone := r.ID("gone")
	r.Must(remove(r, "owner", "gone"))
	invited, link := seats.InvitationOf(r.ID("invited")), r.Link("invited")
	quoted := r.Quote(9).ID
	user := func(name string, do func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error)) keyed {
		return keyed{name, func(_ *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(do(s, seatstest.Once[*seats.User](key, body)))
		}}
	}
	by := r.Caller("owner")
	return []keyed{
		{"invite", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.Invite(r.Ctx, by, r.Account, crowd("p", 2, ""), seatstest.Once[[]seats.InviteResult](key, body)))
		}},
		{"invite many", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.Invite(r.Ctx, by, r.Account, crowd("p", 40, ""), seatstest.Once[[]seats.InviteResult](key, body)))
		}},
		user("send again", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.ResendInvitation(r.Ctx, by, r.Account, invited, once)
		}),
		user("cancel an invitation", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.CancelInvitation(r.Ctx, by, r.Account, invited, once)
		}),
		user("accept", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.Accept(r.Ctx, r.Identity("invited"), link, once)
		}),
		{"assign", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.Assign(r.Ctx, by, r.Account, r.Sub, []seats.UserID{target}, seatstest.Once[[]seats.AssignResult](key, body)))
		}},
		{"revoke", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.Revoke(r.Ctx, by, r.Account, r.Sub, licensed, seatstest.Once[struct{}](key, body)))
		}},
		user("create", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.CreateUser(r.Ctx, by, r.Account, newUser("made", ""), seats.Purchase{}, once)
		}),
		{"import", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			file := "email,first_name,last_name\n" + lines(2)
			return sent(s.ImportUsers(r.Ctx, by, r.Account, file, seats.Purchase{}, seatstest.Once[[]seats.ImportResult](key, body)))
		}},
		user("erase", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.EraseUser(r.Ctx, by, r.Account, gone, once)
		}),
		user("edit", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.EditUser(r.Ctx, by, r.Account, target, seats.UserPatch{FirstName: ptr("New")}, once)
		}),
		user("deactivate", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.DeactivateUser(r.Ctx, by, r.Account, target, once)
		}),
		user("activate", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.ActivateUser(r.Ctx, by, r.Account, off, once)
		}),
		user("remove", func(s *seats.Service, once seats.Once[*seats.User]) (seats.Reply[*seats.User], error) {
			return s.RemoveUser(r.Ctx, by, r.Account, target, once)
		}),
		{"confirm", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.ConfirmSeats(r.Ctx, by, r.Account, r.Sub, quoted, true, seatstest.Once[seats.SeatChangeResult](key, body)))
		}},
		{"cancel a decrease", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.CancelPending(r.Ctx, by, r.Account, r.Sub, seatstest.Once[*seats.Subscription](key, body)))
		}},
		{"ask the vendor", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.OpenRequest(r.Ctx, by, r.Account, seats.Asking{Kind: seats.RequestOther, Message: "Hello"}, seatstest.Once[*seats.Request](key, body)))
		}},
		{"cancel", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.Cancel(r.Ctx, by, r.Account, r.Sub, seatstest.Once[*seats.Subscription](key, body)))
		}},
		{"change settings", func(r *seatstest.Rig, s *seats.Service, key, body string) ([]byte, error) {
			return sent(s.EditAccount(r.Ctx, by, r.Account, seats.AccountPatch{Name: ptr("New AG")}, seatstest.Once[seats.EditedAccount](key, body)))
		}},
	}
}

func keyedStage(t testing.TB) *seatstest.Rig {
	return stage(t, seats.Policies{AutoSeats: true, AdminsMaySpend: true})
}

func TestEveryCommandHasOneEffectAndOneAnswerForItsKey(t *testing.T) {
	r := keyedStage(t)
	commands := keyedCommands(r)
	before := r.Store.Snapshot()
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			r.Store.Restore(before)
			replayed, err := c.send(r, r.Service, "key", "body")
			r.Must(err)
			if replayed != nil {
				t.Fatalf("the first time is a replay: %s", replayed)
			}
			after := r.Store.Snapshot()
			events := len(after.Events[r.Account])
			if events == len(before.Events[r.Account]) {
				t.Fatal("the command did nothing")
			}
			for range 3 {
				// By another process each time.
				again, err := c.send(r, r.On(r.Store), "key", "body")
				r.Must(err)
				var kept []byte
				for key, receipt := range after.Receipts {
					if strings.HasSuffix(key, "#key") {
						kept = receipt.Answer
					}
				}
				equal(t, "the replay", string(again), string(kept))
			}
			_, err = c.send(r, r.Service, "key", "another body")
			wantCode(t, err, "idempotency_key_reused")
			nothingChanged(t, r, after)
			r.Clean()
		})
	}
	r.Store.Restore(before)
}

func TestAKeyInUseIsToldSo(t *testing.T) {
	r := keyedStage(t)
	commands := keyedCommands(r)
	before := r.Store.Snapshot()
	for _, c := range commands {
		r.Store.Restore(before)
		// As it stands while a command of several transactions runs.
		claim := seatstest.Once[struct{}]("key", "body")
		_, err := r.Store.ClaimReceipt(r.Ctx, &seats.Receipt{
			Key: string(r.Account) + "#key", Request: claim.Request, ClaimedAt: r.Wall.Now(), ExpiresAt: r.Wall.Now().Add(seats.ReceiptTTL),
		})
		r.Must(err)
		claimed := r.Store.Snapshot()
		_, err = c.send(r, r.Service, "key", "body")
		if got := codeOf(err); got != "idempotency_in_progress" {
			t.Errorf("%s: got %q", c.name, got)
		}
		_, err = c.send(r, r.Service, "key", "another body")
		if got := codeOf(err); got != "idempotency_key_reused" {
			t.Errorf("%s with another body: got %q", c.name, got)
		}
		nothingChanged(t, r, claimed)
	}
}

func TestAKeyIsForgottenAfterADayAndNotBefore(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	send := func(who string) (seats.Reply[[]seats.AssignResult], error) {
		return assign(r, "owner", []seats.UserID{r.ID(who)}, seatstest.Once[[]seats.AssignResult]("key", who))
	}
	_, err := send("ann")
	r.Must(err)
	r.Wall.Advance(seats.ReceiptTTL - time.Nanosecond)
	again, err := send("ann")
	r.Must(err)
	if again.Replayed == nil {
		t.Error("the key was forgotten too early")
	}
	r.Revoke("ann")
	r.Wall.Advance(time.Nanosecond)
	once, err := send("ann")
	r.Must(err)
	if once.Replayed != nil {
		t.Error("the key was kept too long")
	}
	equal(t, "free seats", r.Pool().Free, 4)
	r.Clean()
}

func TestTheSameKeyOfTwoAccountsIsTwoKeys(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	for _, rig := range []*seatstest.Rig{r, other} {
		rig.Join("ann")
		reply, err := rig.Service.Assign(rig.Ctx, rig.Caller("owner"), rig.Account, rig.Sub, []seats.UserID{rig.ID("ann")},
			seatstest.Once[[]seats.AssignResult]("key", "body"))
		rig.Must(err)
		if reply.Replayed != nil {
			t.Error("an account got another's answer")
		}
	}
	equal(t, "free seats", r.Pool().Free+other.Pool().Free, 8)
	r.Clean()
}

// Whose role no longer allows a command is refused its answer as well, and whoever
// was removed knows of no account.
func TestAKeptAnswerIsNotForWhoLostTheRightToIt(t *testing.T) {
	r := keyedStage(t)
	commands := keyedCommands(r)
	before := r.Store.Snapshot()
	for _, c := range commands {
		for name, lost := range map[string]struct {
			status seats.UserStatus
			want   string
		}{"demoted": {seats.UserActive, "forbidden"}, "removed": {seats.UserRemoved, "not_found"}} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				r.Store.Restore(before)
				who, want := r.Owner, lost.want
				if c.name == "accept" {
					// What joining answered is for the person alone, whatever their role.
					who = r.ID("invited")
					want = map[string]string{"demoted": "", "removed": "invitation_cancelled"}[name]
				}
				_, err := c.send(r, r.Service, "key", "body")
				r.Must(err)
				r.Store.Tamper(func(d *seatstest.Data) {
					u := d.Users[r.Account][who]
					u.Role, u.Status = seats.Member, lost.status
				})
				changed := r.Store.Snapshot()
				_, err = c.send(r, r.On(r.Store), "key", "body")
				wantCode(t, err, want)
				nothingChanged(t, r, changed)
			})
		}
	}
	r.Store.Restore(before)
}

// Who handed the account over and lost the answer is an administrator by then, and is
// told once more that it is done.
func TestATransferIsAnsweredAgainToWhoMadeIt(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adm")
	send := func() (seats.Reply[*seats.User], error) {
		return r.Service.TransferOwnership(r.Ctx, r.Caller("owner"), r.Account, r.ID("adm"), seatstest.Once[*seats.User]("key", "body"))
	}
	_, err := send()
	r.Must(err)
	_, err = send()
	wantCode(t, err, "signed_out")
	r.Wall.Advance(time.Second) // and signed in again
	again, err := send()
	r.Must(err)
	equal(t, "replayed", again.Replayed != nil, true)
	r.Store.Tamper(func(d *seatstest.Data) { d.Users[r.Account][r.Owner].Role = seats.Member })
	_, err = send()
	wantCode(t, err, "forbidden")
}

// What was answered before somebody was erased may hold their name. The command is not
// run again either: its effect stays the one.
func TestNoAnswerFromBeforeAnErasureIsGivenAgain(t *testing.T) {
	r := keyedStage(t)
	commands := keyedCommands(r)
	r.Join("adam")
	adam := r.ID("adam")
	r.Must(remove(r, "owner", "adam"))
	before := r.Store.Snapshot()
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			r.Store.Restore(before)
			_, err := c.send(r, r.Service, "key", "body")
			r.Must(err)
			r.Wall.Advance(time.Minute)
			once := seatstest.Once[*seats.User]("erasing", "body")
			_, err = r.Service.EraseUser(r.Ctx, r.Caller("owner"), r.Account, adam, once)
			r.Must(err)
			erased := r.Store.Snapshot()
			_, err = c.send(r, r.On(r.Store), "key", "body")
			wantCode(t, err, "answer_erased")
			nothingChanged(t, r, erased)
			// Its own answer holds nothing of it.
			again, err := r.Service.EraseUser(r.Ctx, r.Caller("owner"), r.Account, adam, once)
			r.Must(err)
			equal(t, "the erasure's answer", again.Replayed != nil, true)
			r.Clean()
		})
	}
	r.Store.Restore(before)
}

func TestAKeptAnswerIsGivenOnlyToWhoMayStillEnter(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adm")
	r.Join("ann")
	once := seatstest.Once[[]seats.AssignResult]("key", "body")
	_, err := assign(r, "adm", []seats.UserID{r.ID("ann")}, once)
	r.Must(err)
	r.Must(setRole(r, "owner", "adm", seats.Member))
	r.Must(deactivate(r, "owner", "adm"))
	_, err = assign(r, "adm", []seats.UserID{r.ID("ann")}, once)
	wantCode(t, err, "not_found")
}

func TestFiftyAtOnceWithOneKeyHaveOneEffect(t *testing.T) {
	const racers = 50
	r := keyedStage(t)
	commands := keyedCommands(r)
	before := r.Store.Snapshot()
	for _, c := range commands {
		r.Store.Restore(before)
		codes := make([]string, racers)
		answers := make([]string, racers)
		var wg sync.WaitGroup
		for i := range racers {
			wg.Go(func() {
				replayed, err := c.send(r, r.On(r.Store), "key", "body")
				codes[i], answers[i] = codeOf(err), string(replayed)
			})
		}
		wg.Wait()
		count := tally(codes)
		if count[""]+count["idempotency_in_progress"] != racers {
			t.Errorf("%s: %v", c.name, count)
		}
		effects := 0
		for i, answer := range answers {
			if codes[i] == "" && answer == "" {
				effects++
			}
		}
		if effects != 1 {
			t.Errorf("%s: %d effects", c.name, effects)
		}
		r.Clean()
	}
	t.Logf("%d commands, %d at once each", len(commands), racers)
}
