package template_test

import (
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// remind makes the reminders of the day.
func (r *recording) remind() {
	r.t.Helper()
	r.as("remind")
	if n, err := r.Service.Remind(r.t.Context()); err != nil || n == 0 {
		r.t.Fatalf("reminded of %d: %v", n, err)
	}
}

// driveReminders brings an account near a decrease and somebody near the end of an
// invitation.
func (r *recording) driveReminders() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@reminded.example")
	var q api.Quote
	r.send(owner, "POST", pool+"/quotes", map[string]int{"seats": 3}, &q)
	r.send(owner, "POST", pool+"/seat-changes", map[string]any{"quote_id": q.ID, "agreement_accepted": true}, nil)
	r.Pass(month - 3*24*time.Hour - seats.InvitationTTL)
	r.send(owner, "POST", account+"/invitations", invitees(pool, "cy@reminded.example"), nil)
	r.Pass(seats.InvitationTTL - 24*time.Hour)
	r.remind()
}

// driveEntitlements asks in every way what a user may do, and revokes tokens.
func (r *recording) driveEntitlements() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@entitled.example")
	ann := r.join(account, pool, owner, "ann@entitled.example", 0)
	p := r.As("ann@entitled.example")
	product := pool[strings.LastIndexByte(pool, '_')+1:]
	for path, by := range map[string]*apitest.Person{
		"/v1/entitlements/" + product: p, "/v1/entitlements/" + product + "?account=" + strings.TrimPrefix(account, "/v1/accounts/"): p,
		account + "/users/" + ann + "/entitlements/" + product: r.Vendor(), "/.well-known/jwks.json": r.Nobody(),
	} {
		r.send(by, "GET", path, nil, nil)
	}
	r.send(p, "POST", "/v1/license-tokens", map[string]string{"product": product}, nil)
	r.send(r.Operator(), "POST", "/v1/operator/"+strings.TrimPrefix(account, "/v1/")+"/tokens/revoke", nil, nil)
}
