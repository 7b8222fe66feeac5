package seats

import (
	"context"
	"strconv"
	"time"
)

// MaxInvitePeople is how many people one request invites.
const MaxInvitePeople = 100

// Invitee is one person of an invite command, as typed.
type Invitee struct {
	Email         string
	FirstName     string
	LastName      string
	Qualification string
	Role          string
	Subscription  SubscriptionID
}

// InviteResult is what became of one person.
type InviteResult struct {
	Email      string
	User       UserID
	Invitation InvitationID
	ExpiresAt  time.Time
	// Refused says why this person was not invited; the others are.
	Refused *Error
}

// Invite invites people: each becomes an invited user with an open invitation,
// and a seat is reserved where a license comes with it and the plan keeps seats for
// invitations. Who cannot be invited is told apart from the others, who are. Where
// seats would have to be bought it is refused with ErrQuoteRequired.
func (s *Service) Invite(ctx context.Context, caller Caller, account AccountID, people []Invitee, once Once[[]InviteResult]) (Reply[[]InviteResult], error) {
	return s.InviteBuying(ctx, caller, account, people, Purchase{}, once)
}

// InviteBuying is Invite, and buys the seats of a quote in the transaction of the
// first people who lack one. If nobody does, nothing is bought.
func (s *Service) InviteBuying(ctx context.Context, caller Caller, account AccountID, people []Invitee, buy Purchase, once Once[[]InviteResult]) (Reply[[]InviteResult], error) {
	rows, err := readInvitees(people)
	if err != nil {
		return Reply[[]InviteResult]{}, err
	}
	reply, err := s.add(ctx, command{caller: caller, account: account}, rows, buy, onceAs(once, inviteResults))
	return replyAs(reply, inviteResults), err
}

// TryInvite says what Invite would do, and what it would cost where seats would have
// to be bought. It invites nobody.
func (s *Service) TryInvite(ctx context.Context, caller Caller, account AccountID, people []Invitee) (Trial[InviteResult], error) {
	rows, err := readInvitees(people)
	if err != nil {
		return Trial[InviteResult]{}, err
	}
	trial, err := s.tryAdd(ctx, command{caller: caller, account: account}, rows)
	return Trial[InviteResult]{Results: inviteResults(trial.Results), Quote: trial.Quote, Currency: trial.Currency}, err
}

func inviteResults(rows []added) []InviteResult {
	results := make([]InviteResult, len(rows))
	for i, row := range rows {
		results[i] = InviteResult{Email: row.email, Refused: row.refused}
		if u := row.user; u != nil && u.ID != "" {
			results[i].User, results[i].Invitation = u.ID, InvitationOf(u.ID)
			results[i].ExpiresAt = u.Invitation.ExpiresAt
		}
	}
	return results
}

// readInvitees checks the form of all people and lists every mistake at once.
func readInvitees(people []Invitee) ([]newcomer, error) {
	if len(people) == 0 || len(people) > MaxInvitePeople {
		return nil, ErrInvalid.With("Send between 1 and %d people in one request.", MaxInvitePeople)
	}
	rows := make([]newcomer, len(people))
	var fields []Field
	for i, p := range people {
		row, mistakes := readNewcomer("body.people["+strconv.Itoa(i)+"].", p)
		row.invited = true
		rows[i] = row
		fields = append(fields, mistakes...)
	}
	if len(fields) > 0 {
		e := ErrInvalid.With("Nobody was invited. Mend the fields named in errors and send the list again.")
		e.Fields = fields
		return nil, e
	}
	return rows, nil
}

func invitationData(u *User) EventData {
	i := u.Invitation
	product, _ := i.Subscription.Product() // "" where no license comes with it
	return EventData{
		UserID: u.ID, InvitationID: InvitationOf(u.ID), Generation: i.Generation, ExpiresAt: i.ExpiresAt,
		InviterID: i.Inviter, Role: u.Role, Subscription: i.Subscription, Product: product,
	}
}

