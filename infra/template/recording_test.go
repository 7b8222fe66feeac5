package template_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/template"
	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/boot/dynamo"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// recorder notes what permissions the calls to DynamoDB need, by the function on
// whose behalf they are made.
type recorder struct {
	t     *testing.T
	next  http.RoundTripper
	names map[string]string

	mu       sync.Mutex
	function string
	needed   map[string]map[template.Grant]bool
}

func (r *recorder) as(function string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.function = function
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	grants, err := template.Needs(request.Header.Get("X-Amz-Target"), request.URL.Path, body, r.names)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	if r.needed[r.function] == nil {
		r.needed[r.function] = map[template.Grant]bool{}
	}
	for _, g := range grants {
		r.needed[r.function][g] = true
	}
	r.mu.Unlock()
	return r.next.RoundTrip(request)
}

// recording is an API whose calls are recorded, and the template that says which
// function answers which route.
type recording struct {
	*recorder
	*apitest.System
	routes map[*regexp.Regexp]string
}

func newRecording(t *testing.T, tpl *template.Template) *recording {
	rec := &recorder{t: t, names: map[string]string{}, needed: map[string]map[template.Grant]bool{}}
	r := &recording{recorder: rec, routes: map[*regexp.Regexp]string{}}
	variable := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for _, f := range tpl.Functions() {
		for _, route := range f.Routes {
			pattern := variable.ReplaceAllString(regexp.QuoteMeta(route.String()), "[^/?]+")
			r.routes[regexp.MustCompile("^"+pattern+`(\?.*)?$`)] = f.Name
		}
	}
	r.System = apitest.New(t, apitest.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		rec.next = next
		return rec
	}))
	for id, name := range r.Tables {
		rec.names[name] = id
	}
	return r
}

// send sends a request on behalf of the function that answers its route. A problem
// is an answer too; what must succeed is decoded into v.
func (r *recording) send(p *apitest.Person, method, path string, body, v any) {
	r.t.Helper()
	r.answer(p, method, path, body).OK(r.t, v)
}

func (r *recording) answer(p *apitest.Person, method, path string, body any) apitest.Response {
	r.t.Helper()
	function := ""
	for pattern, name := range r.routes {
		if pattern.MatchString(method + " " + path) {
			function = name
		}
	}
	if function == "" {
		r.t.Fatalf("no function answers %s %s", method, path)
	}
	r.as(function)
	write := map[string]func(string, any) apitest.Response{"POST": p.Post, "PUT": p.Put, "PATCH": p.Patch}
	switch method {
	case "GET":
		return p.Get(path)
	case "DELETE":
		return p.Delete(path)
	}
	return write[method](path, body)
}

// open opens an ordinary account, whose clock is the wall's, with its owner signed
// in.
func (r *recording) open(plan, email string) (account, pool string, owner *apitest.Person) {
	r.t.Helper()
	return r.openWith(plan, 6, email)
}

// openWith is open with a number of seats; 0 where the plan has none.
func (r *recording) openWith(plan string, count int, email string) (account, pool string, owner *apitest.Person) {
	r.t.Helper()
	var opened api.OpenedAccount
	body := map[string]any{
		"name": "Customer", "currency": "EUR", "time_zone": "Europe/Berlin", "plan_id": plan,
		"owner": map[string]string{"email": email, "first_name": "Olga", "last_name": "Owner"},
	}
	if count > 0 {
		body["seats"] = count
	}
	r.send(r.Operator(), "POST", "/v1/operator/accounts", body, &opened)
	owner = r.As(email)
	r.send(owner, "POST", "/v1/me", map[string]string{"id_token": owner.IDToken}, nil)
	return "/v1/accounts/" + opened.Account.ID, "/v1/accounts/" + opened.Account.ID + "/subscriptions/" + opened.SubscriptionID, owner
}

