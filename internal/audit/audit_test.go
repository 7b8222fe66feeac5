package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}

// lived is an account that has seen everything: three cycles, people in every
// state, a transfer, licenses given, taken and released, increases billed and
// waiting, a decrease pending.
func lived(tb testing.TB) *seatstest.Rig {
	r := seatstest.Open(tb, seatstest.Seats(8), seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }),
		seatstest.OnPolicies(func(p *seats.Policies) { p.OverAssigned = seats.ReleaseNewest }))
	by := func() seats.Caller { return r.Caller("owner") }
	r.JoinLicensed("ann", "bob", "cid", "dan")
	r.JoinAs(seats.Admin, "adm")
	r.Join("off", "gone", "eve")
	_, err := r.Service.DeactivateUser(r.Ctx, by(), r.Account, r.ID("off"), seats.Once[*seats.User]{})
	r.Must(err)
	_, err = r.Service.RemoveUser(r.Ctx, by(), r.Account, r.ID("gone"), seats.Once[*seats.User]{})
	r.Must(err)
	r.Invite(seatstest.Invitee("lapsed", r.Sub), seatstest.Invitee("cancelled", r.Sub))
	_, err = r.Service.CancelInvitation(r.Ctx, by(), r.Account, seats.InvitationOf(r.ID("cancelled")), seats.Once[*seats.User]{})
	r.Must(err)
	r.Wall.Set(at("2026-11-15 09:00:00"))
	_, err = r.Service.ExpireLapsed(r.Ctx)
	r.Must(err)
	r.Change(10)
	r.Revoke("bob")
	r.Assign("eve")
	r.Change(3)
	r.CloseAt(at("2026-12-01 00:00:00"))
	r.AddProduct("meetings", billing.Month, 2, 777)
	r.Wall.Set(at("2026-12-10 09:00:00"))
	r.Change(6)
	_, err = r.Service.TransferOwnership(r.Ctx, by(), r.Account, r.ID("ann"), seats.Once[*seats.User]{})
	r.Must(err)
	r.Wall.Set(at("2027-01-05 09:00:00"))
	r.Close()
	ann := r.Caller("ann")
	_, err = r.Service.Invite(r.Ctx, ann, r.Account, []seats.Invitee{seatstest.Invitee("new", r.Sub)}, seats.Once[[]seats.InviteResult]{})
	r.Must(err)
	_, err = r.Service.Assign(r.Ctx, ann, r.Account, r.Sub, []seats.UserID{r.ID("adm")}, seats.Once[[]seats.AssignResult]{})
	r.Must(err)
	q, _, err := r.Service.QuoteSeats(r.Ctx, ann, r.Account, r.Sub, 5)
	r.Must(err)
	_, err = r.Service.ConfirmSeats(r.Ctx, ann, r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), ""))
	r.Must(err)
	r.Clean()
	return r
}

