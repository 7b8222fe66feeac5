package story_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/story"
)

// head is the beginning of a script that a step can stand below.
const head = `story small
title A small story
catalog sample.yaml
domain small.example
open {name: Small, currency: EUR, time_zone: Europe/Berlin, plan_id: meetings-monthly, seats: 2}
owner olga Olga Owner
clock 2026-01-31 09:00
try Look around.
== Begin
`

func TestAScriptIsReadWithItsLines(t *testing.T) {
	s, err := story.Parse("small.story", head+`
# a comment
olga POST users {email: @ann, list: [
    {a: "}]"},
    {b: 1}]}
  covers T1 words
  status 201
  items[email=@ann].name = "two words"
  keep id as ann
mail ann "said so"
  text lacks never
clock 2026-03-29 03:30
olga signs in
> Told.
`)
	if err != nil {
		t.Fatal(err)
	}
	call := s.Steps[1]
	if call.Line != 12 || call.Who != "olga" || call.Method != "POST" || call.Path != "users" || call.Body != `{email: @ann, list: [ {a: "}]"}, {b: 1}]}` {
		t.Errorf("%+v", call)
	}
	if len(call.Covers) != 1 || call.Covers[0] != (story.Cover{Line: 15, ID: "T1", Text: "words"}) {
		t.Errorf("%+v", call.Covers)
	}
	if fmt.Sprint(call.Checks) != `[{16 status  201} {17 = items[email=@ann].name "two words"} {18 keep id ann}]` {
		t.Errorf("%v", call.Checks)
	}
	var kinds []story.Kind
	for _, step := range s.Steps {
		kinds = append(kinds, step.Kind)
	}
	if fmt.Sprint(kinds) != fmt.Sprint([]story.Kind{story.Chapter, story.Call, story.Mail, story.Clock, story.SignIn, story.Say}) || s.Try[0] != "Look around." {
		t.Errorf("%v %q", kinds, s.Try)
	}
}

func TestEveryMistakeOfAScriptIsNamedWithItsLine(t *testing.T) {
	_, err := story.Parse("other.story", strings.Replace(head, "title A small story", "titel A small story", 1)+`
olga LOOK users
olga GET users
  somehow
  path is value
clock tomorrow
> Told.
  path = value
== Next
  covers T1
`)
	if err == nil {
		t.Fatal("it was read")
	}
	for _, want := range []string{
		"other.story:2: before the first chapter", "other.story:11: no step", "other.story:13: no expectation", "other.story:14: no expectation",
		"other.story:15: write times like", "other.story:17: ", "other.story:19: ", "title is missing", "must lie in small.story",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q:\n%v", want, err)
		}
	}
}

// play plays steps below head on the API.
func playSmall(t *testing.T, world *inProcess, steps string) (string, error) {
	t.Helper()
	s, err := story.Parse("small.story", head+steps)
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	err = s.Run(t.Context(), story.Play{World: world, Catalog: catalogText(t, s.Catalog), Fresh: true, Out: &told})
	return told.String(), err
}

func TestWhatIsNotAsExpectedEndsAStoryWithItsLine(t *testing.T) {
	world := newInProcess(t)
	for steps, want := range map[string]string{
		"olga GET users\n  items count 2":                                                       "small.story:10: olga GET /v1/accounts/acc_",
		"olga GET users\n  items[0].role = member":                                              "line 11: items[0].role is owner, want = member",
		"olga GET users\n  items[9].role = member":                                              "there is no items[9].role",
		"olga GET users\n  items[0].role absent":                                                "items[0].role is owner, want nothing there",
		"olga GET users\n  items[0].role lacks own":                                             "want lacks own",
		"olga GET users\n  items[*].role has member":                                            "items[*].role is [owner], want has member",
		"olga GET users\n  items[x].role = member":                                              "[x] selects nothing",
		"olga GET users\n  status 201":                                                          "it is answered 200, want 201",
		"olga GET users/usr_nobody":                                                             "it is refused",
		"olga GET users/usr_nobody\n  refused 404 gone":                                         "it is answered 404 not_found, want 404 gone",
		"olga GET users/usr_nobody\n  refused 404 not_found \"never said\"":                     "want \"never said\" in it",
		"olga GET invoices/1\n  total = 4000 USD":                                               "total is 4000 EUR, want = 4000 USD",
		"olga GET subscriptions/$sub\n  period.end at 2026-02-28 01:00":                         "is at 2026-02-28 00:00, want 2026-02-28 01:00",
		"olga GET subscriptions/$sub\n  seats at 2026-02-28 01:00":                              "seats is no time",
		"olga GET users/$ann":                                                                   "nothing was kept as ann, and nobody of the account has the email ann@",
		"ann POST /v1/invitations/accept {token: $ann.link, id_token: $ann.id_token}":           "no mail has brought ann a link",
		"olga POST subscriptions/$sub/quotes {seats: [}":                                        "the body is no YAML",
		"mail olga \"winter sale\"":                                                             "about \"winter sale\" was sent; unread are [\"Invoice 1",
		"ann signs in":                                                                          "ann signs in and is answered 404",
		"clock 2026-01-01 09:00":                                                                "clock answers 422",
		"clock 2026-02-01 09:00\n  status 200":                                                  "there is none here",
		"olga GET users\n  type text/csv":                                                       "it is answered application/json, want text/csv",
		"olga GET users\n  keep items[0].id as who\nolga GET users/$who\n  id = $who.\n  x = 1": "line 13: id is usr_",
	} {
		if _, err := playSmall(t, world, steps); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q ends with %v, want %q", steps, err, want)
		}
	}
}

