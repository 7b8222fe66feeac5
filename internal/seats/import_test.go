package seats_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func importFile(r *seatstest.Rig, by, file string, buy seats.Purchase, key string) ([]seats.ImportResult, error) {
	reply, err := r.Service.ImportUsers(r.Ctx, r.Caller(by), r.Account, file, buy, seatstest.Once[[]seats.ImportResult](key, file))
	return reply.Result, err
}

// became is what became of each line: its number and the code, "" for created.
func became(results []seats.ImportResult) []string {
	var all []string
	for _, result := range results {
		all = append(all, fmt.Sprintf("%d %s", result.Line, refused(result.Refused)))
	}
	return all
}

func TestAFileIsImportedLineByLine(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(2))
	r.Join("taken")
	file := "\ufeffEmail,First_Name,last_name,qualification,role,active,license\r\n" +
		"ann@example.com,Ann,\"Smith, \"\"the elder\"\"\",Notary,,,valuation\r\n" +
		"taken@example.com,Ta,Ken,,,,\r\n" +
		"bob@example.com,Bob,\"Two\nlines\",,,,\r\n" +
		"cy@example.com,Cy,Ant,,billing admin,TRUE," + string(r.Sub) + "\r\n" +
		"\r\n" +
		"dee@example.com,Dee,Off,,,no,\r\n" +
		"eve@example.com,Eve,Seatless,,,,valuation\r\n" +
		"ANN@example.com,Ann,Again,,,,\r\n" +
		"nobody,,\"\",,chief,perhaps,nothing\r\n" +
		"few@example.com,Few\r\n" +
		"off@example.com,Of,F,,admin,false,valuation\r\n"
	key := r.Key()
	results, err := importFile(r, "owner", file, seats.Purchase{}, key)
	r.Must(err)
	equalSlices(t, "became", became(results), []string{
		"2 ", "3 email_taken", "4 invalid", "6 ", "8 ", "9 no_free_seats", "10 email_taken", "11 invalid", "12 invalid", "13 invalid",
	})
	for line, parts := range map[int][]string{
		2: {"last_name must be one line"},
		7: {"Line 11:", "email must be", "first_name must not be empty", "last_name must not be empty", "role must be", "license must be a product", "active must be true or false"},
		8: {"Line 12:", "7 fields", "not 2", "last_name"},
		9: {"role must be member", "subscription_id must be empty"},
	} {
		for _, part := range parts {
			if !strings.Contains(results[line].Refused.Detail, part) {
				t.Errorf("result %d lacks %q: %s", line, part, results[line].Refused.Detail)
			}
		}
	}
	ann := r.User("ann")
	equal(t, "name", ann.LastName, `Smith, "the elder"`)
	equal(t, "licensed", len(ann.Licenses), 1)
	equal(t, "role", r.User("cy").Role, seats.BillingAdmin)
	equal(t, "status", r.User("dee").Status, seats.UserDeactivated)
	equal(t, "id", results[0].User, ann.ID)
	reply, err := r.Service.ImportUsers(r.Ctx, r.Caller("owner"), r.Account, file, seats.Purchase{}, seatstest.Once[[]seats.ImportResult](key, file))
	r.Must(err)
	equal(t, "answered from the key", reply.Replayed != nil, true)
	r.Clean()
}

func TestAFileThatCannotBeReadIsRefusedWholeWithItsLines(t *testing.T) {
	r := seatstest.Open(t)
	before := r.Store.Snapshot()
	const header = "email,first_name,last_name\n"
	for name, c := range map[string]struct{ file, at, says string }{
		"an empty file":         {"", "body.csv:1", "header line"},
		"semicolons":            {"email;first_name;last_name\n", "body.csv:1", "commas"},
		"an unknown column":     {"email,first_name,last_name,salary\n", "body.csv:1", "none of email"},
		"a column twice":        {"email,first_name,last_name,email\n", "body.csv:1", "twice"},
		"two license columns":   {"email,first_name,last_name,license,product\n", "body.csv:1", "keep one of"},
		"a column that lacks":   {"email,first_name\n", "body.csv:1", "lacks the column last_name"},
		"nobody":                {header, "body.csv:2", "a line for each person"},
		"a quotation mark":      {header + "a@example.com,A,A\nb@example.com,B\"b,B\n", "body.csv:3", "write each inside twice"},
		"a quote that goes on":  {header + "a@example.com,\"A\"x,A\n", "body.csv:2", "do not end before the comma"},
		"a quote never closed":  {header + "a@example.com,\"A,A\n", "body.csv:2", "do not end"},
		"a broken header":       {"em\"ail\n", "body.csv:1", "quotation mark"},
		"more than a file has":  {strings.Repeat("x", seats.MaxImportBytes+1), "", "in parts"},
		"a line more than fits": {header + lines(seats.MaxImportLines+1), "", "more than 500 lines"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := importFile(r, "owner", c.file, seats.Purchase{}, r.Key())
			wantCode(t, err, "invalid")
			var e *seats.Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			said := e.Detail
			if c.at != "" {
				equal(t, "place", e.Fields[0].Location, c.at)
				said = e.Fields[0].Message
			}
			if !strings.Contains(said, c.says) {
				t.Errorf("got %q", said)
			}
		})
	}
	nothingChanged(t, r, before)
	_, err := importFile(r, "stranger", header+lines(1), seats.Purchase{}, r.Key())
	wantCode(t, err, "not_found")
}

