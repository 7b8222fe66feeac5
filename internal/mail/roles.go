package mail

import (
	"time"

	"github.com/usher-seats/usher/internal/words"
)

// RoleGiven goes to the person whose role in the account was changed.
type RoleGiven struct {
	Frame
	// GiverName is who changed it; empty where nobody in particular did.
	GiverName string
	// RoleFrom and Role are the roles before and after: "admin", "billing_admin" or
	// "member".
	RoleFrom, Role string
	GivenAt        time.Time
	// SignInLink is where the account is managed.
	SignInLink Link
}

// Kind is KindRoleGiven.
func (RoleGiven) Kind() Kind { return KindRoleGiven }

func (m RoleGiven) prepare(p *proof) content {
	p.instant("GivenAt", m.GivenAt)
	p.link("SignInLink", m.SignInLink)
	names := map[string]string{"admin": "Administrator", "billing_admin": "Billing administrator", "member": "Member"}
	before, after := p.oneOf("RoleFrom", m.RoleFrom, names), p.oneOf("Role", m.Role, names)
	if m.RoleFrom == m.Role {
		p.fault("Role and RoleFrom are the same: there is nothing to tell")
	}
	return content{
		Facts: rows(
			row{Label: "Company", Value: m.AccountName},
			row{Label: "Your role", Value: before + " → " + after, Strong: true},
			row{Label: "Changed by", Value: m.GiverName},
			row{Label: "Changed", Value: words.Moment(m.GivenAt, zoneOf(m.Frame))},
		),
		Words: []string{p.oneOf("Role", m.Role, map[string]string{
			"admin":         "You may now invite people, give and take licenses, and manage users.",
			"billing_admin": "You may now buy and give back seats, change the plan, see invoices and manage users.",
			"member":        "You use what you hold a license of, and no longer manage the account.",
		})},
	}
}

// RoleName is the new role in words, for the templates.
func (m RoleGiven) RoleName() string {
	switch m.Role {
	case "admin":
		return "an administrator"
	case "billing_admin":
		return "a billing administrator"
	}
	return "a member"
}