func invitees(pool string, emails ...string) map[string]any {
	_, sub, _ := strings.Cut(pool, "/subscriptions/")
	var people []map[string]string
	for _, e := range emails {
		people = append(people, map[string]string{"email": e, "first_name": "Ann", "last_name": "Guest", "subscription_id": sub})
	}
	return map[string]any{"people": people}
}

// join invites somebody who accepts after a while, and returns their user id.
func (r *recording) join(account, pool string, owner *apitest.Person, email string, while time.Duration) string {
	r.t.Helper()
	var invited api.InviteResults
	r.send(owner, "POST", account+"/invitations", invitees(pool, email), &invited)
	if refusal := invited.Results[0].Error; refusal != nil {
		r.t.Fatalf("invite %s: %+v", email, refusal)
	}
	user := invited.Results[0].UserID
	r.Pass(while)
	r.as("accept")
	key, err := r.Store.InvitationKey(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	token := seats.InvitationToken(key, seats.AccountID(strings.TrimPrefix(account, "/v1/accounts/")), seats.UserID(user), 1)
	r.send(r.Nobody(), "POST", "/v1/invitations/lookup", map[string]string{"token": token}, nil)
	p := r.As(email)
	r.send(p, "POST", "/v1/invitations/accept", map[string]string{"token": token, "id_token": p.IDToken}, nil)
	return user
}

// month is longer than any cycle, so that the next command finds a close that is
// due, and than an invitation is valid.
const month = 32 * 24 * time.Hour

// late lets a month pass over an open invitation before a command, and expires it.
func (r *recording) late(n int, account, pool string, owner *apitest.Person, command func()) {
	r.send(owner, "POST", account+"/invitations", invitees(pool, fmt.Sprintf("late%d@customer.example", n)), nil)
	r.Pass(month)
	command()
	r.expire()
}

func (r *recording) expire() {
	r.t.Helper()
	r.as("expire")
	if n, err := r.Service.ExpireLapsed(r.t.Context()); err != nil || n == 0 {
		r.t.Fatalf("expired %d: %v", n, err)
	}
}

// TestRolesAllowWhatTheCodeDoes drives every use case of the tables, each also where
// a close is due first, and holds the calls against the roles, both ways. Reading
// queues and the stream, the bus and SES are not part of it: the lists in uses say
// what closedue, publish and mail do there.
func TestRolesAllowWhatTheCodeDoes(t *testing.T) {
	tpl := parse(t, templateText(t))
	r := newRecording(t, tpl)
	r.start(tpl)
	r.drivePeople()
	r.driveMoney()
	r.drivePlans()
	r.driveRequests()
	r.driveRefusals()
	r.driveBulk()
	r.driveEntitlements()
	r.driveReminders()
	r.driveUsage()
	r.driveTime()
	missing, unused, held := 0, 0, 0
	for _, f := range tpl.Functions() {
		if f.Name == "publish" || f.Name == "mail" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			granted, err := tpl.Actions(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			for g := range r.needed[f.Name] {
				held++
				if !slices.Contains(granted, g) {
					missing++
					t.Errorf("it may not %s", g)
				}
			}
			for _, g := range granted {
				table := strings.HasPrefix(g.Resource, "SeatsTable") || strings.HasPrefix(g.Resource, "KeysTable")
				if table && !r.needed[f.Name][g] {
					unused++
					t.Errorf("it does not need %s", g)
				}
			}
		})
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 44, Did: "every use case's calls to the tables recorded and held against the policies of the functions, both ways",
		Bad: missing + unused, Of: held, What: "permissions missing or not needed",
	})
}

