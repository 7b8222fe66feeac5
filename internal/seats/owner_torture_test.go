package seats_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// owners are those who are owner by their role, and whether the one that the account
// names is among them and active.
func owners(r *seatstest.Rig) (n int, right bool) {
	for _, u := range r.Store.Snapshot().Users[r.Account] {
		if u.Role == seats.Owner {
			n++
			right = right || u.ID == r.Stored().Owner && u.Status == seats.UserActive
		}
	}
	return n, right
}

const ownerSeed = 21

// Fault 21: everybody who may demotes, removes, deactivates and hands over at once,
// by processes that die; there is one owner, active, always.
func TestRacesForTheOwnershipLeaveOneOwner(t *testing.T) {
	races := faulttest.Size(150, 1_000)
	random := rand.New(rand.NewPCG(ownerSeed, 0))
	wrong, died, moved := 0, 0, 0
	for range races {
		r := seatstest.Open(t)
		r.JoinAs(seats.Admin, "ann", "bob")
		r.Wall.Advance(time.Second)
		caller := map[string]seats.Caller{}
		id := map[string]seats.UserID{}
		for _, who := range []string{"owner", "ann", "bob"} {
			caller[who], id[who] = r.Caller(who), r.ID(who)
		}
		var moves []func(*seats.Service)
		add := func(move func(s *seats.Service)) { moves = append(moves, move) }
		for _, by := range []string{"owner", "ann", "bob"} {
			for _, who := range []string{"owner", "ann", "bob"} {
				add(func(s *seats.Service) {
					_, _ = s.EditUser(r.Ctx, caller[by], r.Account, id[who], seats.UserPatch{Role: ptr("member")}, none[*seats.User]())
				})
				add(func(s *seats.Service) {
					_, _ = s.RemoveUser(r.Ctx, caller[by], r.Account, id[who], none[*seats.User]())
				})
				add(func(s *seats.Service) {
					_, _ = s.DeactivateUser(r.Ctx, caller[by], r.Account, id[who], none[*seats.User]())
				})
				add(func(s *seats.Service) {
					_, _ = s.TransferOwnership(r.Ctx, caller[by], r.Account, id[who], none[*seats.User]())
				})
			}
		}
		random.Shuffle(len(moves), func(i, j int) { moves[i], moves[j] = moves[j], moves[i] })
		processes := make([]*seatstest.Crashing, len(moves))
		var wg sync.WaitGroup
		for i, move := range moves {
			// Every third process is killed at one of its calls.
			processes[i] = seatstest.Crash(r.Store, random.IntN(3)*random.IntN(4), random.IntN(2) == 0)
			wg.Go(func() { move(r.On(processes[i])) })
		}
		wg.Wait()
		if n, right := owners(r); n != 1 || !right {
			wrong++
			t.Errorf("%d owners, the account's among them and active: %t", n, right)
		}
		r.Clean()
		for _, p := range processes {
			if p.Died() {
				died++
			}
		}
		moved += len(r.Events(seats.OwnershipTransferred))
	}
	if moved < races/4 {
		t.Errorf("the ownership moved %d times in %d races: too few to prove anything", moved, races)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 21, Did: "36 demotions, removals, deactivations and transfers at once by processes of which some are killed",
		Bad: wrong, Of: races, What: "accounts without exactly one active owner", Seed: ownerSeed,
		More: fmt.Sprintf("%d transfers went through, %d processes killed", moved, died),
	})
}

// handover is one thing that somebody does around a transfer, with a session of
// before unless they have signed in since.
type handover struct {
	name string
	do   func(r *seatstest.Rig, s *seats.Service) error
}

