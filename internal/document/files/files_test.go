package files_test

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/document/files"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// The people of a month, as the account downloads them after one of them was removed
// and the names of another were erased.
func TestThePeopleThatAMonthBilled(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(0), seatstest.OnPolicies(func(p *seats.Policies) {
		*p = seats.Policies{Billing: seats.BillingActiveUsers, Proration: billing.ByDay, ActiveCount: seats.CountDaily, AdminsMaySpend: true, AgreementRequired: true}
	}))
	r.Wall.Advance(20 * 24 * time.Hour)
	r.Join("ann", "bob")
	ann, bob := r.ID("ann"), r.ID("bob")
	r.CloseAt(time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC))
	for _, id := range []seats.UserID{ann, bob} {
		_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, id, seats.Once[*seats.User]{})
		r.Must(err)
	}
	_, err := r.Service.EraseUser(r.Ctx, r.Caller("owner"), r.Account, bob, seats.Once[*seats.User]{})
	r.Must(err)

	inv, people, err := r.Service.BilledPeople(r.Ctx, r.Caller("owner"), r.Account, 1)
	r.Must(err)
	got := string(files.Files{}.CSV(inv, people))
	head, rows, _ := strings.Cut(got, "\r\n")
	if !strings.HasPrefix(head, "line,product_id,plan_id,period_start,period_end,user_id,email") {
		t.Errorf("the header is %q", head)
	}
	line := func(id seats.UserID, who string, days string) string {
		return "1,valuation,valuation-team,2026-11-01,2026-11-30," + string(id) + "," + who + ",," + days + ",active_user\r\n"
	}
	for _, want := range []string{
		line(r.Owner, "owner@example.com,Olga,Owner", "30"), line(ann, "ann@example.com,First,ann", "10"), line(bob, ",,", "10"),
	} {
		if !strings.Contains(rows, want) {
			t.Errorf("no row %q in\n%s", want, rows)
		}
	}
	if strings.Count(rows, "\r\n") != 3 || inv.Lines[0].People != 3 {
		t.Errorf("%d people, the line says %d", strings.Count(rows, "\r\n"), inv.Lines[0].People)
	}
	file, err := r.Service.File(r.Ctx, r.Caller("owner"), r.Account, 1)
	r.Must(err)
	if pdf, err := (files.Files{}).PDF(&file.Invoice, file.LogoPNG); err != nil || !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Errorf("the PDF: %v", err)
	}
	r.JoinAs(seats.Member, "mia")
	if _, _, err := r.Service.BilledPeople(r.Ctx, r.Caller("mia"), r.Account, 1); !seats.ErrForbidden.Is(err) {
		t.Errorf("a member is answered with %v", err)
	}
}
