package events_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

var update = flag.Bool("update", false, "write the golden files anew")

func encode(t *testing.T, e events.Event) []byte {
	t.Helper()
	b, err := events.Encode(e)
	if err != nil {
		t.Fatalf("%s: %v", e.Type, err)
	}
	return b
}

func TestTheContractOnTheBusDoesNotChange(t *testing.T) {
	var got bytes.Buffer
	for _, e := range events.Samples() {
		got.Write(encode(t, e))
		got.WriteByte('\n')
	}
	due, err := events.SampleAccountsDue().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got.Write(append(due, '\n'))
	golden := filepath.Join("testdata", "contract.jsonl")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("consumers rely on %s; now:\n%s", golden, got.Bytes())
	}
}

func TestEverySampleReadsBackAsItWas(t *testing.T) {
	for _, e := range events.Samples() {
		back, err := events.Decode(encode(t, e))
		if err != nil {
			t.Errorf("%s: %v", e.Type, err)
		} else if !reflect.DeepEqual(back, e) {
			t.Errorf("%s:\n got %+v\nwant %+v", e.Type, back, e)
		}
	}
}

func TestTimesAreWrittenInUTCWhateverZoneTheyCameIn(t *testing.T) {
	e := events.Samples()[0]
	want := encode(t, e)
	e.At = e.At.In(time.FixedZone("there", 3*3600))
	if got := encode(t, e); !bytes.Equal(got, want) {
		t.Errorf("got %s", got)
	}
}

// TestEveryTypeOfTheDomainIsInTheContract reads the domain's constants from its
// source, so that a new type cannot be forgotten here.
func TestEveryTypeOfTheDomainIsInTheContract(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "seats", "event.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if value, err := strconv.Unquote(lit.Value); err == nil && strings.Contains(value, ".") {
				declared = append(declared, value)
			}
		}
		return true
	})
	types := events.Types()
	slices.Sort(declared)
	sorted := slices.Sorted(slices.Values(types))
	if len(declared) == 0 || !slices.Equal(declared, sorted) {
		t.Errorf("the domain has %v\nthe contract has %v", declared, sorted)
	}
	for i, e := range events.Samples() {
		if e.Type != types[i] {
			t.Errorf("sample %d is %s, want %s", i, e.Type, types[i])
		}
	}
}

func TestNoEventCarriesPersonalData(t *testing.T) {
	for _, e := range events.Samples() {
		text := string(encode(t, e))
		for _, word := range []string{"name", "email", "qualification", "address", "@"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: %q in %s", e.Type, word, text)
			}
		}
	}
}

// TestSamplesFillEveryField holds that each optional field of a type is in its
// sample: taking one away must change what is written.
func TestSamplesFillEveryField(t *testing.T) {
	for _, e := range events.Samples() {
		var doc struct{ Data map[string]any }
		if err := json.Unmarshal(encode(t, e), &doc); err != nil {
			t.Fatal(err)
		}
		full := e
		fill(reflect.ValueOf(&full.Data).Elem())
		var most struct{ Data map[string]any }
		if err := json.Unmarshal(encode(t, full), &most); err != nil {
			t.Fatal(err)
		}
		for name := range most.Data {
			if _, ok := doc.Data[name]; !ok {
				t.Errorf("the sample of %s lacks %s", e.Type, name)
			}
		}
	}
}

// fill gives every field of a struct some value.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Int, reflect.Int64:
			f.SetInt(1)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			f.Index(0).SetString("x")
		case reflect.Struct:
			if f.Type() == reflect.TypeFor[time.Time]() {
				f.Set(reflect.ValueOf(time.Unix(1, 0)))
			} else {
				fill(f)
			}
		}
	}
}

func TestAnEventWithoutWhatItsTypeMustHaveIsNotWritten(t *testing.T) {
	for _, e := range events.Samples() {
		e.Data = seats.EventData{}
		_, err := events.Encode(e)
		needsNothing := e.Type == seats.AccountUpdated || e.Type == seats.AccountUnparked
		if needsNothing != (err == nil) || (err != nil && !errors.Is(err, events.ErrMalformed)) {
			t.Errorf("%s without data: %v", e.Type, err)
		}
	}
}

