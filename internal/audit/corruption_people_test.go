package audit_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

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
	})
}

func TestEveryCorruptionOfGuardsAndInvitationsIsFound(t *testing.T) {
	find(t, lived(t), []corruption{
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