// start makes the first call of every function that makes one, and publishes the
// catalog.
func (r *recording) start(tpl *template.Template) {
	r.t.Helper()
	for _, f := range tpl.Functions() {
		if f.Name == "publish" || f.Name == "closedue" || f.Name == pages {
			continue
		}
		r.as(f.Name)
		if err := dynamo.Warm(r.Client, r.Tables["SeatsTable"])(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
	catalog := map[string]string{"catalog": apitest.SampleCatalog(r.t)}
	r.send(r.Operator(), "POST", "/v1/operator/catalog/validate", catalog, nil)
	r.send(r.Operator(), "POST", "/v1/operator/catalog/publish", catalog, nil)
}

func (r *recording) drivePeople() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@people.example")
	ann := r.join(account, pool, owner, "ann@people.example", 0)
	var invited api.InviteResults
	r.send(owner, "POST", account+"/invitations", invitees(pool, "ben@people.example"), &invited)
	invitation := account + "/invitations/" + invited.Results[0].InvitationID
	r.send(owner, "GET", account+"/invitations", nil, nil)
	r.send(owner, "POST", invitation+"/resend", nil, nil)
	r.send(owner, "DELETE", invitation, nil, nil)

	user := account + "/users/" + ann
	r.send(owner, "GET", account+"/users?q=ann", nil, nil)
	r.send(owner, "GET", user, nil, nil)
	r.send(owner, "PATCH", user, map[string]string{"first_name": "Anna"}, nil)
	r.send(owner, "DELETE", pool+"/licenses/"+ann, nil, nil)
	r.send(owner, "POST", pool+"/licenses", map[string]any{"user_ids": []string{ann}}, nil)
	r.send(owner, "POST", user+"/deactivate", nil, nil)
	r.send(owner, "POST", user+"/activate", nil, nil)
	for _, path := range []string{"/v1/me", account, account + "/subscriptions", pool, pool + "/licenses", account + "/invoices", account + "/invoices/1", account + "/invoices/1.pdf", account + "/invoices/upcoming", account + "/invoices/1/explain", account + "/invoices/1/verify", account + "/events"} {
		r.send(owner, "GET", path, nil, nil)
	}
	r.send(owner, "PATCH", account, map[string]string{"name": "Customer, renamed"}, nil)

	for n, command := range []func(){
		func() { r.send(owner, "GET", user, nil, nil) },
		func() { r.send(owner, "GET", account, nil, nil) },
		func() { r.send(owner, "GET", account+"/invoices", nil, nil) },
		func() { r.send(owner, "POST", pool+"/licenses", map[string]any{"user_ids": []string{ann}}, nil) },
		func() { r.send(owner, "DELETE", pool+"/licenses/"+ann, nil, nil) },
		func() { r.send(owner, "POST", account+"/invitations", invitees(pool, "cy@people.example"), nil) },
		func() { r.send(owner, "DELETE", user, nil, nil) },
	} {
		r.late(n, account, pool, owner, command)
	}
	dee := r.join(account, pool, owner, "dee@people.example", 0)
	r.late(10, account, pool, owner, func() {
		fresh := r.SignIn("olga@people.example")
		// The issuer lives in the present; the transfer wants a sign-in of today.
		fresh.Claims["auth_time"] = fmt.Sprint(r.Now().Unix())
		r.send(fresh, "PUT", account+"/owner", map[string]string{"user_id": dee}, nil)
	})
}

func (r *recording) driveMoney() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@money.example")
	quote := func(count int) map[string]any {
		var q api.Quote
		r.send(owner, "POST", pool+"/quotes", map[string]int{"seats": count}, &q)
		return map[string]any{"quote_id": q.ID, "agreement_accepted": true}
	}
	r.send(owner, "POST", pool+"/seat-changes", quote(8), nil)
	r.send(owner, "POST", pool+"/seat-changes", quote(4), nil)
	r.send(owner, "DELETE", pool+"/seat-changes/pending", nil, nil)
	invoice := "/v1/operator" + strings.TrimPrefix(account, "/v1") + "/invoices/1"
	r.send(r.Operator(), "POST", invoice+"/paid", nil, nil)
	r.send(r.Operator(), "POST", invoice+"/void", map[string]string{"reason": "billed twice"}, nil)
	r.late(20, account, pool, owner, func() { quote(9) })

	// Somebody is invited on one side of a cycle's end and accepts on the other.
	account, pool, owner = r.open("meetings-monthly", "olga@late.example")
	r.Pass(month - 7*24*time.Hour)
	r.join(account, pool, owner, "ann@late.example", seats.InvitationTTL-time.Hour)
}

