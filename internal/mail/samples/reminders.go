package samples

import (
	"time"

	"github.com/usher-seats/usher/internal/mail"
)

func reminders(zone *time.Location) []Sample {
	decrease := mail.ChangeReminder{
		Frame: frame(zone, owner), Change: mail.ChangeDecrease, ProductName: product, EffectiveAt: utc(time.November, 30, 23, 0),
		SeatsFrom: 8, SeatsTo: 4, People: []string{"Jörg Weiß", "Amélie Dubois"}, PeopleCount: 3, Link: console + "licenses",
	}
	cancellation := decrease
	cancellation.Change, cancellation.SeatsTo = mail.ChangeCancellation, 0
	cancellation.People, cancellation.PeopleCount = []string{"Jörg Weiß"}, 1
	plan := decrease
	plan.Change, plan.People, plan.PeopleCount = mail.ChangePlan, nil, 0
	plan.PlanFrom, plan.PlanTo, plan.SeatsTo = "Pro, monthly", "Essential, monthly", 8
	return []Sample{
		{"invitation_reminder", mail.InvitationReminder{
			Frame: frame(zone, "Amélie"), InviterName: owner, ProductName: product, ExpiresAt: utc(time.November, 29, 9, 0),
			Link: console + "accept#acc_06dn3b5q2c8v4w1x9y7z0m5k3t.usr_06dn3b5r7p1q2s3t4v5w6x7y8z.1.Q2FuIHlvdSBrZWVwIGEgc2VjcmV0Pw",
		}},
		{"change_reminder_decrease", decrease},
		{"change_reminder_cancellation", cancellation},
		{"change_reminder_plan", plan},
		{"role_given", mail.RoleGiven{
			Frame: frame(zone, "Jörg Weiß"), GiverName: owner, RoleFrom: "member", Role: "billing_admin",
			GivenAt: utc(time.November, 22, 10, 30), SignInLink: console,
		}},
	}
}