// waiting is an account with increases that the next invoice settles.
func waiting(tb testing.TB) *seatstest.Rig {
	r := seatstest.Open(tb, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	r.Wall.Set(at("2026-11-10 09:00:00"))
	r.Change(7)
	r.CloseAt(at("2026-12-01 00:00:00"))
	r.Wall.Set(at("2026-12-10 09:00:00"))
	r.Change(9)
	r.Change(11)
	r.Clean()
	return r
}

// corruption is one way to break what is stored, and the rule that must notice.
type corruption struct {
	name string
	rule audit.Rule
	do   func(c *corrupt)
}

// corrupt gives a corruption the account's own parts of the data.
type corrupt struct {
	*seatstest.Data
	r *seatstest.Rig
}

func (c *corrupt) account() *seats.Account { return c.Accounts[c.r.Account] }
func (c *corrupt) pool() *seats.Subscription {
	return c.Subscriptions[c.r.Account][c.r.Product]
}

// user is somebody by a word, also one who was removed.
func (c *corrupt) user(who string) *seats.User {
	for _, u := range c.Users[c.r.Account] {
		if u.Email == seatstest.Email(who) {
			return u
		}
	}
	panic("nobody is called " + who)
}

// event is the n-th event of a type, from 1, or from the end below 0.
func (c *corrupt) event(kind string, n int) *seats.Event {
	var found []*seats.Event
	for _, e := range c.Events[c.r.Account] {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	for i := range found {
		for j := i + 1; j < len(found); j++ {
			if found[j].ID < found[i].ID {
				found[i], found[j] = found[j], found[i]
			}
		}
	}
	if n < 0 {
		n += len(found) + 1
	}
	return found[n-1]
}

func (c *corrupt) dropEvent(kind string, n int) { delete(c.Events[c.r.Account], c.event(kind, n).ID) }

func (c *corrupt) invoice(n int64) *seats.IssuedInvoice { return c.Invoices[c.r.Account][n] }

// rewrite changes an invoice's document and gives it the hash of its new bytes, as
// somebody would who wants to hide it.
func (c *corrupt) rewrite(n int64, change func(*billing.Invoice)) {
	issued := c.invoice(n)
	inv, err := billing.ParseInvoice(issued.Canonical)
	if err != nil {
		panic(err)
	}
	change(&inv)
	issued.Canonical = inv.Canonical()
	issued.Hash = billing.Hash(issued.Canonical)
}

func retotal(change func(*billing.Invoice)) func(*billing.Invoice) {
	return func(inv *billing.Invoice) {
		change(inv)
		inv.TaxLines = nil
		if err := inv.Total(0); err != nil {
			panic(err)
		}
	}
}

// find runs each corruption on a copy of the rig's store and checks that the rule
// noticed.
func find(t *testing.T, r *seatstest.Rig, corruptions []corruption) {
	start := r.Store.Snapshot()
	found := 0
	for _, way := range corruptions {
		t.Run(way.name, func(t *testing.T) {
			r.Store.Restore(start)
			r.Store.Tamper(func(d *seatstest.Data) { way.do(&corrupt{d, r}) })
			findings, err := audit.Account(r.Ctx, r.Store, r.Account, r.Wall.Now())
			if err != nil {
				t.Fatal(err)
			}
			rules := map[audit.Rule]bool{}
			for _, f := range findings {
				rules[f.Rule] = true
			}
			if !rules[way.rule] {
				t.Fatalf("not found by %s; found: %v", way.rule, findings)
			}
			found++
		})
	}
	r.Store.Restore(start)
	t.Logf("%d corruptions, %d found", len(corruptions), found)
	if found != len(corruptions) {
		t.Errorf("%d corruptions went unnoticed", len(corruptions)-found)
	}
}

func TestEveryCorruptionOfPeopleIsFound(t *testing.T) {
	find(t, lived(t), []corruption{
		{"a user dropped", audit.LedgerEntry, func(c *corrupt) { delete(c.Users[c.r.Account], c.user("bob").ID) }},
		{"a removed user dropped", audit.LedgerEntry, func(c *corrupt) { delete(c.Users[c.r.Account], c.user("gone").ID) }},
		{"a user of nobody's making", audit.UserHistory, func(c *corrupt) {
			u := *c.user("bob")
			u.ID, u.Email, u.Subject = "usr_00000000000000000000000000", "ghost@example.com", ""
			c.Users[c.r.Account][u.ID] = &u
		}},
		{"a user that belongs elsewhere", audit.UserItem, func(c *corrupt) { c.user("bob").Account = "acc_00000000000000000000000000" }},
		{"a test user in an ordinary account", audit.UserItem, func(c *corrupt) { c.user("bob").Test = true }},
		{"a license dropped", audit.PoolCount, func(c *corrupt) { delete(c.user("cid").Licenses, c.r.Product) }},
		{"a license added", audit.UserHistory, func(c *corrupt) {
			c.user("bob").Licenses[c.r.Product] = seats.License{Subscription: c.r.Sub, Since: c.r.Wall.Now(), By: c.r.Owner}
		}},
		{"a license added and counted", audit.UserHistory, func(c *corrupt) {
			c.user("bob").Licenses[c.r.Product] = seats.License{Subscription: c.r.Sub, Since: c.r.Wall.Now(), By: c.r.Owner}
			c.pool().Free--
		}},
		{"a license moved to somebody else", audit.UserHistory, func(c *corrupt) {
			from, to := c.user("ann"), c.user("bob")
			from.Licenses, to.Licenses = to.Licenses, from.Licenses
		}},
		{"a license of another subscription", audit.UserItem, func(c *corrupt) {
			l := c.user("ann").Licenses[c.r.Product]
			l.Subscription = "sub_00000000000000000000000000_valuation"
			c.user("ann").Licenses[c.r.Product] = l
		}},
		{"a license of a product that was never bought", audit.UserItem, func(c *corrupt) {
			c.user("ann").Licenses["nothing"] = seats.License{Subscription: c.r.Sub, Since: c.r.Wall.Now(), By: c.r.Owner}
		}},
		{"a license given by somebody else", audit.UserHistory, func(c *corrupt) {
			l := c.user("ann").Licenses[c.r.Product]
			l.By = c.user("adm").ID
			c.user("ann").Licenses[c.r.Product] = l
		}},
		{"a license since another day", audit.UserHistory, func(c *corrupt) {
			l := c.user("ann").Licenses[c.r.Product]
			l.Since = l.Since.Add(time.Hour)
			c.user("ann").Licenses[c.r.Product] = l
		}},
		{"somebody deactivated who holds one", audit.UserItem, func(c *corrupt) { c.user("cid").Status = seats.UserDeactivated }},
		{"somebody activated behind the ledger's back", audit.UserHistory, func(c *corrupt) { c.user("off").Status = seats.UserActive }},
		{"a status that is none", audit.UserItem, func(c *corrupt) { c.user("bob").Status = "sleeping" }},
		{"a role raised", audit.UserHistory, func(c *corrupt) { c.user("bob").Role = seats.Admin }},
		{"a role that is none", audit.UserItem, func(c *corrupt) { c.user("bob").Role = "root" }},
		{"two owners", audit.OneOwner, func(c *corrupt) { c.user("bob").Role = seats.Owner }},
		{"no owner", audit.OneOwner, func(c *corrupt) { c.user("ann").Role = seats.Admin }},
		{"an owner who is not active", audit.OneOwner, func(c *corrupt) { c.user("ann").Status = seats.UserDeactivated }},
		{"an account that names another owner", audit.OneOwner, func(c *corrupt) { c.account().Owner = c.user("bob").ID }},
		{"a sign-out undone", audit.UserHistory, func(c *corrupt) { c.user("owner").SignedOutAt = time.Time{} }},
		{"a sign-out that never was", audit.UserHistory, func(c *corrupt) { c.user("bob").SignedOutAt = c.r.Wall.Now() }},
		{"an email changed", audit.Guards, func(c *corrupt) { c.user("bob").Email = "bobby@example.com" }},
		{"an email in another form", audit.UserItem, func(c *corrupt) { c.user("bob").Email = "BOB@example.com" }},
		{"an email guard dropped", audit.Guards, func(c *corrupt) { delete(c.Emails["bob@example.com"], c.r.Account) }},
		{"an email guard of somebody else", audit.Guards, func(c *corrupt) { c.Emails["bob@example.com"][c.r.Account] = c.user("cid").ID }},
		{"an email guard of nobody", audit.Guards, func(c *corrupt) {
			c.Emails["x@example.com"] = map[seats.AccountID]seats.UserID{c.r.Account: c.user("bob").ID}
		}},
		{"the email guard of somebody removed", audit.Guards, func(c *corrupt) {
			c.Emails["gone@example.com"] = map[seats.AccountID]seats.UserID{c.r.Account: c.user("gone").ID}
		}},
		{"a sign-in dropped", audit.Guards, func(c *corrupt) { delete(c.SignIns[seatstest.Subject("bob")], c.r.Account) }},
		{"a sign-in of somebody else", audit.Guards, func(c *corrupt) { c.SignIns[seatstest.Subject("bob")][c.r.Account] = c.user("cid").ID }},
		{"the sign-in of somebody removed", audit.Guards, func(c *corrupt) {
			c.SignIns[seatstest.Subject("gone")] = map[seats.AccountID]seats.UserID{c.r.Account: c.user("gone").ID}
		}},
		{"an identity forgotten", audit.UserHistory, func(c *corrupt) {
			c.user("bob").Subject = ""
			delete(c.SignIns[seatstest.Subject("bob")], c.r.Account)
		}},
		{"an identity of somebody invited", audit.UserItem, func(c *corrupt) { c.user("new").Subject = "somebody" }},
		{"an invitation dropped", audit.UserItem, func(c *corrupt) { c.user("new").Invitation = nil }},
		{"an invitation prolonged", audit.UserHistory, func(c *corrupt) {
			i := c.user("new").Invitation
			i.SentAt, i.ExpiresAt = i.SentAt.Add(time.Hour), i.ExpiresAt.Add(time.Hour)
		}},
		{"an invitation that outlives its term", audit.UserItem, func(c *corrupt) {
			i := c.user("new").Invitation
			i.ExpiresAt = i.ExpiresAt.Add(time.Hour)
		}},
		{"a generation skipped", audit.UserHistory, func(c *corrupt) { c.user("new").Invitation.Generation++ }},
		{"another inviter", audit.UserHistory, func(c *corrupt) { c.user("new").Invitation.Inviter = c.user("bob").ID }},
		{"an expired invitation opened again", audit.UserHistory, func(c *corrupt) { c.user("lapsed").Invitation.State = seats.InvitationOpen }},
		{"a used invitation opened again", audit.UserItem, func(c *corrupt) { c.user("bob").Invitation.State = seats.InvitationOpen }},
		{"a cancelled invitation revived", audit.UserHistory, func(c *corrupt) {
			c.user("cancelled").Status, c.user("cancelled").Invitation.State = seats.UserInvited, seats.InvitationOpen
		}},
		{"a reservation dropped", audit.PoolCount, func(c *corrupt) { c.user("new").Invitation.Reserved = false }},
		{"a reservation of an expired invitation", audit.UserItem, func(c *corrupt) { c.user("lapsed").Invitation.Reserved = true }},
		{"a reservation for no product", audit.UserItem, func(c *corrupt) { c.user("new").Invitation.Subscription = "" }},
		{"a user's revision raised", audit.Revisions, func(c *corrupt) { c.user("bob").Rev++ }},
		{"a user's revision lowered", audit.LedgerEntry, func(c *corrupt) { c.user("bob").Rev-- }},
	})
}

func TestEveryCorruptionOfPoolsIsFound(t *testing.T) {
	find(t, lived(t), []corruption{
		{"a seat too many counted free", audit.PoolCount, func(c *corrupt) { c.pool().Free++ }},
		{"a seat too few counted free", audit.PoolCount, func(c *corrupt) { c.pool().Free-- }},
		{"seats given", audit.PoolHistory, func(c *corrupt) { c.pool().Seats++; c.pool().Free++ }},
		{"seats taken", audit.PoolHistory, func(c *corrupt) { c.pool().Seats--; c.pool().Free-- }},
		{"a pool dropped", audit.LedgerEntry, func(c *corrupt) { delete(c.Subscriptions[c.r.Account], c.r.Product) }},
		{"a pool that belongs elsewhere", audit.PoolItem, func(c *corrupt) { c.pool().Account = "acc_00000000000000000000000000" }},
		{"a pool under another product", audit.PoolItem, func(c *corrupt) { c.pool().Product = "meetings" }},
		{"a plan swapped", audit.InvoiceLines, func(c *corrupt) { c.pool().Plan = c.Subscriptions[c.r.Account]["meetings"].Plan }},
		{"a plan that does not exist", audit.PoolItem, func(c *corrupt) { c.pool().Plan.Version = 99 }},
		{"a status that is none", audit.PoolItem, func(c *corrupt) { c.pool().Status = "paused" }},
		{"a decrease dropped", audit.PoolHistory, func(c *corrupt) { c.pool().Pending = nil }},
		{"a decrease to another number", audit.PoolHistory, func(c *corrupt) { c.pool().Pending.Seats-- }},
		{"a decrease that is none", audit.PoolItem, func(c *corrupt) { c.pool().Pending.Seats = c.pool().Seats }},
		{"a decrease by another event", audit.PoolHistory, func(c *corrupt) { c.pool().Pending.Event = c.event(seats.DecreaseScheduled, 1).ID }},
		{"an increase waiting that never was", audit.PoolHistory, func(c *corrupt) {
			c.pool().Unbilled = []seats.Unbilled{{Event: c.event(seats.SeatsIncreased, 1).ID, FromSeats: 8, ToSeats: 10, DeltaMinor: 4000, Num: 1, Den: 1}}
		}},
		{"a period prolonged", audit.Cycles, func(c *corrupt) { c.pool().Period.End = c.pool().Period.End.Add(time.Hour) }},
		{"a period that starts late", audit.Cycles, func(c *corrupt) { c.pool().Period.Start = c.pool().Period.Start.Add(time.Hour) }},
		{"a period skipped", audit.Cycles, func(c *corrupt) {
			p := &c.pool().Period
			loc, _ := c.account().Location()
			*p = p.Next(c.account().Anchor, billing.Month, loc)
		}},
		{"a period's date changed", audit.Cycles, func(c *corrupt) { c.pool().Period.EndDate = c.pool().Period.EndDate.AddDays(1) }},
		{"a period's number changed", audit.Cycles, func(c *corrupt) { c.pool().Period.Index++ }},
		{"a pool's revision raised", audit.Revisions, func(c *corrupt) { c.pool().Rev++ }},
		{"a forecast below zero", audit.PoolItem, func(c *corrupt) { c.pool().ForecastMinor = -1 }},
		{"an account's revision raised", audit.Revisions, func(c *corrupt) { c.account().Rev += 5 }},
		{"an account's revision lowered", audit.Revisions, func(c *corrupt) { c.account().Rev-- }},
		{"a close put off", audit.AccountItem, func(c *corrupt) { c.account().Due = c.account().Due.AddDate(0, 1, 0) }},
		{"no close due", audit.AccountItem, func(c *corrupt) { c.account().Due = time.Time{} }},
		{"an anchor moved", audit.Cycles, func(c *corrupt) { c.account().Anchor = c.account().Anchor.AddDays(1) }},
		{"a zone that is none", audit.AccountItem, func(c *corrupt) { c.account().Zone = "Mars/Base" }},
		{"a currency that is none", audit.AccountItem, func(c *corrupt) { c.account().Currency = "XXX" }},
		{"another currency", audit.InvoiceBytes, func(c *corrupt) { c.account().Currency = "USD" }},
		{"a negative credit", audit.AccountItem, func(c *corrupt) { c.account().CreditMinor = -1 }},
		{"parked without a reason", audit.AccountItem, func(c *corrupt) { c.account().Status = seats.AccountParked }},
		{"a clock of an ordinary account", audit.AccountItem, func(c *corrupt) { c.account().Clock = c.r.Wall.Now() }},
		{"another account's id", audit.AccountItem, func(c *corrupt) { c.account().ID = "acc_00000000000000000000000000" }},
	})
}

func TestEveryCorruptionOfTheLedgerIsFound(t *testing.T) {
	var cases []corruption
	// Each event dropped, whatever its type.
	r := lived(t)
	kinds := map[string]int{}
	for _, e := range r.Events() {
		kinds[e.Type]++
		kind, n := e.Type, kinds[e.Type]
		rule := audit.Revisions
		if kind == seats.AccountOpened {
			rule = audit.LedgerEntry
		}
		cases = append(cases, corruption{fmt.Sprintf("%s number %d dropped", kind, n), rule, func(c *corrupt) { c.dropEvent(kind, n) }})
	}
	cases = append(cases, []corruption{
		{"a type that is none", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Type = "user.vanished" }},
		{"an event that belongs elsewhere", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Account = "acc_00000000000000000000000000" }},
		{"an event before the opening", audit.Revisions, func(c *corrupt) { c.event(seats.UserJoined, 1).At = at("2026-01-01 00:00:00") }},
		{"an event that was never recorded", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).RecordedAt = time.Time{} }},
		{"an event by nobody", audit.LedgerEntry, func(c *corrupt) { c.event(seats.LicenseAssigned, 1).Actor.ID = "usr_00000000000000000000000000" }},
		{"an event by a robot", audit.LedgerEntry, func(c *corrupt) { c.event(seats.LicenseAssigned, 1).Actor.Kind = "robot" }},
		{"an event by somebody else", audit.UserHistory, func(c *corrupt) { c.event(seats.LicenseAssigned, -1).Actor.ID = string(c.user("bob").ID) }},
		{"an event about somebody of elsewhere", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Data.UserID = "usr_00000000000000000000000000" }},
		{"an event without revisions", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Revs = nil }},
		{"a revision of an item of elsewhere", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Revs[0].ID = "usr_00000000000000000000000000" }},
		{"a revision to come", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Revs[0].Rev = 99 }},
		{"the same revision twice", audit.Revisions, func(c *corrupt) {
			e := *c.event(seats.UserJoined, 1)
			e.ID, e.RecordedAt = "evt_00000000000000000000000000", e.RecordedAt.Add(time.Second)
			c.Events[c.r.Account][e.ID] = &e
		}},
		{"an event under an id that is none", audit.LedgerEntry, func(c *corrupt) {
			e := *c.event(seats.UserJoined, 1)
			c.dropEvent(seats.UserJoined, 1)
			e.ID = "evt_x"
			c.Events[c.r.Account][e.ID] = &e
		}},
		{"another invitation in an event", audit.LedgerEntry, func(c *corrupt) {
			c.event(seats.UserInvitedEvent, 1).Data.InvitationID = seats.InvitationOf(c.r.Owner)
		}},
		{"a role in an event changed", audit.UserHistory, func(c *corrupt) { c.event(seats.UserInvitedEvent, -1).Data.Role = seats.Admin }},
		{"a license in an event untold", audit.UserHistory, func(c *corrupt) {
			for _, e := range c.Events[c.r.Account] {
				e.Data.Licensed = e.Data.Licensed && e.Data.UserID != c.user("ann").ID
			}
		}},
		{"an ended license in an event untold", audit.UserHistory, func(c *corrupt) { c.event(seats.UserDeactivatedEvent, 1).Data.Ended = []string{"valuation"} }},
		{"seats in an increase changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.To++ }},
		{"the price in an increase changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.DeltaMinor++ }},
		{"the factor in an increase changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.FactorNum-- }},
		{"the amount in an increase changed", audit.InvoiceLines, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.AmountMinor++ }},
		{"the invoice in an increase changed", audit.InvoiceLines, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.InvoiceNumber = 1 }},
		{"the invoice in an increase forgotten", audit.InvoiceLines, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.InvoiceNumber = 0 }},
		{"the target of a decrease changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.DecreaseScheduled, 1).Data.To++ }},
		{"a close of another period", audit.PoolHistory, func(c *corrupt) { c.event(seats.CycleClosed, 1).Data.PeriodStart = at("2026-11-02 00:00:00") }},
		{"a close of other seats", audit.PoolHistory, func(c *corrupt) { c.event(seats.CycleClosed, 1).Data.To++ }},
		{"a close twice", audit.PoolHistory, func(c *corrupt) {
			e := *c.event(seats.CycleClosed, 1)
			e.ID = "evt_00000000000000000000000000"
			e.Revs = []seats.Rev{{ID: e.Revs[0].ID, Rev: e.Revs[0].Rev + 1}}
			c.Events[c.r.Account][e.ID] = &e
		}},
		{"an invoice mailed twice", audit.InvoiceLines, func(c *corrupt) {
			c.event(seats.CycleClosed, -1).Data.InvoiceFirst = true
			c.event(seats.CycleClosed, -2).Data.InvoiceFirst = true
		}},
		{"an invoice mailed never", audit.InvoiceLines, func(c *corrupt) { c.event(seats.CycleClosed, 1).Data.InvoiceFirst = false }},
	}...)
	find(t, r, cases)
}

