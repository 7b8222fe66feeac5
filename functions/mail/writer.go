package main

import (
	"context"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// letter is a mail to one recipient: a user's id, or mail.BillingRecipient.
type letter struct {
	// about names what is told where that is not the event.
	about     string
	recipient string
	to        string
	mail      mail.Mail
	files     []mail.Attachment
}

// reader is what the writer of letters reads.
type reader interface {
	Load(context.Context, seats.Want) (seats.View, error)
	Plan(context.Context, seats.PlanRef) (*seats.Plan, error)
	Invoice(context.Context, seats.AccountID, int64) (*seats.IssuedInvoice, error)
	Plans(context.Context) ([]*seats.Plan, error)
	Users(context.Context, seats.AccountID) ([]*seats.User, error)
}

// writer turns ledger events into letters. An event holds ids alone: names and
// addresses are read when the letter is written, so that who was removed in the
// meantime gets none.
type writer struct {
	store   reader
	key     func(context.Context) ([]byte, error)
	console string // without a slash at the end
	now     func() time.Time
	pdf     func(inv *billing.Invoice, logoPNG []byte) ([]byte, error)
}

// scene is an event with what it is about.
type scene struct {
	seats.View
	event seats.Event
	sub   *seats.Subscription // nil where the event is about none
	plan  *seats.Plan
	frame mail.Frame
}

// letters are what an event has to say to whom.
func (w writer) letters(ctx context.Context, event seats.Event) ([]letter, error) {
	write, ok := map[string]func(context.Context, *scene) ([]letter, error){
		seats.UserInvitedEvent:      w.invitation,
		seats.InvitationResent:      w.invitation,
		seats.ReminderInvitation:    w.invitation,
		seats.InvitationExpiredEv:   w.invitationExpired,
		seats.InvitationCancelledEv: w.invitationCancelled,
		seats.UserJoined:            w.joinedWithoutLicense,
		seats.LicenseAssigned:       w.licenseGiven,
		seats.LicenseRevoked:        w.licenseTaken,
		seats.UserDeactivatedEvent:  w.licensesEnded,
		seats.UserRemovedEvent:      w.licensesEnded,
		seats.SeatsIncreased:        w.seatsIncreased,
		seats.DecreaseScheduled:     w.decreaseScheduled,
		seats.RoleChanged:           w.roleGiven,
		seats.OwnershipTransferred:  w.ownershipTransferred,
		seats.SubscriptionStarted:   w.documents,
		seats.CycleClosed:           w.cycleClosed,
		seats.DaySettled:            w.documents,
		seats.SeatsDecreased:        w.seatsDecreased,
		seats.InvoiceVoided:         w.documents,
		seats.RequestOpenedEvent:    w.requestOpened,
		seats.RequestAnswered:       w.requestAnswered,
		seats.ReminderDecrease:      w.changeNear,
		seats.ReminderPlanChange:    w.changeNear,
		seats.ReminderCancellation:  w.changeNear,
		seats.PlanUpgraded:          w.planUpgraded,
		seats.PlanChangeScheduled:   w.planChangeScheduled,
		seats.CancelScheduled:       w.cancellationScheduled,
		seats.SubscriptionEndedEv:   w.subscriptionEnded,
	}[event.Type]
	if !ok {
		return nil, nil
	}
	s, err := w.scene(ctx, event)
	if err != nil || s == nil {
		return nil, err
	}
	written, err := write(ctx, s)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(written, func(l letter) bool {
		return l.to == "" || slices.Contains(s.Account.MailsOff, string(l.mail.Kind()))
	}), nil
}

// scene reads what an event is about; nil where the account is gone.
func (w writer) scene(ctx context.Context, event seats.Event) (*scene, error) {
	d := event.Data
	want := seats.Want{Account: event.Account, Users: event.People(), Products: slices.Clone(d.Ended), Request: d.RequestID}
	if d.Product != "" {
		want.Products = append(want.Products, d.Product)
	}
	view, err := w.store.Load(ctx, want)
	if err != nil || view.Account == nil {
		return nil, err
	}
	s := &scene{View: view, event: event, sub: view.Subscriptions[d.Product]}
	if _, read := s.Users[s.Account.Owner]; !read {
		with, err := w.store.Load(ctx, seats.Want{Account: event.Account, Users: []seats.UserID{s.Account.Owner}})
		if err != nil {
			return nil, err
		}
		s.Users[s.Account.Owner] = with.Users[s.Account.Owner]
	}
	if err := w.offer(ctx, s); err != nil {
		return nil, err
	}
	loc, err := s.Account.Location()
	if err != nil {
		return nil, err
	}
	s.frame = mail.Frame{AccountName: s.Account.Name, Zone: loc, Vendor: mail.Vendor{Name: s.Account.Name}}
	if s.plan != nil {
		v := s.plan.Vendor
		s.frame.Vendor = mail.Vendor{Name: v.Name, SupportEmail: v.SupportEmail, AddressLines: v.AddressLines}
	}
	return s, nil
}

// offer finds the plan of the scene: the event's own, else that of its
// subscription, else that of any of the account, for the vendor's name. A request
// names a plan without a version, which nobody has yet.
func (w writer) offer(ctx context.Context, s *scene) error {
	ref := s.event.Data.Plan
	switch {
	case ref.ID != "" && ref.Version != 0:
	case s.sub != nil:
		ref = s.sub.Plan
	default:
		ref = s.Account.Plan
	}
	if ref.ID == "" {
		return nil
	}
	var err error
	s.plan, err = w.store.Plan(ctx, ref)
	return err
}

// name is how a user is called, or "" for nobody in particular.
func (s *scene) name(id seats.UserID) string {
	u := s.Users[id]
	if u == nil {
		return ""
	}
	return u.FirstName + " " + u.LastName
}

// actor is the name of who did it, or "" for the vendor's staff and for time.
func (s *scene) actor() string {
	if s.event.Actor.Kind != seats.ActorUser {
		return ""
	}
	return s.name(seats.UserID(s.event.Actor.ID))
}

// to is the frame of a mail to a user.
func (s *scene) to(u *seats.User) mail.Frame {
	f := s.frame
	f.RecipientName = u.FirstName + " " + u.LastName
	return f
}

// user is a user who can be written to.
func (s *scene) user(id seats.UserID) *seats.User {
	u := s.Users[id]
	if u == nil || u.Status == seats.UserRemoved || u.Email == "" {
		return nil
	}
	return u
}

func userLetter(u *seats.User, m mail.Mail) letter {
	return letter{recipient: string(u.ID), to: u.Email, mail: m}
}

// payers are who is told of money: who did it, and the billing contact, each
// once. build makes the mail from the recipient's frame.
func (s *scene) payers(build func(mail.Frame) mail.Mail) []letter {
	letters := s.billing(build)
	doer := s.user(seats.UserID(s.event.Actor.ID))
	if s.event.Actor.Kind == seats.ActorUser && doer != nil && !slices.ContainsFunc(letters, func(l letter) bool { return l.to == doer.Email }) {
		letters = append(letters, userLetter(doer, build(s.to(doer))))
	}
	return letters
}

// billing is the billing contact, or the owner where there is none.
func (s *scene) billing(build func(mail.Frame) mail.Mail) []letter {
	if contact := s.Account.BillingContact; contact != "" {
		return []letter{{recipient: mail.BillingRecipient, to: contact, mail: build(s.frame)}}
	}
	owner := s.user(s.Account.Owner)
	if owner == nil {
		return nil
	}
	return []letter{userLetter(owner, build(s.to(owner)))}
}
