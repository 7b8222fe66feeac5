package seats

// Action is something that a role may or may not do in its account.
type Action int

// Actions, in the order of the table in Can.
const (
	// SeeAccount: users, licenses, activity of the whole account. A member sees
	// only what is their own.
	SeeAccount Action = iota + 1
	// ManageUsers: invite, add, edit, activate, deactivate, remove.
	ManageUsers
	// ManageLicenses: give and take licenses.
	ManageLicenses
	// SpendMoney: quotes, seats, plans, invoices, billing contact.
	SpendMoney
	// TransferOwnership: make somebody else the owner.
	TransferOwnership
)

// Can is the permission table. The plan is nil where the action concerns no
// subscription; then what depends on a plan's policy is refused.
func Can(role Role, action Action, plan *Plan) bool {
	switch action {
	case SeeAccount, ManageUsers:
		return role == Owner || role == BillingAdmin || role == Admin
	case ManageLicenses:
		return role == Owner || role == Admin || role == BillingAdmin && plan != nil && plan.Policies.AutoSeats
	case SpendMoney:
		return role == Owner || role == BillingAdmin || role == Admin && plan != nil && plan.Policies.AdminsMaySpend
	case TransferOwnership:
		return role == Owner
	}
	return false
}

// CanGrant reports whether a role may grant or take another role, and
// deactivate or remove its holder.
func CanGrant(by, role Role) bool {
	switch by {
	case Owner:
		return role != Owner
	case BillingAdmin:
		return role == BillingAdmin || role == Member
	case Admin:
		return role == Admin || role == Member
	case Member:
	}
	return false
}
