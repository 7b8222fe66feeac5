package template_test

import "github.com/usher-seats/usher/internal/api"

// drivePlans changes a plan, ends and resumes a subscription, and looks ahead, each
// also where a close is due first.
func (r *recording) drivePlans() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@plans.example")
	r.send(owner, "GET", account+"/plans", nil, nil)
	change := func() {
		var q api.Quote
		r.send(owner, "POST", pool+"/quotes", map[string]string{"plan_id": "meetings-yearly"}, &q)
		r.send(owner, "POST", pool+"/plan-changes", map[string]any{"quote_id": q.ID, "agreement_accepted": true}, nil)
	}
	change()
	r.send(owner, "DELETE", pool+"/plan-changes/pending", nil, nil)
	r.send(owner, "POST", pool+"/cancel", nil, nil)
	r.send(owner, "POST", pool+"/resume", nil, nil)
	r.send(owner, "GET", pool+"/forecast?months=2", nil, nil)
	r.send(owner, "POST", pool+"/forecast?months=2", map[string]any{"changes": []any{map[string]int{"seats": 7}}}, nil)
	r.late(30, account, pool, owner, func() {
		r.send(owner, "GET", pool+"/forecast?months=2", nil, nil)
	})
	r.late(31, account, pool, owner, func() {
		r.send(owner, "POST", pool+"/cancel", nil, nil)
	})
}