// lines are good lines of a file, as many as asked for.
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line%03d@example.com,First,Last\n", i)
	}
	return b.String()
}

func TestFiveHundredLinesAreImported(t *testing.T) {
	r := seatstest.Open(t)
	results, err := importFile(r, "owner", "email,first_name,last_name\n"+lines(seats.MaxImportLines), seats.Purchase{}, r.Key())
	r.Must(err)
	if slices.ContainsFunc(results, func(x seats.ImportResult) bool { return x.Refused != nil }) || len(results) != seats.MaxImportLines {
		t.Errorf("%d results", len(results))
	}
	equal(t, "users", len(r.Store.Snapshot().Users[r.Account]), seats.MaxImportLines+1)
	r.Clean()
}

func TestAnImportBuysWhatItLacks(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(3))
	file := "email,first_name,last_name,product\n" + strings.ReplaceAll(lines(60), ",Last\n", ",Last,valuation\n") + "bad,,,\n"
	_, err := importFile(r, "owner", file, seats.Purchase{}, r.Key())
	wantCode(t, err, "quote_required")
	trial, err := r.Service.TryImportUsers(r.Ctx, r.Caller("owner"), r.Account, file)
	r.Must(err)
	equal(t, "seats", trial.Quote.Seats, int64(60))
	equal(t, "an id in a dry run", trial.Results[0].User, "")
	equal(t, "users of a dry run", len(r.Store.Snapshot().Users[r.Account]), 1)
	results, err := importFile(r, "owner", file, agreed(trial), r.Key())
	r.Must(err)
	equal(t, "the bad line", refused(results[60].Refused), "invalid")
	equal(t, "free", r.Pool().Free, int64(0))
	equal(t, "seats", r.Pool().Seats, int64(60))
	equal(t, "invoices", len(r.Invoices()), 2)
	r.Clean()
}

// What is imported again after an interruption is what an uninterrupted run makes,
// with the same ids, wherever it died.
func TestAnImportGoesOnWhereverItDied(t *testing.T) {
	file := "email,first_name,last_name,product\n" + strings.ReplaceAll(lines(70), ",Last\n", ",Last,valuation\n") + "bad,,,\ntaken@example.com,Ta,Ken,\n"
	stage := func() *seatstest.Rig {
		r := seatstest.Open(t, seatstest.Seats(50))
		r.Join("taken")
		return r
	}
	send := func(r *seatstest.Rig, s *seats.Service) ([]seats.ImportResult, error) {
		reply, err := s.ImportUsers(r.Ctx, r.Caller("owner"), r.Account, file, seats.Purchase{}, seatstest.Once[[]seats.ImportResult]("key", file))
		return reply.Result, err
	}
	whole := stage()
	count := seatstest.Crash(whole.Store, 0, false)
	results, err := send(whole, whole.On(count))
	whole.Must(err)
	want := became(results)
	for k := 1; k <= count.Calls(); k++ {
		for _, after := range []bool{false, true} {
			r := stage()
			_, _ = send(r, r.On(seatstest.Crash(r.Store, k, after)))
			r.Wall.Advance(time.Minute)
			reply, err := r.On(r.Store).ImportUsers(r.Ctx, r.Caller("owner"), r.Account, file, seats.Purchase{}, seatstest.Once[[]seats.ImportResult]("key", file))
			r.Must(err)
			if reply.Replayed == nil {
				equalSlices(t, fmt.Sprintf("became after %d", k), became(reply.Result), want)
			}
			equal(t, "created", len(r.Events(seats.UserCreated)), 50)
			equal(t, "free", r.Pool().Free, int64(0))
			r.Clean()
		}
	}
	t.Logf("%d crash points", 2*count.Calls())
}

// Whatever bytes come as a file, each good line is created once and every other one
// is told.
func TestAnyFileIsImportedOrTold(t *testing.T) {
	cells := []string{"", "a@example.com", "b@example.com", "B@Example.com", "x", "\"q\"", "\"a\"\"b\"", "a\"b", "valuation", "admin", "owner", "no", "é@example.com", "\x00", "=1+1", "a\r\nb"}
	rapid.Check(t, func(t *rapid.T) {
		r := seatstest.Open(t)
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"email,first_name,last_name,role,active,license\n", "last_name,email,first_name\r\n", "email\n", ""}).Draw(t, "header"))
		for range rapid.IntRange(0, 8).Draw(t, "lines") {
			row := rapid.SliceOfN(rapid.SampledFrom(cells), 0, 7).Draw(t, "row")
			b.WriteString(strings.Join(row, ",") + "\n")
		}
		results, err := importFile(r, "owner", b.String(), seats.Purchase{}, r.Key())
		created := 0
		for i, x := range results {
			if i > 0 && x.Line <= results[i-1].Line {
				t.Fatalf("line %d comes behind line %d", x.Line, results[i-1].Line)
			}
			if x.Refused == nil {
				created++
				if r.User(x.Email) == nil {
					t.Fatalf("%s was not created", x.Email)
				}
			}
		}
		if err != nil && codeOf(err) != "invalid" {
			t.Fatalf("got %v", err)
		}
		if n := len(r.Events(seats.UserCreated)); n != created {
			t.Fatalf("%d users were created, %d told", n, created)
		}
		r.Clean()
	})
}