func TestEveryCorruptionOfInvoicesIsFound(t *testing.T) {
	find(t, lived(t), []corruption{
		{"an invoice dropped", audit.InvoiceNumbers, func(c *corrupt) { delete(c.Invoices[c.r.Account], 2) }},
		{"the last invoice dropped", audit.InvoiceNumbers, func(c *corrupt) { delete(c.Invoices[c.r.Account], c.account().Invoices) }},
		{"an invoice too many", audit.InvoiceNumbers, func(c *corrupt) {
			inv := *c.invoice(2)
			inv.Number = c.account().Invoices + 1
			c.Invoices[c.r.Account][inv.Number] = &inv
		}},
		{"a number skipped", audit.InvoiceNumbers, func(c *corrupt) { c.account().Invoices++ }},
		{"two invoices exchanged", audit.InvoiceBytes, func(c *corrupt) {
			all := c.Invoices[c.r.Account]
			all[1].Canonical, all[2].Canonical = all[2].Canonical, all[1].Canonical
			all[1].Hash, all[2].Hash = all[2].Hash, all[1].Hash
		}},
		{"one byte of an invoice altered", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Canonical[200] ^= 1 }},
		{"a hash altered", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Hash = c.invoice(1).Hash }},
		{"an invoice emptied", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Canonical = nil; c.invoice(2).Hash = billing.Hash(nil) }},
		{"a status that is none", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Status = "shredded" }},
		{"another date of issue", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).IssuedAt = c.r.Wall.Now() }},
		{"a sum altered, hash and all", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.TotalMinor-- }) }},
		{"the tax altered, hash and all", audit.InvoiceBytes, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.TaxMinor, inv.TotalMinor = 0, inv.NetMinor })
		}},
		{"the tax lines altered, hash and all", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.TaxLines[0].RatePPM = 70_000 }) }},
		{"the amount due altered, hash and all", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.AmountDueMinor = 0 }) }},
		{"a line's amount altered and all totalled again", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, retotal(func(inv *billing.Invoice) { inv.Lines[0].AmountMinor -= 100 }))
		}},
		{"a line's seats altered", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].Seats++ }) }},
		{"a line's factor altered", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].FactorNum++ }) }},
		{"a line's period altered", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(3, func(inv *billing.Invoice) { inv.Lines[0].PeriodEnd = inv.Lines[0].PeriodEnd.Add(time.Hour) })
		}},
		{"a line's plan altered", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].PlanVersion = 9 }) }},
		{"a line that rests on another event", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs[0] = string(c.event(seats.UserJoined, 1).ID) })
		}},
		{"a line that rests on no event", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs = nil }) }},
		{"a line that rests on what never was", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs[0] = "evt_00000000000000000000000000" })
		}},
		{"a line twice", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, retotal(func(inv *billing.Invoice) { inv.Lines = append(inv.Lines, inv.Lines[0]) }))
		}},
		{"a line dropped", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(c.account().Invoices, retotal(func(inv *billing.Invoice) { inv.Lines = inv.Lines[1:] }))
		}},
		{"an invoice of another account", audit.InvoiceBytes, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.AccountID = "acc_00000000000000000000000000" })
		}},
		{"an invoice in another currency", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Currency = "USD" }) }},
		{"an invoice by another vendor", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Vendor.Name = "Evil Ltd" }) }},
		{"an invoice that is a credit note", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Kind = billing.KindCreditNote }) }},
		{"an invoice issued on another day, hash and all", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.IssuedAt = inv.IssuedAt.Add(time.Hour) })
			c.invoice(2).IssuedAt = c.invoice(2).IssuedAt.Add(time.Hour)
		}},
	})
}