// driveBulk runs the commands that take more than one transaction.
func (r *recording) driveBulk() {
	r.t.Helper()
	account, pool, owner := r.open("meetings-monthly", "olga@bulk.example")
	var emails []string
	for n := range 40 {
		emails = append(emails, fmt.Sprintf("guest%d@bulk.example", n))
	}
	r.send(owner, "POST", account+"/invitations", invitees(pool, emails...), nil)
	r.driveAdding(account, owner)
	var users []string
	for n := range 100 {
		users = append(users, fmt.Sprintf("usr_01hv6q8x3k9n2m4p5r7s8t9v%02d", n))
	}
	r.send(owner, "POST", pool+"/licenses", map[string]any{"user_ids": users}, nil)
}

// driveAdding creates a user, erases one, and imports more than one transaction holds.
func (r *recording) driveAdding(account string, owner *apitest.Person) {
	r.t.Helper()
	var created api.CreatedUser
	r.send(owner, "POST", account+"/users", map[string]any{"email": "made@bulk.example", "first_name": "Ma", "last_name": "De"}, &created)
	user := account + "/users/" + created.User.ID
	r.send(owner, "DELETE", user, nil, nil)
	r.send(owner, "POST", user+"/erase", nil, nil)
	file := "email,first_name,last_name\n"
	for n := range 40 {
		file += fmt.Sprintf("line%d@bulk.example,Li,Ne\n", n)
	}
	r.send(owner, "POST", account+"/users/import", map[string]any{"csv": file}, nil)
}

// overAssigned opens an account and brings it past a close that must release a
// license and expire an invitation: three people hold a seat, and one is to remain.
func (r *recording) overAssigned(name string) (account string) {
	r.t.Helper()
	account, pool, owner := r.open("meetings-yearly", "olga@"+name)
	r.join(account, pool, owner, "ann@"+name, 0)
	r.join(account, pool, owner, "ben@"+name, 0)
	r.send(owner, "POST", account+"/invitations", invitees(pool, "cy@"+name), nil)
	var q api.Quote
	r.send(owner, "POST", pool+"/quotes", map[string]int{"seats": 1}, &q)
	r.send(owner, "POST", pool+"/seat-changes", map[string]any{"quote_id": q.ID, "agreement_accepted": true}, nil)
	r.Pass(12 * month)
	return account
}

// driveTime does what the operators, the schedules and the close queue do.
func (r *recording) driveTime() {
	r.t.Helper()
	ctx, operator := r.t.Context(), r.Operator()
	account := r.overAssigned("close.example")
	r.as("closedue")
	due := 0
	if err := r.Store.DueAccounts(ctx, r.Now(), func(found []seats.AccountID) error { due += len(found); return nil }); err != nil || due == 0 {
		r.t.Fatalf("%d accounts are due: %v", due, err)
	}
	r.as("close")
	if n, err := r.Service.Close(ctx, seats.AccountID(strings.TrimPrefix(account, "/v1/accounts/"))); err != nil || n == 0 {
		r.t.Fatalf("closed %d: %v", n, err)
	}

	id := strings.TrimPrefix(r.overAssigned("operator.example"), "/v1/accounts/")
	var closed api.Closed
	r.send(operator, "POST", "/v1/operator/accounts/"+id+"/close", nil, &closed)
	for _, path := range []string{"/v1/operator/accounts", "/v1/operator/accounts/" + id, "/v1/operator/parked-accounts"} {
		r.send(operator, "GET", path, nil, nil)
	}
	// It is not parked, which is known once it has been read.
	if answer := operator.Post("/v1/operator/parked-accounts/"+id+"/retry", nil); answer.Status != http.StatusConflict {
		r.t.Fatalf("retry: %d %s", answer.Status, answer.Body)
	}
}
