package seats

import (
	"context"
	"errors"

	"github.com/usher-seats/usher/internal/money"
)

// newcomer is a person to add, after the form was checked: invited by mail, or
// created without an invitation.
type newcomer struct {
	email, first, last, qualification string
	role                              Role
	subscription                      SubscriptionID
	product                           string
	invited                           bool
	// active is whether a created user may use the account at once.
	active bool
	// line is where a file has the person, and refused what is wrong there.
	line    int
	refused *Error
}

// added is what became of one newcomer.
type added struct {
	email   string
	user    *User
	refused *Error
}

// Trial is what a dry run answers: what would become of each row, and the price of
// the seats that would have to be bought, or nil.
type Trial[R any] struct {
	Results  []R
	Quote    *Quote
	Currency money.Currency
}

// peoplePerTransaction keeps three items a person, the account, the pools, a receipt
// and what a purchase writes within the 100 items of a transaction. Pools that a list
// names beyond those that an account can have are refused row by row and written
// nowhere.
func peoplePerTransaction(pools int, buys bool) int {
	const items, person, accountAndReceipt = 100, 3, 2
	left := items - accountAndReceipt - min(pools, MaxProductsPerAccount)
	if buys {
		left -= purchaseItems
	}
	return left / person
}

// purchaseItems are what a purchase writes beside the account and the pool: the
// invoice, the quote, the event and who spent.
const purchaseItems = 4

