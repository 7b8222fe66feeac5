package seats

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// MaxInvitePeople is how many people one request invites.
const MaxInvitePeople = 100

// invitesPerTransaction keeps three items a person, the pools and a receipt within
// the 100 items of a transaction. Pools that a list names beyond those that an
// account can have are refused row by row and written nowhere.
func invitesPerTransaction(pools int) int {
	const items, person = 100, 3
	return (items - 1 - min(pools, MaxProductsPerAccount)) / person
}

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
// and a seat is reserved where a license comes with it. Who cannot be invited is
// told apart from the others, who are.
func (s *Service) Invite(ctx context.Context, caller Caller, account AccountID, people []Invitee, once Once[[]InviteResult]) (Reply[[]InviteResult], error) {
	var none Reply[[]InviteResult]
	if len(people) == 0 || len(people) > MaxInvitePeople {
		return none, ErrInvalid.With("Send between 1 and %d people in one request.", MaxInvitePeople)
	}
	rows, fields := readInvitees(people)
	if len(fields) > 0 {
		e := ErrInvalid.With("Nobody was invited. Mend the fields named in errors and send the list again.")
		e.Fields = fields
		return none, e
	}
	products := map[string]bool{}
	for _, row := range rows {
		if row.product != "" {
			products[row.product] = true
		}
	}
	cmd := command{caller: caller, account: account}
	for p := range products {
		cmd.want.Products = append(cmd.want.Products, p)
	}
	size := invitesPerTransaction(len(products))
	if len(rows) <= size {
		return s.inviteRows(ctx, cmd, rows, once)
	}
	return bulk(ctx, s, cmd, once, len(rows), size, mayInvite, func(cmd command, from, to int) ([]InviteResult, error) {
		reply, err := s.inviteRows(ctx, cmd, rows[from:to], Once[[]InviteResult]{})
		return reply.Result, err
	})
}

// inviteRows invites what fits into one transaction.
func (s *Service) inviteRows(ctx context.Context, cmd command, rows []inviteRow, once Once[[]InviteResult]) (Reply[[]InviteResult], error) {
	if cmd.mint != nil {
		// A resumed bulk command meets what it wrote before.
		ids := *cmd.mint
		for range rows {
			cmd.want.Users = append(cmd.want.Users, ids.User())
		}
	}
	// Emails are not read beforehand: whose is taken, the transaction says.
	taken := map[string]bool{}
	var tried []UserWrite
	lost := func(lost *ConditionError) {
		for _, f := range lost.Failed {
			if f.Kind == ItemEmail {
				taken[tried[f.Index].User.Email] = true
			}
		}
	}
	return afterLapsed(ctx, s, cmd.account, func(first bool) (Reply[[]InviteResult], error) {
		return run(ctx, s, cmd, once, func(t *turn) (*Change, []InviteResult, error) {
			change, results, err := decideInvite(t, rows, taken)
			if err != nil {
				return nil, nil, err
			}
			if first && slices.ContainsFunc(results, func(r InviteResult) bool { return r.Refused == ErrNoFreeSeats }) {
				return nil, nil, &shortage{t.Now}
			}
			tried = change.Users
			return change, results, nil
		}, lost)
	})
}

// inviteRow is an invitee after its form was checked.
type inviteRow struct {
	email, first, last, qualification string
	role                              Role
	subscription                      SubscriptionID
	product                           string
}

// readInvitees checks the form of all rows and lists every mistake at once.
func readInvitees(people []Invitee) ([]inviteRow, []Field) {
	rows := make([]inviteRow, len(people))
	var fields []Field
	for i, p := range people {
		at := "body.people[" + strconv.Itoa(i) + "]."
		row := &rows[i]
		var err error
		if row.email, err = NormalizeEmail(p.Email); err != nil {
			fields = append(fields, Field{Location: at + "email", Message: err.(*Error).Detail, Value: p.Email})
		}
		names, mistakes := readNames(at, p.FirstName, p.LastName, p.Qualification)
		row.first, row.last, row.qualification = names.first, names.last, names.qualification
		fields = append(fields, mistakes...)
		row.role = Member
		if p.Role != "" {
			var ok bool
			if row.role, ok = ParseRole(p.Role); !ok || row.role == Owner {
				fields = append(fields, Field{Location: at + "role", Message: "must be admin, billing_admin or member", Value: p.Role})
			}
		}
		if p.Subscription != "" {
			row.subscription = p.Subscription
			if row.product, err = p.Subscription.Product(); err != nil {
				fields = append(fields, Field{Location: at + "subscription_id", Message: "is no subscription of this account", Value: string(p.Subscription)})
			}
		}
	}
	return rows, fields
}

type names struct{ first, last, qualification string }

