package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// shownPeople is how many of an account's people stand open; the rest is one
// click away, and beyond maxPeople only counted.
const (
	shownPeople = 6
	maxPeople   = 60
)

type startBody struct {
	Accounts accountsBody
	Demos    demosBody
	Machine  machineBody
	Staff    []personView
	Links    []Link
}

type accountsBody struct {
	Accounts []accountView
	Problem  string
}

// demosBody is how far the demo accounts are, while they are not all there.
type demosBody struct {
	Demos []Demo
	Ready int
	// Failed tells of those that never will be.
	Failed []Demo
}

// Busy reports whether the page is to go on looking.
func (b demosBody) Busy() bool { return b.Ready+len(b.Failed) < len(b.Demos) }

type accountView struct {
	account
	// Demo is what there is to try in it, where it is a demo account.
	Demo *Demo
	Zone *time.Location
	// Boundary is the end of the nearest period, or what else is due next.
	Boundary  *time.Time
	Pools     []poolView
	People    []personView
	More      []personView
	Uncounted int
}

type personView struct {
	Email, Name, Role, Status string
	Initials                  string
	Tint                      int
}

// poolView is a subscription with its bar, in hundredths of its length.
type poolView struct {
	subscription
	Used, Held, HeldFrom int
	// Over is how many licenses exceed the seats, while a close releases them.
	Over int
}

type machineBody struct {
	// Version changes whenever something happened that the accounts may show.
	Version   string
	Functions []FunctionState
	Queues    []QueueState
	Schedules []ScheduleState
	MailMode  string
}

func (p *pages) start(w http.ResponseWriter, r *http.Request) {
	body := startBody{Accounts: p.accountsBody(r.Context()), Demos: p.demosBody(), Machine: p.machineBody(), Links: p.deps.Links}
	if p.deps.Staff != nil {
		for _, person := range p.deps.Staff() {
			body.Staff = append(body.Staff, viewPerson(person.Email, person.Name, person.Role, ""))
		}
	}
	p.show(w, http.StatusOK, "start.html", "Local stack", "start", body)
}

func (p *pages) partAccounts(w http.ResponseWriter, r *http.Request) {
	p.part(w, "accounts", p.accountsBody(r.Context()))
}

func (p *pages) partDemos(w http.ResponseWriter, _ *http.Request) {
	p.part(w, "demos", p.demosBody())
}

func (p *pages) demosBody() demosBody {
	body := demosBody{Demos: p.demos()}
	for _, d := range body.Demos {
		switch d.State {
		case "there":
			body.Ready++
		case "failed":
			body.Failed = append(body.Failed, d)
		}
	}
	return body
}

func (p *pages) demos() []Demo {
	if p.deps.Demos == nil {
		return nil
	}
	return p.deps.Demos()
}

func (p *pages) partMachine(w http.ResponseWriter, _ *http.Request) {
	p.part(w, "machine", p.machineBody())
}

func (p *pages) accountsBody(ctx context.Context) accountsBody {
	accounts, err := p.accounts(ctx)
	body := accountsBody{}
	if err != nil {
		body.Problem = err.Error()
	}
	demos := p.demos()
	for _, one := range accounts {
		view := viewAccount(one)
		if i := slices.IndexFunc(demos, func(d Demo) bool { return d.Account == one.Name }); i >= 0 && one.Test {
			view.Demo = &demos[i]
		}
		body.Accounts = append(body.Accounts, view)
	}
	return body
}

func viewAccount(one account) accountView {
	v := accountView{account: one, Zone: time.UTC, Boundary: one.NextDue}
	if zone, err := time.LoadLocation(one.TimeZone); err == nil && one.TimeZone != "" {
		v.Zone = zone
	}
	ends := slices.DeleteFunc(slices.Clone(one.Subscriptions), func(s subscription) bool { return s.Period.End == nil })
	if len(ends) > 0 {
		v.Boundary = slices.MinFunc(ends, func(a, b subscription) int { return a.Period.End.Compare(*b.Period.End) }).Period.End
	}
	for _, s := range one.Subscriptions {
		v.Pools = append(v.Pools, viewPool(s))
	}
	if len(one.Users) == 0 && one.Owner.Email != "" {
		one.Owner.Role = "owner"
		one.Users = []user{one.Owner}
	}
	for i, u := range one.Users {
		person := viewPerson(u.Email, strings.TrimSpace(u.FirstName+" "+u.LastName), u.Role, u.Status)
		switch {
		case u.Status == "removed" || u.Email == "":
		case i < shownPeople:
			v.People = append(v.People, person)
		case i < maxPeople:
			v.More = append(v.More, person)
		default:
			v.Uncounted++
		}
	}
	return v
}

