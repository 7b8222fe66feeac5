package samples

import (
	"time"

	"github.com/usher-seats/usher/internal/mail"
)

func requests(zone *time.Location) []Sample {
	asked := mail.Asked{
		RequestID: "req_06dn3b5r7p1q2s3t4v5w6x7y8z", ByName: owner, ProductName: product, PlanName: "Pro, monthly", SeatsFrom: 8, SeatsTo: 40,
		Message: "For our new office in Lyon.", AskedAt: utc(time.November, 22, 10, 30), DueNow: euros(19200), NextInvoice: euros(80000),
	}
	opened := mail.RequestOpened{Frame: frame(zone, owner), Asked: asked, Link: console + "requests"}
	sales := mail.RequestOpened{Frame: frame(zone, ""), Asked: asked, ToVendor: true}
	answered := mail.RequestAnswered{
		Frame: frame(zone, owner), Asked: asked, Approved: true, Answer: "Welcome to Lyon.", AnsweredAt: utc(time.November, 23, 8, 0), Link: console + "requests",
	}
	declined := answered
	declined.Approved, declined.Answer = false, ""
	declined.Asked = mail.Asked{RequestID: asked.RequestID, ByName: owner, Message: "May we pay in shells?", AskedAt: asked.AskedAt}
	ends := sales
	ends.PlanName, ends.SeatsTo, ends.Ends, ends.Message, ends.DueNow, ends.NextInvoice = "", 0, true, "", euros(0), euros(0)
	ofAdmin := answered
	ofAdmin.ByName, ofAdmin.AskerName = admin, admin
	return []Sample{
		{"request_opened", opened},
		{"request_opened_sales", sales},
		{"request_opened_end", ends},
		{"request_answered", answered},
		{"request_answered_declined", declined},
		{"request_answered_owner", ofAdmin},
	}
}
