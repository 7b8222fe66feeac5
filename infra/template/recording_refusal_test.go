package template_test

import "strings"

// driveRefusals sends what is refused, by every function that takes commands with a
// key: each then looks for an answer that it has given already.
func (r *recording) driveRefusals() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@refused.example")
	id := strings.Repeat("0", 26)
	nothing := map[string]any{"quote_id": "quo_" + id, "agreement_accepted": true}
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", account + "/invitations/inv_" + id + "/resend", nil},
		{"POST", account + "/users/usr_" + id + "/deactivate", nil},
		{"PUT", account + "/owner", map[string]string{"user_id": "usr_" + id}},
		{"DELETE", pool + "/licenses/usr_" + id, nil},
		{"DELETE", pool + "/seat-changes/pending", nil},
		{"POST", pool + "/plan-changes", nothing},
		{"PATCH", account, map[string]string{"name": " "}},
	} {
		if got := r.answer(owner, c.method, c.path, c.body); got.Status < 400 || got.Status >= 500 {
			r.t.Errorf("%s %s: %d %s", c.method, c.path, got.Status, got.Body)
		}
	}
}