func readNames(at, first, last, qualification string) (names, []Field) {
	var n names
	var fields []Field
	read := func(field, raw string, runes, bytes int, required bool) string {
		s, bad := cleanText(at+field, raw, runes, bytes)
		if bad == nil && required && s == "" {
			bad = &Field{Location: at + field, Message: "must not be empty"}
		}
		if bad != nil {
			fields = append(fields, *bad)
		}
		return s
	}
	n.first = read("first_name", first, MaxNameRunes, MaxNameBytes, true)
	n.last = read("last_name", last, MaxNameRunes, MaxNameBytes, true)
	n.qualification = read("qualification", qualification, MaxQualificationRunes, MaxQualificationBytes, false)
	return n, fields
}

// decideInvite decides about the rows in their order: the first get the free
// seats. An email in taken is somebody else's already.
func decideInvite(t *turn, rows []inviteRow, taken map[string]bool) (*Change, []InviteResult, error) {
	if err := mayInvite(t); err != nil {
		return nil, nil, err
	}
	d := inviteDecision{t: t, change: &Change{}, taken: taken, seen: map[string]bool{}, free: map[string]int64{}, moved: map[string]int64{}}
	for p, sub := range t.Subscriptions {
		d.free[p] = sub.Free
	}
	// Ids of all rows come first, so that they depend on the row alone: a resumed
	// command may invite a row that was refused before, under an event of its own.
	ids := make([]UserID, len(rows))
	for i := range ids {
		ids[i] = t.Mint.User()
	}
	events := make([]EventID, len(rows))
	for i := range events {
		events[i] = t.Mint.Event()
	}
	results := make([]InviteResult, len(rows))
	for i, row := range rows {
		id := ids[i]
		results[i] = InviteResult{Email: row.email, User: id, Invitation: InvitationOf(id), ExpiresAt: t.Now.Add(InvitationTTL)}
		if was := t.Users[id]; was != nil {
			results[i].ExpiresAt = was.Invitation.ExpiresAt
			continue
		}
		if refused := d.invite(id, events[i], row); refused != nil {
			results[i] = InviteResult{Email: row.email, Refused: refused}
		}
	}
	for p, n := range d.moved {
		d.change.Free = append(d.change.Free, FreeMove{Product: p, Delta: -n})
	}
	return d.change, results, nil
}

func mayInvite(t *turn) error {
	if !Can(t.Me.Role, ManageUsers, nil) {
		return ErrForbidden
	}
	return nil
}

type inviteDecision struct {
	t           *turn
	change      *Change
	taken, seen map[string]bool
	free, moved map[string]int64
}

func (d *inviteDecision) invite(id UserID, event EventID, row inviteRow) *Error {
	t := d.t
	if d.taken[row.email] {
		return ErrEmailTaken.With("Somebody in this account has the email %s already. If an invitation is open or has expired, send it again instead.", row.email)
	}
	if d.seen[row.email] {
		return ErrEmailTaken.With("The email %s stands in this list more than once; the first row was taken.", row.email)
	}
	if !CanGrant(t.Me.Role, row.role) {
		return ErrForbidden.With("Your role may not grant the role %s. Ask the owner.", row.role)
	}
	if row.product != "" {
		if refused := d.reserve(row); refused != nil {
			return refused
		}
	}
	d.seen[row.email] = true
	u := &User{
		ID: id, Account: t.Account.ID, Rev: 1, Email: row.email, FirstName: row.first, LastName: row.last,
		Qualification: row.qualification, Role: row.role, Status: UserInvited, AddedAt: t.Now, Test: t.Account.Test,
		Invitation: &Invitation{
			State: InvitationOpen, Generation: 1, SentAt: t.Now, ExpiresAt: t.Now.Add(InvitationTTL),
			Inviter: t.Me.ID, Subscription: row.subscription, Reserved: row.product != "",
		},
	}
	d.change.Users = append(d.change.Users, UserWrite{User: u, TakeEmail: true})
	d.change.Events = append(d.change.Events, t.eventAs(event, UserInvitedEvent, invitationData(u), Rev{string(id), u.Rev}))
	return nil
}

// reserve holds a seat for a row, if its subscription is there and has one.
func (d *inviteDecision) reserve(row inviteRow) *Error {
	sub, plan, err := d.t.subscription(row.subscription)
	if err != nil || sub.Status != SubscriptionActive {
		return ErrNotFound.With("The subscription %s is none of this account. Choose one of the account's subscriptions.", row.subscription)
	}
	if !Can(d.t.Me.Role, ManageLicenses, plan) {
		return ErrForbidden.With("Your role may invite people but not give licenses. Invite without a license, or ask the owner or an admin.")
	}
	if d.free[row.product] < 1 {
		return ErrNoFreeSeats
	}
	d.free[row.product]--
	d.moved[row.product]++
	return nil
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
			case !Can(t.Me.Role, ManageLicenses, plan):
				return nil, ErrForbidden
			case sub.Free < 1:
				return nil, ErrNoFreeSeats
			}
			change.Free = []FreeMove{{Product: product, Delta: -1}}
			i.Reserved = true
		}
		i.State, i.Inviter = InvitationOpen, t.Me.ID
		i.Generation++
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
	cmd := command{caller: caller, account: account}
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
		if !Can(t.Me.Role, ManageUsers, nil) {
			return nil, nil, ErrForbidden
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
