package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

// item is what every list's items are told apart by.
type item struct {
	ID     string   `json:"id"`
	Number int64    `json:"number"`
	User   api.User `json:"user"`
}

func (i item) name() string {
	switch {
	case i.User.ID != "":
		return i.User.ID
	case i.Number > 0:
		return fmt.Sprint(i.Number)
	}
	return i.ID
}

// walk reads a list in pages of three; between is called after the first page, with
// what stood on it.
func walk(t *testing.T, p *apitest.Person, path string, between func(first []string)) []string {
	t.Helper()
	const perPage = 3
	glue := "?"
	if strings.Contains(path, "?") {
		glue = "&"
	}
	var all []string
	cursor := ""
	for pages := 0; ; pages++ {
		var page struct {
			Items []item `json:"items"`
			Next  string `json:"next_cursor"`
		}
		p.Get(fmt.Sprintf("%s%slimit=%d%s", path, glue, perPage, cursor)).OK(t, &page)
		if len(page.Items) > perPage || pages > 100 {
			t.Fatalf("%s: page %d has %d items", path, pages, len(page.Items))
		}
		for _, i := range page.Items {
			all = append(all, i.name())
		}
		if page.Next == "" {
			return all
		}
		if pages == 0 && between != nil {
			between(slices.Clone(all))
		}
		cursor = "&cursor=" + url.QueryEscape(page.Next)
	}
}

// whole reads a list of up to a hundred at once.
func whole(t *testing.T, p *apitest.Person, path string) []string {
	t.Helper()
	glue := "?"
	if strings.Contains(path, "?") {
		glue = "&"
	}
	var page struct {
		Items []item `json:"items"`
	}
	p.Get(path+glue+"limit=100").OK(t, &page)
	names := make([]string, len(page.Items))
	for i, it := range page.Items {
		names[i] = it.name()
	}
	return names
}

// steady checks a walk during which something came or went: everything that was
// there before and after stands in it once, and nothing twice.
func steady(t *testing.T, what string, before, after, seen []string) {
	t.Helper()
	if len(before) < 10 {
		t.Errorf("%s: only %d items to page through", what, len(before))
	}
	times := map[string]int{}
	for _, id := range seen {
		times[id]++
		if times[id] > 1 {
			t.Errorf("%s gives %s twice", what, id)
		}
	}
	for _, id := range before {
		if slices.Contains(after, id) && times[id] == 0 {
			t.Errorf("%s leaves %s out", what, id)
		}
	}
}

// crowded is a tenant with a dozen invited people more, whose names sort otherwise
// than their emails and than they came.
func crowded(t *testing.T, s *apitest.System) *tenant {
	t.Helper()
	x := newTenant(t, s, nil)
	var people []map[string]string
	for i, last := range []string{"Zeta", "alpha", "Ömer", "Åse", "Beta", "beta", "Öztürk", "d'Arc", "Yildiz", "Chi", "Alpha", "omega"} {
		people = append(people, map[string]string{
			"email": x.Email(fmt.Sprintf("%c-list", 'z'-i)), "first_name": fmt.Sprintf("F%02d", (i*7)%12), "last_name": last,
		})
	}
	x.Invite(people...)
	return x
}

func TestPagesOfPeopleHaveNoGapAndNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := crowded(t, s)
	users := x.Path + "/users"
	for _, sort := range []string{"", "name", "-name", "email", "-email", "added", "-added", "status", "-status"} {
		path := users
		if sort != "" {
			path += "?sort=" + sort
		}
		before := whole(t, x.Owner, path)
		if still := walk(t, x.Owner, path, nil); !slices.Equal(still, before) {
			t.Errorf("sort=%s in pages:\n got %v\nwant %v", sort, still, before)
		}
		if sort == "added" || sort == "email" || sort == "status" || sort == "-status" {
			continue // one more list that moves would show nothing new
		}
		seen := walk(t, x.Owner, path, func(first []string) {
			// Whoever stood last on the page moves to the end or to the front, one goes, one comes.
			x.Owner.Patch(users+"/"+first[2], object{"last_name": "~~~" + s.Key()}).OK(t, nil)
			x.Invite(x.Invitee("later-"+s.Key(), member, false))
			if victim := first[0]; victim != x.OwnerID {
				x.Owner.Delete(users+"/"+victim).OK(t, nil)
			}
		})
		steady(t, "sort="+sort, without(before, seen[2]), whole(t, x.Owner, path), without(seen, seen[2]))
	}
	invitations := x.Path + "/invitations"
	before := whole(t, x.Owner, invitations)
	seen := walk(t, x.Owner, invitations, func(first []string) {
		x.Owner.Delete(invitations+"/"+first[2]).OK(t, nil)
		x.Owner.Delete(invitations+"/"+first[0]).OK(t, nil)
		x.Invite(x.Invitee("later-"+s.Key(), member, false))
	})
	steady(t, "invitations", before, whole(t, x.Owner, invitations), seen)
}