func handovers() []handover {
	give := func(by, to string) func(*seatstest.Rig, *seats.Service) error {
		return func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.TransferOwnership(r.Ctx, r.Caller(by), r.Account, idOf(r, to), none[*seats.User]())
			return err
		}
	}
	end := func(by, who string) func(*seatstest.Rig, *seats.Service) error {
		return func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.RemoveUser(r.Ctx, r.Caller(by), r.Account, idOf(r, who), none[*seats.User]())
			return err
		}
	}
	off := func(by, who string) func(*seatstest.Rig, *seats.Service) error {
		return func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.DeactivateUser(r.Ctx, r.Caller(by), r.Account, idOf(r, who), none[*seats.User]())
			return err
		}
	}
	demote := func(by, who string) func(*seatstest.Rig, *seats.Service) error {
		return func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.EditUser(r.Ctx, r.Caller(by), r.Account, idOf(r, who), seats.UserPatch{Role: ptr("member")}, none[*seats.User]())
			return err
		}
	}
	return []handover{
		{"owner gives to ann", give("owner", "ann")},
		{"owner gives to bob", give("owner", "bob")},
		{"ann gives to bob", give("ann", "bob")},
		{"owner removes ann", end("owner", "ann")},
		{"ann removes the old owner", end("ann", "owner")},
		{"owner deactivates bob", off("owner", "bob")},
		{"ann demotes the old owner", demote("ann", "owner")},
	}
}

// idOf is somebody's id, also of who has been removed.
func idOf(r *seatstest.Rig, who string) seats.UserID {
	for id, u := range r.Store.Snapshot().Users[r.Account] {
		if u.Email == seatstest.Email(who) {
			return id
		}
	}
	r.Fatalf("%s was never a user", who)
	return ""
}

// permutations calls each with every order of 0 to n-1.
func permutations(n int, each func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var from func(int)
	from = func(k int) {
		if k == n {
			each(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			from(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	from(0)
}

// Fault 22: transfers, removals, deactivations and demotions in every order, and each
// of them while another is between its look and its write. The old owner's rights end
// with the commit that makes the new one.
func TestTransfersInEveryOrderEndLegally(t *testing.T) {
	all := handovers()
	n := faulttest.Size(5, len(all))
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "ann", "bob")
	start, now := r.Store.Snapshot(), r.Wall.Now()
	tried, illegal, transfers := 0, 0, 0
	// step does one thing and looks whether all is as it must be.
	step := func(h handover, s *seats.Service) {
		before := r.Stored().Owner
		session := seats.Caller{Subject: r.UserByID(before).Subject, SignedInAt: r.Wall.Now(), AuthTimeKnown: true}
		err := h.do(r, s)
		if n, right := owners(r); n != 1 || !right {
			illegal++
			t.Errorf("after %q (%v): %d owners, rightly: %t", h.name, err, n, right)
		}
		if r.Stored().Owner != before {
			transfers++
			if _, err := r.Service.Enter(r.Ctx, session, r.Account); codeOf(err) != "signed_out" {
				illegal++
				t.Errorf("after %q the old owner's session enters: %v", h.name, err)
			}
		}
		r.Wall.Advance(time.Second)
	}
	permutations(n, func(order []int) {
		tried++
		r.Store.Restore(start)
		r.Wall.Set(now)
		for _, i := range order {
			step(all[i], r.Service)
		}
		if lines := seatstest.AuditAll(r.Ctx, r.Store, r.Wall.Now()); len(lines) > 0 {
			illegal++
			t.Errorf("%v: %s", order, strings.Join(lines, "\n"))
		}
	})
	for _, first := range all {
		for _, second := range all {
			tried++
			r.Store.Restore(start)
			r.Wall.Set(now.Add(time.Second))
			racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
				if n == 1 {
					_ = second.do(r, r.Service)
				}
			}}
			_ = first.do(r, r.On(racing))
			if n, right := owners(r); n != 1 || !right {
				illegal++
				t.Errorf("%q overtaken by %q: %d owners, rightly: %t", first.name, second.name, n, right)
			}
			r.Clean()
		}
	}
	if transfers == 0 {
		t.Error("no order had a transfer")
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 22, Did: fmt.Sprintf("%d steps of transfer, removal, deactivation and demotion in every order, and each pair overtaking", n),
		Bad: illegal, Of: tried, What: "orders ending with other than one active owner, or with an old owner's rights", More: fmt.Sprintf("%d transfers", transfers),
	})
}

func TestPermutationsAreAllOrders(t *testing.T) {
	seen := map[string]bool{}
	permutations(4, func(order []int) { seen[fmt.Sprint(order)] = true })
	if len(seen) != 24 || !seen["[3 2 1 0]"] {
		t.Errorf("%d orders", len(seen))
	}
}
