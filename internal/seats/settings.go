package seats

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// AccountPatch is what a change of settings changes; nil fields stay.
type AccountPatch struct {
	Name           *string
	Zone           *string
	BillingContact *string
	Customer       *billing.Party
	MailsOff       *[]string
}

// MailKinds are the kinds of mail, each of which an account can turn off.
func MailKinds() []string {
	return []string{
		"invitation", "invitation_expired", "license_given", "license_taken",
		"seat_change_receipt", "decrease_scheduled", "ownership_transferred", "invoice", "credit_note",
		"invitation_reminder", "change_reminder", "role_given", "request_opened", "request_answered",
		"invitation_cancelled", "joined_without_license",
		"plan_changed", "plan_change_scheduled", "cancellation_scheduled", "subscription_ended", "trial_ended",
	}
}

// EditedAccount is an account after a change, at its instant.
type EditedAccount struct {
	Account *Account
	Now     time.Time
}

// EditAccount changes the account's settings. Money and zone are for who may
// spend; a changed zone applies from the next boundary.
func (s *Service) EditAccount(ctx context.Context, caller Caller, account AccountID, patch AccountPatch, once Once[EditedAccount]) (Reply[EditedAccount], error) {
	access, spends, err := s.EnterSpending(ctx, caller, account)
	if err != nil {
		return Reply[EditedAccount]{}, err
	}
	may := func(t *turn) error {
		if !spends || t.Me.Role != access.Me.Role {
			return ErrForbidden.With("Your role may not change the account. Ask the owner or a billing admin.")
		}
		return nil
	}
	return run(ctx, s, command{caller: caller, account: account, may: may}, once, func(t *turn) (*Change, EditedAccount, error) {
		if err := may(t); err != nil {
			return nil, EditedAccount{}, err
		}
		a := *t.Account
		if err := patch.apply(&a); err != nil {
			return nil, EditedAccount{}, err
		}
		if reflect.DeepEqual(&a, t.Account) {
			return &Change{}, EditedAccount{Account: &a, Now: t.Now}, nil
		}
		a.Rev++
		return &Change{
			Account: &AccountWrite{Account: &a, From: t.Account.Rev},
			Events:  []Event{t.event(AccountUpdated, EventData{}, Rev{string(a.ID), a.Rev})},
		}, EditedAccount{Account: &a, Now: t.Now}, nil
	})
}

func (p AccountPatch) apply(a *Account) error {
	var fields []Field
	if p.Name != nil {
		name, bad := cleanText("body.name", *p.Name, MaxAccountNameRunes, 2*MaxAccountNameRunes)
		if bad == nil && name == "" {
			bad = &Field{Location: "body.name", Message: "must not be empty"}
		}
		if bad != nil {
			fields = append(fields, *bad)
		}
		a.Name = name
	}
	if p.Zone != nil {
		fields = append(fields, checkZone("body.time_zone", *p.Zone)...)
		a.Zone = *p.Zone
	}
	if p.BillingContact != nil {
		contact, err := NormalizeEmail(*p.BillingContact)
		if err != nil && *p.BillingContact != "" {
			fields = append(fields, Field{Location: "body.billing_contact", Message: "must be an email address, or empty for the owner", Value: *p.BillingContact})
		}
		a.BillingContact = contact
	}
	if p.Customer != nil {
		customer := *p.Customer
		customer.AddressLines = append([]string(nil), customer.AddressLines...)
		fields = append(fields, checkParty("body.invoice_address", &customer)...)
		if customer.Name == "" {
			customer.Name = a.Name
		}
		a.Customer = customer
	}
	if p.MailsOff != nil {
		a.MailsOff = nil
		for i, kind := range *p.MailsOff {
			if !slices.Contains(MailKinds(), kind) {
				fields = append(fields, Field{Location: "body.mails_off[" + itoa(int64(i)) + "]", Message: "must be one of " + strings.Join(MailKinds(), ", "), Value: kind})
			} else if !slices.Contains(a.MailsOff, kind) {
				a.MailsOff = append(a.MailsOff, kind)
			}
		}
		slices.Sort(a.MailsOff)
	}
	if len(fields) > 0 {
		e := *ErrInvalid
		e.Fields = fields
		return &e
	}
	return nil
}