// consoleAs is the console's address that signs a person in; empty where there is no
// console.
func (p *pages) consoleAs(email string) string {
	if p.deps.ConsoleURL == "" {
		return ""
	}
	return p.deps.ConsoleURL + "/?login_hint=" + url.QueryEscape(email)
}

func viewPerson(email, name, role, status string) personView {
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	tint := 0
	for _, c := range []byte(strings.ToLower(email)) {
		tint = (tint*31 + int(c)) % 8
	}
	return personView{Email: email, Name: visible(name), Role: role, Status: status, Initials: initials(name), Tint: tint}
}

func viewPool(s subscription) poolView {
	v := poolView{subscription: s}
	v.Available = max(0, s.Available)
	if s.Seats == 0 {
		return v // billed by active users: there is no pool to fill
	}
	v.Over = max(0, s.InUse+s.Reserved-s.Seats)
	if whole := max(s.Seats, s.InUse+s.Reserved); whole > 0 {
		v.Used = s.InUse * 100 / whole
		v.Held = s.Reserved * 100 / whole
		v.HeldFrom = v.Used
	}
	return v
}

func (p *pages) machineBody() machineBody {
	body := machineBody{}
	if p.deps.Functions != nil {
		body.Functions = p.deps.Functions()
	}
	if p.deps.Queues != nil {
		body.Queues = p.deps.Queues()
	}
	if p.deps.Schedules != nil {
		body.Schedules = p.deps.Schedules()
	}
	if p.deps.Mailbox != nil {
		body.MailMode = string(p.deps.Mailbox.Mode())
	}
	if p.deps.Events != nil {
		if events := p.deps.Events(); len(events) > 0 {
			body.Version = events[0].ID
		}
	}
	return body
}

// moveClock moves an account's test clock by a step, or to a local time.
func (p *pages) moveClock(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("account")
	back := "/#" + id
	accounts, err := p.accounts(r.Context())
	if err != nil {
		p.done(w, r, back, "", err)
		return
	}
	i := slices.IndexFunc(accounts, func(a account) bool { return a.ID == id })
	if i < 0 {
		p.done(w, r, back, "", &inputError{"There is no account " + shorten(id, 60) + " any more. Load the page again."})
		return
	}
	view := viewAccount(accounts[i])
	to, err := destination(view, r.PostFormValue("step"), r.PostFormValue("to"))
	if err != nil {
		p.done(w, r, back, "", err)
		return
	}
	clock, err := p.advance(r.Context(), id, to)
	p.done(w, r, back, "The clock of "+visible(view.Name)+" stands at "+formatTime(clock.In(view.Zone))+".", err)
}

// destination is where a step leads from an account's clock, by its own
// calendar.
func destination(view accountView, step, to string) (time.Time, error) {
	if view.Clock == nil || !view.Test {
		return time.Time{}, &inputError{visible(view.Name) + " is no test account: its clock is the real one and moves by itself."}
	}
	clock := view.Clock.In(view.Zone)
	switch step {
	case "day":
		return clock.AddDate(0, 0, 1), nil
	case "month":
		next := clock.AddDate(0, 1, 0)
		if next.Day() != clock.Day() {
			next = next.AddDate(0, 0, -next.Day()) // the 31st of a short month is its last day
		}
		return next, nil
	case "boundary":
		if view.Boundary == nil {
			return time.Time{}, &inputError{visible(view.Name) + " has no boundary ahead: it has no subscription yet."}
		}
		return *view.Boundary, nil
	case "to":
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
			if at, err := time.ParseInLocation(layout, to, view.Zone); err == nil {
				if !at.After(clock) {
					return time.Time{}, &inputError{"A clock moves forward only. It stands at " + formatTime(clock) + "; choose a later time."}
				}
				return at, nil
			}
		}
		return time.Time{}, &inputError{"Choose a date and a time to move the clock to."}
	}
	return time.Time{}, &inputError{"Choose where to move the clock."}
}

func (p *pages) redrive(w http.ResponseWriter, r *http.Request) {
	queue := r.PathValue("queue")
	err := error(&inputError{"This stack has no queues."})
	if p.deps.Redrive != nil {
		err = p.deps.Redrive(queue)
	}
	p.done(w, r, "/#queues", "The messages of "+queue+" are on their way again.", err)
}

func (p *pages) runSchedule(w http.ResponseWriter, r *http.Request) {
	schedule := r.PathValue("schedule")
	err := error(&inputError{"This stack has no schedules."})
	if p.deps.RunSchedule != nil {
		err = p.deps.RunSchedule(r.Context(), schedule)
	}
	p.done(w, r, "/#schedules", schedule+" has been set off.", err)
}