func TestAStoryIsToldInSentencesWithItsAmounts(t *testing.T) {
	told, err := playSmall(t, newInProcess(t), `olga POST subscriptions/$sub/quotes {seats: 3}
  keep amount_due_now as due
  amount_due_now = 2000 EUR
> It costs $due, says @olga.
olga GET users/usr_nobody
  refused 404 not_found
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nA small story\n", "\nBegin\n", "  It costs EUR 20.00, says olga@", ".small.example.\n", "  Refused: "} {
		if !strings.Contains(told, want) {
			t.Errorf("it is told without %q:\n%s", want, told)
		}
	}
}

func TestTheStoriesMeetA31stAFebruaryAndAChangeOfSummerTime(t *testing.T) {
	scripts, err := story.Systems()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		last := s.Starts
		for _, step := range s.Steps {
			if step.Kind == story.Clock {
				last = step.Text
			}
		}
		begin, err := time.Parse("2006-01-02 15:04", s.Starts)
		if err != nil {
			t.Fatal(err)
		}
		end, err := time.Parse("2006-01-02 15:04", last)
		if err != nil {
			t.Fatal(err)
		}
		if begin.Day() != 31 || begin.Month() != time.January || end.Before(begin.AddDate(0, 0, 89)) {
			t.Errorf("%s goes from %s to %s: it has to begin on a 31 January and last for three cycles", s.File, s.Starts, last)
		}
		zone := s.Open[strings.Index(s.Open, "time_zone: ")+len("time_zone: "):]
		zone, _, _ = strings.Cut(zone, ",")
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		_, winter := begin.In(place).Zone()
		if _, after := end.In(place).Zone(); after == winter && zone != "Asia/Tokyo" {
			t.Errorf("%s: the clocks of %s do not change between %s and %s", s.File, zone, s.Starts, last)
		}
	}
}

func TestDemoAccountsAreMadeOnce(t *testing.T) {
	world := newInProcess(t)
	good, err := story.Parse("small.story", head+"olga GET users")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := story.Parse("wrong.story", strings.NewReplacer("story small", "story wrong", "name: Small", "name: Wrong").Replace(head)+"olga GET users\n  items count 7")
	if err != nil {
		t.Fatal(err)
	}
	catalog := func(file string) (string, error) { return catalogText(t, file), nil }
	run := func() (string, string, error) {
		h, err := story.NewHistories([]*story.Script{bad, good})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = h.Run(t.Context(), world, catalog, &out)
		var states []string
		for _, one := range h.All() {
			states = append(states, fmt.Sprintf("%s %s %d/%d", one.Account, one.State, one.Progress.Done, one.Progress.Steps))
		}
		return strings.Join(states, ", "), out.String(), err
	}
	states, out, err := run()
	if states != "Wrong failed 1/2, Small there 2/2" || err == nil || !strings.Contains(err.Error(), "wrong.story:10") || !strings.Contains(out, "Small has its history") {
		t.Errorf("first: %s, %q, %v", states, out, err)
	}
	states, out, err = run()
	if states != "Wrong there 0/0, Small there 0/0" || err != nil || out != "" {
		t.Errorf("again: %s, %q, %v", states, out, err)
	}
}