// without is a list without one that has moved by its own doing.
func without(list []string, moved string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return id == moved })
}

func TestPagesOfLicensesHaveNoGapAndNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	for range 11 {
		x.newcomer(t, true)
	}
	path := x.SubPath() + "/licenses"
	before := whole(t, x.Owner, path)
	seen := walk(t, x.Owner, path, func(first []string) {
		x.Owner.Delete(path+"/"+first[2]).OK(t, nil)
		x.Owner.Delete(path+"/"+first[1]).OK(t, nil)
		x.Owner.Post(path, object{"user_ids": []string{x.OwnerID}}).OK(t, nil)
	})
	steady(t, "licenses", before, whole(t, x.Owner, path), seen)
}

// Invoices and events come newest first, so what is new between two pages stands
// before them.
func TestPagesOfTheBooksHaveNoGapAndNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, object{"seats": 40, "tax_rate_ppm": 190_000})
	buy := func() { x.Confirm(x.Quote(x.Pool().Seats+1).ID).OK(t, nil) }
	for month := range 3 {
		for range 4 {
			buy()
		}
		x.Advance(apitest.Start.AddDate(0, month+1, 0))
	}
	invoices := x.Path + "/invoices"
	before := whole(t, x.Owner, invoices)
	want := make([]string, len(before))
	for i := range want {
		want[i] = fmt.Sprint(len(want) - i)
	}
	if !slices.Equal(before, want) {
		t.Errorf("the invoices are %v, want %v", before, want)
	}
	steady(t, "invoices", before, before, walk(t, x.Owner, invoices, func([]string) { buy() }))

	events := x.Path + "/events"
	for _, filter := range []string{
		"", "?type=" + seats.SeatsIncreased, "?user=" + x.OwnerID, "?from=2026-11-22T09:00:00Z&to=2027-01-22T09:00:00Z",
	} {
		all := whole(t, x.Owner, events+filter)
		if got := walk(t, x.Owner, events+filter, nil); !slices.Equal(got, all) {
			t.Errorf("events%s in pages:\n got %v\nwant %v", filter, got, all)
		}
		steady(t, "events"+filter, all, all, walk(t, x.Owner, events+filter, func([]string) { buy() }))
	}
	var newest, older api.Event
	page := func(path string, e *api.Event) {
		var list struct {
			Items []api.Event `json:"items"`
		}
		x.Owner.Get(path).OK(t, &list)
		*e = list.Items[0]
	}
	page(events+"?limit=1", &newest)
	page(events+"?limit=1&to="+url.QueryEscape(newest.At.Format(time.RFC3339Nano)), &older)
	if !older.At.Before(newest.At) {
		t.Errorf("to is not exclusive: %s, %s", older.At, newest.At)
	}
}

func TestPagesOfAccountsHaveNoGapAndNothingTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	var opened, parked []string
	for i := range 10 {
		a := &tenant{Account: s.OpenWith(object{"seats": 1, "clock": apitest.Start}), s: s}
		if opened = append(opened, a.ID); i%2 == 0 {
			a.park(t)
			parked = append(parked, a.ID)
		}
	}
	seen := walk(t, s.Operator(), "/v1/operator/accounts", func([]string) { s.OpenWith(object{"seats": 1}) })
	steady(t, "accounts", opened, opened, seen)
	if !slices.Equal(seen[:10], opened) {
		t.Errorf("accounts are listed as %v, opened as %v", seen, opened)
	}
	found := walk(t, s.Operator(), "/v1/operator/parked-accounts", nil)
	if slices.Sort(found); !slices.Equal(found, parked) {
		t.Errorf("parked: %v, want %v", found, parked)
	}
}