func TestWhatIsNotTheContractIsRefused(t *testing.T) {
	good := string(encode(t, sample(t, seats.UserUpdated)))
	cases := map[string][2]string{
		"an unknown field":            {`"type"`, `"colour":"red","type"`},
		"an unknown field of data":    {`"data":{`, `"data":{"email":"x",`},
		"a field that is missing":     {`"user_id":"usr_06c4b1yk2g0qm8v3n5t7w9xc2d"`, ``},
		"a field that is empty":       {`"user_id":"usr_06c4b1yk2g0qm8v3n5t7w9xc2d"`, `"user_id":""`},
		"a field of the wrong type":   {`"user_id":"usr_06c4b1yk2g0qm8v3n5t7w9xc2d"`, `"user_id":5`},
		"a type that is unknown":      {`"user.updated"`, `"user.praised"`},
		"an id of another kind":       {`"id":"evt_`, `"id":"usr_`},
		"an account's id that is bad": {`"acc_06c4`, `"acc_06c4u`},
		"an unknown kind of actor":    {`"kind":"user"`, `"kind":"robot"`},
		"an actor without an id":      {`"kind":"user","id":"usr_06c4b1yk2g0qm8v3n5t7w9xb1c"`, `"kind":"user"`},
		"no revisions":                {`"revs":[`, `"revs":null,"x":[`},
		"a revision of nothing":       {`"rev":`, `"rev":-`},
		"a time that is none":         {`"at":"2026-11-22T09:00:00Z"`, `"at":"yesterday"`},
		"data that is no object":      {`"data":{"user_id":"usr_06c4b1yk2g0qm8v3n5t7w9xc2d"}`, `"data":null`},
		"something behind it":         {`}}`, `}} {}`},
	}
	if _, err := events.Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		bad := strings.Replace(good, c[0], c[1], 1)
		if bad == good {
			t.Errorf("%s: the case changes nothing in %s", name, good)
		}
		if _, err := events.Decode([]byte(bad)); !errors.Is(err, events.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func sample(t *testing.T, kind string) events.Event {
	t.Helper()
	for _, e := range events.Samples() {
		if e.Type == kind {
			return e
		}
	}
	t.Fatalf("no sample of %s", kind)
	return events.Event{}
}

func TestZeroIsAValueWhereTheTypeSaysSo(t *testing.T) {
	e := sample(t, seats.UserDeactivatedEvent)
	e.Data.Ended = nil
	if got := string(encode(t, e)); !strings.Contains(got, `"licenses_ended":[]`) {
		t.Errorf("got %s", got)
	}
	e = sample(t, seats.LicenseRevoked)
	e.Data.UserIDs = nil
	if got := string(encode(t, e)); !strings.Contains(got, `"user_ids":[]`) {
		t.Errorf("got %s", got)
	}
	e = sample(t, seats.DecreaseScheduled)
	e.Data.To = 0
	if got := string(encode(t, e)); !strings.Contains(got, `"to":0`) {
		t.Errorf("got %s", got)
	}
	e = sample(t, seats.UserJoined)
	e.Data.Licensed = false
	if got := string(encode(t, e)); !strings.Contains(got, `"licensed":false`) {
		t.Errorf("got %s", got)
	}
}

func TestAnEnvelopeIsReadFromWhatARuleDelivers(t *testing.T) {
	e := sample(t, seats.LicenseAssigned)
	body := `{"version":"0","id":"1b0d","detail-type":"license.assigned","source":"usher","account":"123456789012",
		"time":"2026-11-22T09:00:00Z","region":"eu-west-1","resources":[],"detail":` + string(encode(t, e)) + `}`
	env, err := events.DecodeEnvelope([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := env.Event()
	if err != nil || !reflect.DeepEqual(got, e) || env.ID != "1b0d" || env.Source != events.Source {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, bad := range map[string]string{
		"not JSON":     `{`,
		"no detail":    `{"detail-type":"license.assigned","source":"usher"}`,
		"another type": strings.Replace(body, `"detail-type":"license.assigned"`, `"detail-type":"license.revoked"`, 1),
	} {
		env, err := events.DecodeEnvelope([]byte(bad))
		if err == nil {
			_, err = env.Event()
		}
		if !errors.Is(err, events.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAccountsDueIsBounded(t *testing.T) {
	due := events.SampleAccountsDue()
	for n, ok := range map[int]bool{0: false, 1: true, events.MaxAccountsDue: true, events.MaxAccountsDue + 1: false} {
		due.Accounts = slices.Repeat(events.SampleAccountsDue().Accounts, n)
		b, err := due.Encode()
		if (err == nil) != ok {
			t.Errorf("%d accounts: %v", n, err)
		}
		if back, err := events.DecodeAccountsDue(b); ok && (err != nil || !reflect.DeepEqual(back, due)) {
			t.Errorf("%d accounts read back as %+v, %v", n, back, err)
		}
	}
	for _, bad := range []string{
		`{"accounts":["acc_1"],"due_before":"2026-12-01T00:00:00Z"}`,
		`{"accounts":["acc_06c4b1yk2g0qm8v3n5t7w9xa0b"]}`,
		`{"accounts":["acc_06c4b1yk2g0qm8v3n5t7w9xa0b"],"due_before":"2026-12-01T00:00:00Z","force":true}`,
	} {
		if _, err := events.DecodeAccountsDue([]byte(bad)); !errors.Is(err, events.ErrMalformed) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range events.Samples() {
		b, err := events.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"data":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := events.Decode(b)
		if err != nil {
			if !errors.Is(err, events.ErrMalformed) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := events.Encode(e)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if back, err := events.Decode(again); err != nil || !reflect.DeepEqual(back, e) {
			t.Fatalf("not the same: %+v and %+v, %v", e, back, err)
		}
	})
}
