package seats_test

import (
	"context"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// overtaken is a store in which somebody else acts between the reading of the pools
// and the reading of the people.
type overtaken struct {
	seats.Store
	meanwhile func()
}

func (s overtaken) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	s.meanwhile()
	return s.Store.Users(ctx, account)
}

// Fault 16, of one reader: seats change hands while a pool is read. What is shown adds
// up all the same, and shows no more used than there are.
func TestAPoolThatChangesWhileItIsReadAddsUp(t *testing.T) {
	for name, meanwhile := range map[string]func(*seatstest.Rig){
		"a license is given":    func(r *seatstest.Rig) { r.Assign("bob") },
		"a license is taken":    func(r *seatstest.Rig) { r.Revoke("ann") },
		"somebody is invited":   func(r *seatstest.Rig) { r.Invite(seatstest.Invitee("new", r.Sub)) },
		"an invitation is used": func(r *seatstest.Rig) { _, err := r.Accept("cid"); r.Must(err) },
		"seats are bought and given": func(r *seatstest.Rig) {
			r.Change(4)
			r.Assign("bob")
		},
	} {
		r := seatstest.Open(t, seatstest.Seats(3))
		r.JoinLicensed("ann")
		r.Join("bob")
		r.Invite(seatstest.Invitee("cid", r.Sub))
		_, pools, err := r.On(overtaken{r.Store, func() { meanwhile(r) }}).Pools(r.Ctx, r.Caller("owner"), r.Account, "")
		r.Must(err)
		p := pools[0]
		if p.InUse < 0 || p.Reserved < 0 || p.InUse+p.Reserved+p.Free != p.Seats || p.Seats != 3 || p.Free != 1 {
			t.Errorf("%s meanwhile: %d seats, %d in use, %d reserved, %d free", name, p.Seats, p.InUse, p.Reserved, p.Free)
		}
	}
}