// Who is found, and in which order.
func TestPeopleAreFoundAndSorted(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := crowded(t, s)
	list := func(query string) []api.User {
		t.Helper()
		var page struct {
			Items []api.User `json:"items"`
		}
		x.Owner.Get(x.Path+"/users?limit=100&"+query).OK(t, &page)
		return page.Items
	}
	names := func(users []api.User) string {
		var all []string
		for _, u := range users {
			all = append(all, u.LastName)
		}
		return strings.Join(all, " ")
	}
	for query, want := range map[string]string{
		"q=alpha&sort=name":     "alpha Alpha",
		"q=ALPHA&sort=-name":    "Alpha alpha",
		"q=bet&sort=email":      "beta Beta",
		"q=bet&sort=-email":     "Beta beta",
		"q=%C3%B6&sort=name":    "Ömer Öztürk",
		"q=d%27a":               "d'Arc",
		"q=f03":                 "Chi",
		"q=z-list":              "Zeta",
		"q=lpha":                "",
		"q=alpha&status=active": "",
		"q=alpha&role=admin":    "",
		"q=%25":                 "",
		"q=.*":                  "",
	} {
		if got := names(list(query)); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for query, holds := range map[string]func(api.User) bool{
		"status=invited":               func(u api.User) bool { return u.Status == "invited" && u.Invitation != nil },
		"status=removed":               func(u api.User) bool { return u.Status == "removed" },
		"role=admin":                   func(u api.User) bool { return u.Role == "admin" },
		"licensed=true":                func(u api.User) bool { return len(u.Licenses) == 1 },
		"licensed=false&role=member":   func(u api.User) bool { return len(u.Licenses) == 0 && u.Role == "member" },
		"status=deactivated&sort=name": func(u api.User) bool { return u.Status == "deactivated" },
	} {
		found := list(query)
		if len(found) == 0 || slices.ContainsFunc(found, func(u api.User) bool { return !holds(u) }) {
			t.Errorf("%s gives %+v", query, found)
		}
	}
	added := list("sort=-added")
	if !slices.IsSortedFunc(added, func(a, b api.User) int { return b.AddedAt.Compare(a.AddedAt) }) {
		t.Error("sort=-added is not the newest first")
	}
	// A cursor is one of its list, sort and filter.
	var page struct {
		Next string `json:"next_cursor"`
	}
	x.Owner.Get(x.Path+"/users?limit=1&sort=name").OK(t, &page)
	for _, query := range []string{"", "sort=-name&", "sort=email&", "sort=name&q=a&", "sort=name&role=member&"} {
		x.Owner.Get(x.Path+"/users?"+query+"cursor="+page.Next).Refused(t, 422, "invalid")
	}
	x.Owner.Get(x.Path+"/invitations?cursor="+page.Next).Refused(t, 422, "invalid")
}

// A cursor that the client has made itself, well formed for its own list, reaches
// nothing else and breaks nothing.
func TestAForgedCursorReachesNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x, y := newTenant(t, s, nil), newTenant(t, s, nil)
	secrets := secretsOf(y, s.Dump())
	account := seats.AccountID(x.ID)
	forged := []string{
		"", "x", "2026-11", "2026-11/", "2026-11/" + strings.Repeat("x", 1100), "/", "//", "2026-13/evt_x", "9999-12/", "0000-00/", "-", "\x00", "\xff\xfe",
		"I#0000000001", "U#" + y.ids[member], "A", "S#meetings", "~", strings.Repeat("~", 1024), strings.Repeat("~", 1025), "A#" + y.ID,
		"2026-11#" + y.ID + "/", "../" + y.ID, "2026-11-22T09:00:00Z#" + y.ID, y.ID, "99999999999999999999", "-1",
	}
	send := func(p *apitest.Person, path, cursor string) {
		t.Helper()
		if len(cursor) > 2048 {
			return
		}
		got := p.Get(path + "?cursor=" + cursor)
		if got.Status != 200 && got.Status != 422 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		if found := leak(secrets, got); p == x.Owner && found != "" {
			t.Errorf("%s shows %s", path, found)
		}
	}
	for _, at := range forged {
		for _, list := range []string{"invoices", "events"} {
			scope := apigw.CursorScope{Account: account, List: list}
			if list == "events" {
				scope.Filter = "\x00\x00" + time.Time{}.String() + "\x00" + time.Time{}.String()
			}
			send(x.Owner, x.Path+"/"+list, scope.Encode(at))
		}
		users := apigw.CursorScope{Account: account, List: "users", Filter: "\x00\x00\x00\x00"}
		send(x.Owner, x.Path+"/users", users.Encode(at, at))
		send(x.Owner, x.Path+"/invitations", apigw.CursorScope{Account: account, List: "invitations"}.Encode(at, at))
		send(x.Owner, x.SubPath()+"/licenses", apigw.CursorScope{Account: account, List: "licenses", Filter: x.Sub}.Encode(at, at))
		send(s.Operator(), "/v1/operator/accounts", apigw.CursorScope{List: "accounts"}.Encode(at))
		send(s.Operator(), "/v1/operator/parked-accounts", apigw.CursorScope{List: "parked"}.Encode(at))
	}
}
