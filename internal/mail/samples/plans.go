package samples

import (
	"time"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/money"
)

func joining(zone *time.Location) []Sample {
	cancelled := mail.InvitationCancelled{
		Frame: frame(zone, admin), CancellerName: owner, InviteeName: "Amélie Dubois", InviteeEmail: "amelie.dubois@brandt.example",
		CancelledAt: utc(time.November, 24, 8, 15), PeopleLink: console + "users",
	}
	joined := mail.JoinedWithoutLicense{
		Frame: frame(zone, admin), PersonName: "Amélie Dubois", PersonEmail: "amelie.dubois@brandt.example", ProductName: product,
		JoinedAt: utc(time.November, 24, 8, 15), LicensesLink: console + "licenses",
	}
	told := joined
	told.Frame, told.InviterName, told.SeatsFree = frame(zone, owner), admin, 2
	return []Sample{
		{"invitation_cancelled", cancelled},
		{"joined_without_license", joined},
		{"joined_without_license_owner", told},
	}
}

func plans(zone *time.Location) []Sample {
	essential := mail.Terms{PlanName: "Essential, monthly", Seats: 8, Interval: "month", Price: euros(16000)}
	pro := mail.Terms{PlanName: "Pro, monthly", Seats: 10, Interval: "month", Price: euros(30000)}
	use := mail.Terms{PlanName: "Flexible", Interval: "month", Price: euros(2500), ByUse: true}
	end := utc(time.November, 30, 23, 0)
	changed := mail.PlanChanged{
		Frame: frame(zone, owner), ByName: admin, ProductName: product, Before: essential, After: pro, ChangedAt: utc(time.November, 22, 9, 0),
		InvoiceNumber: "4", DueNow: euros(4998), Link: console + "plan",
	}
	trial := changed
	trial.InvoiceNumber, trial.DueNow = "", money.Amount{}
	trial.TrialUntil, trial.ByName = end, ""
	scheduled := mail.PlanChangeScheduled{
		Frame: frame(zone, owner), ByName: admin, ProductName: product, Before: pro, After: essential, EffectiveAt: end,
		OverAssigned: mail.ReleaseNewest, Link: console + "plan",
	}
	flexible := scheduled
	flexible.Before, flexible.After, flexible.OverAssigned = essential, use, mail.KeepAssigned
	cancelled := mail.CancellationScheduled{
		Frame: frame(zone, owner), ByName: admin, ProductName: product, Terms: essential, EffectiveAt: end, Link: console + "plan",
	}
	flexibleCancelled := cancelled
	flexibleCancelled.Terms, flexibleCancelled.ByName = use, ""
	ended := mail.SubscriptionEnded{Frame: frame(zone, owner), ProductName: product, Terms: essential, EndedAt: end, Link: console + "plan"}
	trialEnded := mail.TrialEnded{Frame: frame(zone, owner), ProductName: product, Terms: essential, EndedAt: end, InvoiceNumber: "1", Link: console + "plan"}
	return []Sample{
		{"plan_changed", changed},
		{"plan_changed_trial", trial},
		{"plan_change_scheduled", scheduled},
		{"plan_change_scheduled_by_use", flexible},
		{"cancellation_scheduled", cancelled},
		{"cancellation_scheduled_by_use", flexibleCancelled},
		{"subscription_ended", ended},
		{"trial_ended", trialEnded},
	}
}