func TestEveryCorruptionOfWhatWaitsForTheNextInvoiceIsFound(t *testing.T) {
	find(t, waiting(t), []corruption{
		{"an increase forgotten", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled = c.pool().Unbilled[1:] }},
		{"an increase twice", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled = append(c.pool().Unbilled, c.pool().Unbilled[0]) }},
		{"a price altered", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled[0].DeltaMinor-- }},
		{"a factor altered", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled[1].Num-- }},
		{"an increase billed at once too", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.InvoiceNumber = 1 }},
		{"a settled line altered and all totalled again", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, retotal(func(inv *billing.Invoice) { inv.Lines[0].AmountMinor++ }))
		}},
	})
}

func TestAnIndexThatSaysSomethingElseIsFound(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	findings, err := audit.Indexes(r.Ctx, r.Store)
	if err != nil || len(findings) != 0 {
		t.Fatalf("%v, %v", findings, err)
	}
	for name, store := range map[string]audit.Store{
		"an account missing":            lying{Store: r.Store, hideDue: true},
		"an invitation missing":         lying{Store: r.Store, hideLapsed: true},
		"an account that is not parked": lying{Store: r.Store, parked: []seats.AccountID{r.Account}},
		"an account that is not there":  lying{Store: r.Store, parked: []seats.AccountID{"acc_00000000000000000000000000"}},
		"an account twice":              lying{Store: r.Store, twice: true},
		"invitations of a test account": testLie(r),
		"invitations that nobody has":   lying{Store: r.Store, stray: &seats.Membership{Account: r.Account, User: "usr_00000000000000000000000000"}},
	} {
		findings, err := audit.Indexes(r.Ctx, store)
		if err != nil || len(findings) == 0 {
			t.Errorf("%s: %v, %v", name, findings, err)
		}
		for _, f := range findings {
			if f.Rule != audit.Index {
				t.Errorf("%s: %s", name, f)
			}
		}
	}
}