// ResendInvitation sends an open or expired invitation again: a new link, a new
// expiry, and the seat reserved again where expiry had freed it. The old link
// answers invitation_superseded.
func (s *Service) ResendInvitation(ctx context.Context, caller Caller, account AccountID, id InvitationID, once Once[*User]) (Reply[*User], error) {
	return s.onInvitation(ctx, caller, account, id, once, func(t *turn, u *User) (*Change, error) {
		i := u.Invitation
		change := &Change{}
		product, _ := i.Subscription.Product()
		if product != "" && !i.Reserved {
			sub, plan, err := t.subscription(i.Subscription)
			switch {
			case err != nil || sub.Status != SubscriptionActive:
				return nil, ErrStateConflict.With("The subscription of this invitation has ended. Cancel it and invite the person again.")
			case plan.Policies.ActiveUsers():
			case !Can(t.Me.Role, ManageLicenses, plan):
				return nil, ErrForbidden
			case !plan.Policies.InvitationReservesSeat:
			case sub.Free < 1:
				return nil, ErrNoFreeSeats
			default:
				change.Free = []FreeMove{{Product: product, Delta: -1}}
				i.Reserved = true
			}
		}
		i.State, i.Inviter = InvitationOpen, t.Me.ID
		i.Generation++
		i.Reminded = false
		i.SentAt, i.ExpiresAt = t.Now, t.Now.Add(InvitationTTL)
		change.Users = []UserWrite{{User: u, From: u.Rev - 1}}
		change.Events = []Event{t.event(InvitationResent, invitationData(u), Rev{string(u.ID), u.Rev})}
		return change, nil
	})
}

// CancelInvitation ends an open or expired invitation: the link stops working,
// the seat and the email are free again.
func (s *Service) CancelInvitation(ctx context.Context, caller Caller, account AccountID, id InvitationID, once Once[*User]) (Reply[*User], error) {
	return s.onInvitation(ctx, caller, account, id, once, func(t *turn, u *User) (*Change, error) {
		change := endInvitation(u, InvitationCancelled)
		u.Status = UserRemoved
		change.Users[0].FreeEmail = true
		data := EventData{UserID: u.ID, InvitationID: id, InviterID: u.Invitation.Inviter}
		change.Events = []Event{t.event(InvitationCancelledEv, data, Rev{string(u.ID), u.Rev})}
		return change, nil
	})
}

// endInvitation takes an invitation out of use and frees its seat.
func endInvitation(u *User, state InvitationState) *Change {
	change := &Change{Users: []UserWrite{{User: u, From: u.Rev - 1}}}
	if product := u.HoldsSeat(); product != "" {
		change.Free = []FreeMove{{Product: product, Delta: 1}}
	}
	u.Invitation.State, u.Invitation.Reserved = state, false
	return change
}

// onInvitation runs a command about one invitation that is open or expired. The
// decision gets a copy of the user with the next revision.
func (s *Service) onInvitation(ctx context.Context, caller Caller, account AccountID, id InvitationID, once Once[*User], decide func(*turn, *User) (*Change, error)) (Reply[*User], error) {
	user, err := id.User()
	if err != nil {
		return Reply[*User]{}, err
	}
	cmd := command{caller: caller, account: account, may: (*turn).mayManage}
	cmd.want.Users = []UserID{user}
	// The subscription is known only from the user, so a first look finds it.
	first, err := s.read(ctx, cmd)
	if err != nil {
		return Reply[*User]{}, err
	}
	if u := first.Users[user]; u != nil && u.Invitation != nil {
		if product, err := u.Invitation.Subscription.Product(); err == nil {
			cmd.want.Products = []string{product}
		}
	}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *User, error) {
		if err := t.mayManage(); err != nil {
			return nil, nil, err
		}
		was, err := t.target(user)
		switch {
		case err != nil && t.Users[user] != nil && t.Users[user].Invitation != nil && t.Users[user].Invitation.State == InvitationCancelled:
			return nil, nil, ErrInvitationCancelled
		case err != nil:
			return nil, nil, err
		case was.Invitation == nil:
			return nil, nil, ErrNotFound
		case was.Invitation.State == InvitationAccepted:
			return nil, nil, ErrInvitationUsed
		case !CanGrant(t.Me.Role, was.Role):
			return nil, nil, ErrForbidden
		}
		u := was.clone()
		u.Rev++
		change, err := decide(t, u)
		return change, u, err
	})
}
