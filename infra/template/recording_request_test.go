package template_test

import (
	"strings"

	"github.com/usher-seats/usher/internal/api"
)

// driveRequests asks the vendor for seats and has it priced, approved and declined,
// each also where a close is due first.
func (r *recording) driveRequests() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@asking.example")
	_, sub, _ := strings.Cut(pool, "/subscriptions/")
	ask := func(count int) string {
		var asked api.Request
		r.send(owner, "POST", account+"/requests", map[string]any{"kind": "seats", "subscription_id": sub, "seats": count}, &asked)
		r.send(owner, "GET", account+"/requests/"+asked.ID, nil, nil)
		return "/v1/operator" + strings.TrimPrefix(account, "/v1") + "/requests/" + asked.ID
	}
	price := func(request string) map[string]string {
		var q api.Quote
		r.send(r.Operator(), "POST", request+"/quote", nil, &q)
		return map[string]string{"quote_id": q.ID}
	}
	approve := func(request string) {
		r.send(r.Operator(), "POST", request+"/approve", price(request), nil)
	}
	approve(ask(8))
	r.send(owner, "GET", account+"/requests", nil, nil)
	r.send(r.Operator(), "GET", "/v1/operator/requests", nil, nil)
	r.send(r.Operator(), "POST", ask(9)+"/decline", map[string]string{"message": "Not this year."}, nil)

	late := ask(10)
	r.late(40, account, pool, owner, func() { approve(late) })
	r.late(41, account, pool, owner, func() { ask(12) })
	r.late(42, account, pool, owner, func() { r.send(owner, "GET", account+"/requests", nil, nil) })
}