// lying is a store whose indexes are not what the items say.
type lying struct {
	audit.Store
	hideDue, hideLapsed, twice bool
	parked                     []seats.AccountID
	stray                      *seats.Membership
}

func testLie(r *seatstest.Rig) lying {
	tested := seatstest.Open(r.TB, seatstest.In(r), seatstest.TestClock())
	tested.Invite(seatstest.Invitee("eve", ""))
	return lying{Store: r.Store, stray: &seats.Membership{Account: tested.Account, User: tested.ID("eve")}}
}

func (l lying) DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error {
	if l.hideDue {
		return nil
	}
	times := 1
	if l.twice {
		times = 2
	}
	for range times {
		if err := l.Store.DueAccounts(ctx, by, each); err != nil {
			return err
		}
	}
	return nil
}

func (l lying) LapsedInvitations(ctx context.Context, by time.Time, each func([]seats.Membership) error) error {
	if l.hideLapsed {
		return nil
	}
	if l.stray != nil {
		if err := each([]seats.Membership{*l.stray}); err != nil {
			return err
		}
	}
	return l.Store.LapsedInvitations(ctx, by, each)
}

func (l lying) ParkedAccounts(context.Context, seats.Page) ([]seats.AccountID, string, error) {
	return l.parked, "", nil
}

