package budget

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

func plan() *seats.Plan {
	return &seats.Plan{
		ID: "valuation-team", Name: "Valuation Team", Rank: 1,
		Product: seats.Product{ID: "valuation", Name: "Valuation", Entitlements: []seats.Entitlement{{ID: "reports", Name: "Download reports"}}},
		Vendor: seats.Vendor{
			Name: "Example Software GmbH", AddressLines: []string{"Beispielweg 1", "10115 Berlin"}, TaxID: "DE999999999", Country: "DE",
			SupportEmail: "support@vendor.example", SalesContact: "sales@vendor.example", SignInURL: "https://app.vendor.example",
		},
		Interval: billing.Month,
		Prices:   map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: 2000}},
		Policies: seats.Policies{
			Proration: billing.ByDay, Settle: seats.SettleNow, Decrease: seats.DecreaseEndOfCycle, OverAssigned: seats.KeepAssigned,
			InvitationReservesSeat: true, SelfServe: seats.SelfServeAll, AdminsMaySpend: true, AgreementRequired: true,
		},
		AgreementURL: "https://vendor.example/agreement",
	}
}

// subject is as long as the hash of an identity.
func subject(name string) string { return fmt.Sprintf("%-43s", name) }

func opening(b *bench) error {
	if _, err := b.svc.PublishPlans(b.ctx, []*seats.Plan{plan()}); err != nil {
		return err
	}
	in := seats.OpenAccount{
		Name: "Beispiel Maschinenbau AG", Currency: "EUR", Zone: "Europe/Berlin", PlanID: "valuation-team", Seats: 200, TaxPPM: 190_000,
		Owner:    seats.Person{Email: "olga.owner@beispiel.example", FirstName: "Olga", LastName: "Owner"},
		Customer: billing.Party{Name: "Beispiel Maschinenbau AG", AddressLines: []string{"Hauptstraße 1", "20095 Hamburg"}, TaxID: "DE123456789", Country: "DE"},
	}
	operator := seats.Actor{Kind: seats.ActorOperator, ID: subject("operator")}
	err := b.measure("open an account, with its first invoice", 1, func() error {
		opened, err := b.svc.Open(b.ctx, operator, in, once[seats.Opened](b, answer))
		if err == nil {
			b.account, b.sub = opened.Result.Account.ID, opened.Result.Subscription.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	b.owner = seats.Caller{Subject: subject("owner"), SignedInAt: b.wall}
	err = b.measure("bind an identity to a user", 1, func() error {
		_, err := b.svc.Bind(b.ctx, seats.Identity{Subject: b.owner.Subject, Email: in.Owner.Email})
		return err
	})
	if err != nil {
		return err
	}
	return b.measure("find the user of a sign-in, once in 30 s", 1, func() error {
		_, err := b.svc.Store.UserBySignIn(b.ctx, b.owner.Subject, b.account)
		return err
	})
}

func (b *bench) invitees(n int, sub seats.SubscriptionID) []seats.Invitee {
	all := make([]seats.Invitee, n)
	for i := range all {
		b.people++
		all[i] = seats.Invitee{
			Email: fmt.Sprintf("firstname.lastname%d@beispiel.example", b.people), FirstName: "Friederike", LastName: "Mustermann",
			Qualification: "Certified valuer", Subscription: sub,
		}
	}
	return all
}

func (b *bench) invite(svc *seats.Service, n int, sub seats.SubscriptionID, o seats.Once[[]seats.InviteResult]) ([]seats.InviteResult, error) {
	reply, err := svc.Invite(b.ctx, b.owner, b.account, b.invitees(n, sub), o)
	for _, r := range reply.Result {
		if r.Refused != nil {
			return nil, r.Refused
		}
	}
	return reply.Result, err
}

func (b *bench) accept(svc *seats.Service, r seats.InviteResult, generation int, o seats.Once[*seats.User]) error {
	key, err := svc.InvitationKey(b.ctx)
	if err != nil {
		return err
	}
	token := seats.InvitationToken(key, b.account, r.User, generation)
	_, err = svc.Accept(b.ctx, seats.Identity{Subject: subject(string(r.User)), Email: r.Email}, token, o)
	return err
}

// members writes active users straight away, as they are after accepting.
func (b *bench) members(n int) ([]seats.UserID, error) {
	mint := seats.Minter{At: b.wall, Wall: b.wall, Seed: [16]byte{byte(b.people)}}
	var ids []seats.UserID
	for len(ids) < n {
		change := &seats.Change{}
		for range min(n-len(ids), 100/3) {
			b.people++
			id := mint.User()
			u := &seats.User{
				ID: id, Account: b.account, Rev: 2, Email: fmt.Sprintf("firstname.lastname%d@beispiel.example", b.people),
				FirstName: "Friederike", LastName: "Mustermann", Qualification: "Certified valuer", Role: seats.Member,
				Status: seats.UserActive, Subject: subject(string(id)), AddedAt: b.wall,
				Invitation: &seats.Invitation{State: seats.InvitationAccepted, Generation: 1, SentAt: b.wall, ExpiresAt: b.wall, Inviter: id},
			}
			change.Users = append(change.Users, seats.UserWrite{User: u, TakeEmail: true, Bind: true})
			ids = append(ids, id)
		}
		if err := b.quiet.Store.Commit(b.ctx, b.account, change); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// step is one operation to measure.
type step struct {
	name string
	of   int
	run  func() error
}

func (b *bench) steps(all ...step) error {
	for _, s := range all {
		if err := b.measure(s.name, max(1, s.of), s.run); err != nil {
			return err
		}
	}
	return nil
}

func inviting(b *bench) error {
	// The key that signs links is made once in the life of a stack.
	key, err := b.svc.InvitationKey(b.ctx)
	if err != nil {
		return err
	}
	prepared, err := b.invite(b.quiet, 4, b.sub, none[[]seats.InviteResult]())
	if err != nil {
		return err
	}
	// How many users there are is remembered for minutes.
	if _, err := b.svc.ListUsers(b.ctx, b.owner, b.account, seats.UserFilter{}); err != nil {
		return err
	}
	invite := func(n int, sub seats.SubscriptionID, o seats.Once[[]seats.InviteResult]) func() error {
		return func() error {
			_, err := b.invite(b.svc, n, sub, o)
			return err
		}
	}
	return b.steps(
		step{"invite one person without a license", 1, invite(1, "", none[[]seats.InviteResult]())},
		step{"invite one person with a license", 1, invite(1, b.sub, none[[]seats.InviteResult]())},
		step{"invite one person with a license, with a key", 1, invite(1, b.sub, once[[]seats.InviteResult](b, answer))},
		step{"invite 32 people with a license", 32, invite(32, b.sub, none[[]seats.InviteResult]())},
		step{"look at an invitation", 1, func() error {
			_, err := b.svc.LookUpInvitation(b.ctx, seats.InvitationToken(key, b.account, prepared[0].User, 1))
			return err
		}},
		step{"accept an invitation", 1, func() error { return b.accept(b.svc, prepared[0], 1, none[*seats.User]()) }},
		step{"send an invitation again", 1, func() error {
			b.wall = b.wall.Add(time.Second)
			_, err := b.svc.ResendInvitation(b.ctx, b.owner, b.account, prepared[1].Invitation, none[*seats.User]())
			return err
		}},
		step{"accept an invitation, with a key", 1, func() error { return b.accept(b.svc, prepared[1], 2, once[*seats.User](b, answer)) }},
		step{"cancel an invitation", 1, func() error {
			_, err := b.svc.CancelInvitation(b.ctx, b.owner, b.account, prepared[2].Invitation, none[*seats.User]())
			return err
		}},
		step{"end an invitation that lapsed", 1, func() error {
			return b.svc.ExpireInvitation(b.ctx, seats.Membership{Account: b.account, User: prepared[3].User}, b.wall.Add(seats.InvitationTTL))
		}},
	)
}

func licensing(b *bench) error {
	users, err := b.members(99)
	if err != nil {
		return err
	}
	assign := func(users []seats.UserID, o seats.Once[[]seats.AssignResult]) error {
		reply, err := b.svc.Assign(b.ctx, b.owner, b.account, b.sub, users, o)
		for _, r := range reply.Result {
			if r.Refused != nil {
				return r.Refused
			}
		}
		return err
	}
	key := once[[]seats.AssignResult](b, answer)
	return b.steps(
		step{"assign a license", 1, func() error { return assign(users[:1], none[[]seats.AssignResult]()) }},
		step{"assign a license that is held", 1, func() error { return assign(users[:1], none[[]seats.AssignResult]()) }},
		step{"assign a license, with a key", 1, func() error { return assign(users[1:2], key) }},
		step{"the same again, answered from the key", 1, func() error { return assign(users[1:2], key) }},
		step{"assign 97 licenses at once", 97, func() error { return assign(users[2:99], none[[]seats.AssignResult]()) }},
		step{"revoke a license", 1, func() error {
			_, err := b.svc.Revoke(b.ctx, b.owner, b.account, b.sub, users[0], none[struct{}]())
			return err
		}},
		step{"revoke a license, with a key", 1, func() error {
			_, err := b.svc.Revoke(b.ctx, b.owner, b.account, b.sub, users[1], once[struct{}](b, answer))
			return err
		}},
	)
}

// adding creates users without invitations, and erases one.
func adding(b *bench) error {
	var made *seats.User
	create := func(sub seats.SubscriptionID, o seats.Once[*seats.User]) func() error {
		return func() error {
			person := seats.NewUser{Invitee: b.invitees(1, sub)[0]}
			reply, err := b.svc.CreateUser(b.ctx, b.owner, b.account, person, seats.Purchase{}, o)
			made = reply.Result
			return err
		}
	}
	err := b.steps(
		step{"create a user", 1, create("", none[*seats.User]())},
		step{"create a user with a license", 1, create(b.sub, none[*seats.User]())},
		step{"create a user with a license, with a key", 1, create(b.sub, once[*seats.User](b, answer))},
		step{"import 32 users", 32, func() error {
			file := "email,first_name,last_name,qualification\n"
			for _, p := range b.invitees(32, "") {
				file += p.Email + "," + p.FirstName + "," + p.LastName + "," + p.Qualification + "\n"
			}
			_, err := b.svc.ImportUsers(b.ctx, b.owner, b.account, file, seats.Purchase{}, none[[]seats.ImportResult]())
			return err
		}},
	)
	if err != nil {
		return err
	}
	if _, err := b.quiet.RemoveUser(b.ctx, b.owner, b.account, made.ID, none[*seats.User]()); err != nil {
		return err
	}
	return b.steps(step{"erase a user", 1, func() error {
		_, err := b.svc.EraseUser(b.ctx, b.owner, b.account, made.ID, none[*seats.User]())
		return err
	}})
}

func people(b *bench) error {
	users, err := b.members(2)
	if err != nil {
		return err
	}
	if _, err := b.quiet.Assign(b.ctx, b.owner, b.account, b.sub, users, none[[]seats.AssignResult]()); err != nil {
		return err
	}
	name := "Frieda"
	return b.steps(
		step{"change a user's name", 1, func() error {
			_, err := b.svc.EditUser(b.ctx, b.owner, b.account, users[0], seats.UserPatch{FirstName: &name}, none[*seats.User]())
			return err
		}},
		step{"deactivate a user with a license", 1, func() error {
			_, err := b.svc.DeactivateUser(b.ctx, b.owner, b.account, users[0], none[*seats.User]())
			return err
		}},
		step{"activate a user", 1, func() error {
			_, err := b.svc.ActivateUser(b.ctx, b.owner, b.account, users[0], none[*seats.User]())
			return err
		}},
		step{"remove a user", 1, func() error {
			_, err := b.svc.RemoveUser(b.ctx, b.owner, b.account, users[0], none[*seats.User]())
			return err
		}},
		step{"transfer the ownership", 1, func() error {
			_, err := b.svc.TransferOwnership(b.ctx, b.owner, b.account, users[1], none[*seats.User]())
			if err == nil {
				b.wall = b.wall.Add(time.Minute)
				b.owner = seats.Caller{Subject: subject(string(users[1])), SignedInAt: b.wall}
			}
			return err
		}},
	)
}

// change quotes and confirms a number of seats.
func (b *bench) change(seatsWanted int64, what string) error {
	return b.confirm(what, func() (*seats.Quote, error) {
		quote, _, err := b.svc.QuoteSeats(b.ctx, b.owner, b.account, b.sub, seatsWanted)
		return quote, err
	}, b.svc.ConfirmSeats)
}

// confirms is how a quote of one kind is confirmed.
type confirms func(context.Context, seats.Caller, seats.AccountID, seats.SubscriptionID, seats.QuoteID, bool, seats.Once[seats.SeatChangeResult]) (seats.Reply[seats.SeatChangeResult], error)

func (b *bench) confirm(what string, ask func() (*seats.Quote, error), confirm confirms) error {
	var quote *seats.Quote
	return b.steps(
		step{"quote " + what, 1, func() (err error) {
			quote, err = ask()
			return err
		}},
		step{"confirm " + what + ", with its key", 1, func() error {
			_, err := confirm(b.ctx, b.owner, b.account, b.sub, quote.ID, true, once[seats.SeatChangeResult](b, answer))
			return err
		}},
	)
}

func planChanges(b *bench) error {
	dearer := plan()
	dearer.ID, dearer.Name, dearer.Rank = "valuation-business", "Valuation Business", 2
	dearer.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: 3000}}
	if _, err := b.svc.PublishPlans(b.ctx, []*seats.Plan{dearer}); err != nil {
		return err
	}
	to := func(plan string) func() (*seats.Quote, error) {
		return func() (*seats.Quote, error) {
			quote, _, err := b.svc.QuotePlan(b.ctx, b.owner, b.account, b.sub, plan, 0)
			return quote, err
		}
	}
	if err := b.confirm("an upgrade, with its invoice", to(dearer.ID), b.svc.ConfirmPlan); err != nil {
		return err
	}
	if err := b.confirm("a downgrade", to(plan().ID), b.svc.ConfirmPlan); err != nil {
		return err
	}
	amend := func(what string, do func(context.Context, seats.Caller, seats.AccountID, seats.SubscriptionID, seats.Once[*seats.Subscription]) (seats.Reply[*seats.Subscription], error)) step {
		return step{what, 1, func() error {
			_, err := do(b.ctx, b.owner, b.account, b.sub, none[*seats.Subscription]())
			return err
		}}
	}
	return b.steps(
		amend("cancel a downgrade", b.svc.CancelPendingPlan),
		amend("cancel a subscription", b.svc.Cancel),
		amend("resume a subscription", b.svc.Resume),
	)
}

func seatChanges(b *bench) error {
	// The new owner's sign-in is looked up before anything is measured.
	if _, err := b.svc.Enter(b.ctx, b.owner, b.account); err != nil {
		return err
	}
	if err := b.change(210, "an increase, with its invoice"); err != nil {
		return err
	}
	if err := b.change(205, "a decrease"); err != nil {
		return err
	}
	return b.steps(step{"cancel a decrease", 1, func() error {
		_, err := b.svc.CancelPending(b.ctx, b.owner, b.account, b.sub, none[*seats.Subscription]())
		return err
	}})
}

func closing(b *bench) error {
	closeNow := func() error {
		n, err := b.svc.CloseNow(b.ctx, b.account)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d periods were closed", n)
		}
		return err
	}
	nextMonth := func() { b.wall = b.wall.AddDate(0, 1, 1) }
	nextMonth()
	return b.steps(
		step{"close a cycle of one subscription", 1, closeNow},
		step{"close again, nothing is due", 1, func() error {
			_, err := b.svc.CloseNow(b.ctx, b.account)
			return err
		}},
		step{"find accounts that are due, in all shards", 1, func() error {
			return b.svc.Store.DueAccounts(b.ctx, b.wall, func([]seats.AccountID) error { return nil })
		}},
	)
}

func reading(b *bench) error {
	users, err := b.svc.ListUsers(b.ctx, b.owner, b.account, seats.UserFilter{})
	if err != nil {
		return err
	}
	return b.steps(
		step{"read a user", 1, func() error {
			_, err := b.svc.GetUser(b.ctx, b.owner, b.account, users[0].ID)
			return err
		}},
		step{fmt.Sprintf("list %d users", len(users)), 1, func() error {
			_, err := b.svc.ListUsers(b.ctx, b.owner, b.account, seats.UserFilter{})
			return err
		}},
		step{"see the pools, with who uses them", 1, func() error {
			_, _, err := b.svc.Pools(b.ctx, b.owner, b.account, "")
			return err
		}},
		step{"read 50 events", 1, func() error {
			_, _, err := b.svc.ListEvents(b.ctx, b.owner, b.account, seats.EventFilter{}, seats.Page{Limit: 50})
			return err
		}},
		step{"list the invoices", 1, func() error {
			_, _, err := b.svc.ListInvoices(b.ctx, b.owner, b.account, seats.Page{Limit: 20})
			return err
		}},
		step{"count a request against a limit", 1, func() error {
			_, err := b.svc.Store.Count(b.ctx, "invite#"+string(b.account), time.Hour, b.wall)
			return err
		}},
	)
}