// readNewcomer checks the form of one person and lists every mistake.
func readNewcomer(at string, p Invitee) (newcomer, []Field) {
	var row newcomer
	var fields []Field
	var err error
	if row.email, err = NormalizeEmail(p.Email); err != nil {
		fields = append(fields, Field{Location: at + "email", Message: "must be an email address like name@example.com", Value: p.Email})
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
	return row, fields
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

// add adds people, in one transaction where they fit into one.
func (s *Service) add(ctx context.Context, cmd command, rows []newcomer, buy Purchase, once Once[[]added]) (Reply[[]added], error) {
	var none Reply[[]added]
	if err := buy.check(once.Key); err != nil {
		return none, err
	}
	cmd.want.Products, cmd.want.Quote, cmd.adds, cmd.may = productsOf(rows), buy.Quote, len(rows), (*turn).mayManage
	size := peoplePerTransaction(len(cmd.want.Products), buy.Quote != "")
	if len(rows) <= size {
		return s.addPart(ctx, cmd, rows, buying{Purchase: buy}, once)
	}
	return afterLapsed(ctx, s, cmd.account, func(first bool) (Reply[[]added], error) {
		may := func(t *turn) error { return s.mayAddAll(ctx, t, rows, buy, first) }
		return bulk(ctx, s, cmd, once, len(rows), size, may, func(cmd command, from, to int) ([]added, error) {
			part := buying{Purchase: buy, mint: cmd.purchase, later: wanted(rows[to:])}
			reply, err := s.addPart(ctx, cmd, rows[from:to], part, Once[[]added]{})
			return reply.Result, err
		})
	})
}

func productsOf(rows []newcomer) []string {
	var products []string
	seen := map[string]bool{"": true}
	for _, row := range rows {
		if !seen[row.product] {
			seen[row.product] = true
			products = append(products, row.product)
		}
	}
	return products
}

// wanted are the seats, by product, that rows may ask for.
func wanted(rows []newcomer) map[string]int64 {
	n := map[string]int64{}
	for _, row := range rows {
		if row.product != "" {
			n[row.product]++
		}
	}
	return n
}

// mayAddAll is asked before a command of several transactions begins: whether it is
// allowed at all, and whether its seats are there or paid for. One that goes on after
// an interruption was asked before.
func (s *Service) mayAddAll(ctx context.Context, t *turn, rows []newcomer, buy Purchase, first bool) error {
	if err := t.mayManage(); err != nil || buy.Quote != "" || t.Receipt != nil {
		return err
	}
	enough := true
	for product, n := range wanted(rows) {
		enough = enough && (t.Subscriptions[product] == nil || t.Subscriptions[product].Free >= n)
	}
	if enough {
		return nil
	}
	taken, err := s.taken(ctx, t.Account.ID, rows)
	if err != nil {
		return err
	}
	return t.tried(first, func() (*supply, error) {
		_, _, supply, err := decideAdd(t, rows, taken, buying{})
		return supply, err
	})
}

// taken are the emails that are somebody else's, as far as is remembered of a long
// list of users.
func (s *Service) taken(ctx context.Context, account AccountID, rows []newcomer) (map[string]bool, error) {
	users, err := s.users(ctx, account)
	if err != nil {
		return nil, err
	}
	asked, taken := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		asked[row.email] = true
	}
	for _, u := range users {
		if u.Status != UserRemoved && asked[u.Email] {
			taken[u.Email] = true
		}
	}
	return taken, nil
}

// addPart adds what fits into one transaction, unless a check of what would become of
// the rows refuses it.
func (s *Service) addPart(ctx context.Context, cmd command, rows []newcomer, buy buying, once Once[[]added], checks ...func([]added) error) (Reply[[]added], error) {
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
	return afterLapsed(ctx, s, cmd.account, func(first bool) (Reply[[]added], error) {
		return run(ctx, s, cmd, once, func(t *turn) (*Change, []added, error) {
			change, results, supply, err := decideAdd(t, rows, taken, buy)
			if err != nil {
				return nil, nil, err
			}
			if err := supply.refusal(first, cmd.mint == nil && buy.Quote == ""); err != nil {
				return nil, nil, err
			}
			for _, check := range checks {
				if err := check(results); err != nil {
					return nil, nil, err
				}
			}
			t.guardCrowd(change)
			tried = change.Users
			return change, results, nil
		}, lost)
	})
}

// tryAdd decides about people and writes nothing of it.
func (s *Service) tryAdd(ctx context.Context, cmd command, rows []newcomer) (Trial[added], error) {
	cmd.want.Products, cmd.adds = productsOf(rows), len(rows)
	return try(ctx, s, cmd, func(t *turn, buy buying) ([]added, *supply, error) {
		taken, err := s.taken(ctx, t.Account.ID, rows)
		if err != nil {
			return nil, nil, err
		}
		_, results, supply, err := decideAdd(t, rows, taken, buy)
		for i := range results {
			if results[i].user != nil {
				results[i].user.ID = ""
			}
		}
		return results, supply, err
	})
}

// decideAdd decides about the rows in their order: the first get the free seats, and
// those that a quote buys. An email in taken is somebody else's already.
func decideAdd(t *turn, rows []newcomer, taken map[string]bool, buy buying) (*Change, []added, *supply, error) {
	if err := t.mayManage(); err != nil {
		return nil, nil, nil, err
	}
	// Ids of all rows come first, so that they depend on the row alone: a resumed
	// command may add a row that was refused before, under an event of its own.
	ids := make([]UserID, len(rows))
	for i := range ids {
		ids[i] = t.Mint.User()
	}
	events := make([]EventID, len(rows))
	for i := range events {
		events[i] = t.Mint.Event()
	}
	return serve(t, buy, func(seats *supply) (*Change, []added) {
		d := addition{t: t, change: &Change{}, supply: seats, taken: taken, seen: map[string]bool{}, room: t.room()}
		results := make([]added, len(rows))
		for i, row := range rows {
			results[i].email = row.email
			if results[i].user = t.Users[ids[i]]; results[i].user == nil {
				results[i].user, results[i].refused = d.add(ids[i], events[i], row)
			}
		}
		return d.change, results
	})
}

// addition is a decision about newcomers.
type addition struct {
	t           *turn
	change      *Change
	supply      *supply
	taken, seen map[string]bool
	room        int
}

func (d *addition) add(id UserID, event EventID, row newcomer) (*User, *Error) {
	t := d.t
	switch {
	case row.refused != nil:
		return nil, row.refused
	case d.taken[row.email]:
		return nil, ErrEmailTaken.With("Somebody in this account has the email %s already. If an invitation is open or has expired, send it again instead.", row.email)
	case d.seen[row.email]:
		return nil, ErrEmailTaken.With("The email %s stands in this list more than once; the first row was taken.", row.email)
	case !CanGrant(t.Me.Role, row.role):
		return nil, ErrForbidden.With("Your role may not grant the role %s. Ask the owner.", row.role)
	case d.room < 1:
		return nil, ErrContactSales.With(userLimitHow, MaxUsersPerAccount)
	}
	u := &User{
		ID: id, Account: t.Account.ID, Rev: 1, Email: row.email, FirstName: row.first, LastName: row.last,
		Qualification: row.qualification, Role: row.role, AddedAt: t.Now, Test: t.Account.Test, Licenses: map[string]License{},
	}
	seat := false
	if row.product != "" {
		var refused *Error
		if seat, refused = d.seat(row); refused != nil {
			return nil, refused
		}
	}
	d.seen[row.email] = true
	d.room--
	d.change.Users = append(d.change.Users, UserWrite{User: u, TakeEmail: true})
	if row.invited {
		d.invite(u, event, row, seat)
	} else {
		d.create(u, event, row, seat)
	}
	return u, nil
}

func (d *addition) invite(u *User, event EventID, row newcomer, seat bool) {
	t := d.t
	u.Status = UserInvited
	u.Invitation = &Invitation{
		State: InvitationOpen, Generation: 1, SentAt: t.Now, ExpiresAt: t.Now.Add(InvitationTTL),
		Inviter: t.Me.ID, Subscription: row.subscription, Reserved: seat,
	}
	d.change.Events = append(d.change.Events, t.eventAs(event, UserInvitedEvent, invitationData(u), Rev{string(u.ID), u.Rev}))
}

func (d *addition) create(u *User, event EventID, row newcomer, seat bool) {
	t := d.t
	u.Status = UserDeactivated
	if row.active {
		u.Status = UserActive
	}
	data := EventData{UserID: u.ID, Role: u.Role, Active: row.active}
	if seat {
		u.Licenses[row.product] = License{Subscription: row.subscription, Since: t.Now, By: t.Me.ID}
		data.Subscription, data.Product, data.Licensed = row.subscription, row.product, true
	}
	d.change.Events = append(d.change.Events, t.eventAs(event, UserCreated, data, Rev{string(u.ID), u.Rev}))
}

// seat takes a seat for a row, where its subscription is there and has one. It takes
// none for an invitation that keeps none, nor where active users are billed.
func (d *addition) seat(row newcomer) (bool, *Error) {
	sub, plan, err := d.t.subscription(row.subscription)
	switch {
	case err != nil || sub.Status != SubscriptionActive:
		return false, ErrNotFound.With("The subscription %s is none of this account. Choose one of the account's subscriptions.", row.subscription)
	case plan.Policies.ActiveUsers():
		return false, nil
	case !Can(d.t.Me.Role, ManageLicenses, plan):
		return false, ErrForbidden.With("Your role may add people but not give licenses. Add them without a license, or ask the owner or an admin.")
	case row.invited && !plan.Policies.InvitationReservesSeat:
		return false, nil
	}
	if refused := d.supply.take(row.product); refused != nil {
		return false, refused
	}
	return true, nil
}

// try runs a decision without writing: once with the seats that are free, and where
// they are short and sold on the way, once more with as many as can be bought, whose
// price it asks for. Invitations that have lapsed are ended first if seats are short.
func try[R any](ctx context.Context, s *Service, cmd command, decide func(*turn, buying) ([]R, *supply, error)) (Trial[R], error) {
	var trial Trial[R]
	for first := true; ; first = false {
		t, err := s.read(ctx, cmd)
		if err != nil {
			return trial, err
		}
		start := *t.Mint
		results, supply, err := decide(t, buying{})
		if err != nil {
			return trial, err
		}
		if len(supply.short) > 0 && first {
			if err := s.expireAccount(ctx, cmd.account, t.Now); err != nil {
				return trial, err
			}
			continue
		}
		trial.Results, trial.Currency = results, t.Account.Currency
		product, lacking := supply.lacking()
		if !lacking {
			return trial, nil
		}
		buy, quote, err := s.priceShortage(ctx, cmd, t, product, supply.short[product])
		if err != nil {
			return trial, err
		}
		t.Mint = &start
		trial.Quote = quote
		trial.Results, _, err = decide(t, buy)
		return trial, err
	}
}

// priceShortage prices as many of the missing seats as may be bought on the way, or
// says why none may.
func (s *Service) priceShortage(ctx context.Context, cmd command, t *turn, product string, missing int64) (buying, *Quote, error) {
	sub, plan := t.Subscriptions[product], t.Plans[product]
	n := missing
	for n > 1 && t.mayNotSell(sub, plan, sub.Seats+n) != nil {
		n--
	}
	quote, _, err := s.quoteSeats(ctx, cmd.caller, cmd.account, sub.ID, sub.Seats+n, true)
	var refused *Error
	switch {
	case errors.As(err, &refused) && permanent(err):
		return buying{refused: map[string]*Error{product: refused}}, nil, nil
	case err != nil:
		return buying{}, nil, err
	case n < missing:
		refused = t.mayNotSell(sub, plan, sub.Seats+n+1)
	}
	return buying{would: map[string]int64{product: n}, refused: map[string]*Error{product: refused}}, quote, nil
}