func TestAllAccountsAreAuditedThoughTheyFillPages(t *testing.T) {
	r := seatstest.Open(t)
	const accounts = 205
	for range accounts - 1 {
		_, err := r.Service.Open(r.Ctx, seatstest.Operator(), seats.OpenAccount{
			Name: "A", Currency: "EUR", Zone: "UTC", PlanID: r.Plan.ID, Seats: 1, Owner: seats.Person{Email: "a@example.com", FirstName: "A", LastName: "B"},
		}, seatstest.Once[seats.Opened](r.Key(), ""))
		r.Must(err)
	}
	r.Store.Tamper(func(d *seatstest.Data) { d.Subscriptions[r.Account][r.Product].Free-- })
	var found []seats.AccountID
	n, err := audit.All(r.Ctx, r.Store, r.Wall.Now(), func(id seats.AccountID, findings []audit.Finding) error {
		found = append(found, id)
		return nil
	})
	if err != nil || n != accounts || len(found) != 1 || found[0] != r.Account {
		t.Errorf("%d audited, found %v, %v", n, found, err)
	}
	stop := errors.New("stop")
	_, err = audit.All(r.Ctx, r.Store, r.Wall.Now(), func(seats.AccountID, []audit.Finding) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("it did not stop: %v", err)
	}
}

// restless changes the account each time it is read.
type restless struct {
	*seatstest.Store
	r    *seatstest.Rig
	left *int
}

func (s restless) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	users, err := s.Store.Users(ctx, account)
	if *s.left > 0 {
		*s.left--
		s.r.JoinLicensed(fmt.Sprintf("p%d", *s.left))
	}
	return users, err
}

func TestAnAccountAtWorkIsReadAgainUntilItRests(t *testing.T) {
	for left, want := range map[int]int{3: 0, 1000: 1} {
		r := seatstest.Open(t, seatstest.Seats(100))
		findings, err := audit.Account(r.Ctx, restless{r.Store, r, &left}, r.Account, r.Wall.Now())
		r.Must(err)
		busy := 0
		for _, f := range findings {
			if f.Rule == audit.Busy {
				busy++
			}
		}
		if busy != want || want == 0 && len(findings) > 0 {
			t.Errorf("%v", findings)
		}
	}
}

func TestAFindingReadsAsALine(t *testing.T) {
	f := audit.Finding{Rule: audit.PoolCount, Account: "acc_1", Item: "sub_1", Detail: "has 5 seats"}
	if got, want := f.String(), "pool_count acc_1 sub_1: has 5 seats"; got != want {
		t.Errorf("got %q", got)
	}
}
