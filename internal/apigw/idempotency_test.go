package apigw_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/apigw"
)

func TestAReplayGivesTheSameBytesAndHasNoEffect(t *testing.T) {
	s := newService()
	g := newGateway(t, s)
	request := with(post(goodBody), "idempotency-key", "key-1")
	first := g.send(request)
	if first.StatusCode != 201 || first.Headers["Idempotent-Replayed"] != "" {
		t.Fatalf("first: %+v", first)
	}
	if want := `{"call":1,"price":{"amount_minor":1800,"currency":"EUR"},"note":"<b> & ü"}` + "\n"; first.Body != want {
		t.Errorf("first:\n got %s\nwant %s", first.Body, want)
	}
	for range 3 {
		again := g.send(request)
		if again.Body != first.Body || again.StatusCode != first.StatusCode || again.Headers["Idempotent-Replayed"] != "true" ||
			again.Headers["Content-Type"] != first.Headers["Content-Type"] {
			t.Errorf("replay: %+v, first %+v", again, first)
		}
	}
	if s.calls != 1 {
		t.Errorf("%d effects", s.calls)
	}
}

func TestAKeyWithAnotherRequestIsRefused(t *testing.T) {
	s := newService()
	g := newGateway(t, s)
	key := func(body string) string {
		out := g.send(with(post(body), "idempotency-key", "key-1"))
		if out.StatusCode == 201 {
			return "done"
		}
		return problem(t, out).Code
	}
	for _, step := range []struct{ name, body, want string }{
		{"first", `{"people":[{"email":"ada","role":"admin"}],"seats":1}`, "done"},
		{"other order and blanks", ` { "seats" : 1, "people":[ {"role":"admin","email":"\u0061da"} ] }`, "done"},
		{"another value", `{"people":[{"email":"ada","role":"admin"}],"seats":2}`, "idempotency_key_reused"},
		{"a field less", `{"people":[{"email":"ada","role":"admin"}]}`, "idempotency_key_reused"},
		{"another order of a list", `{"people":[{"email":"bob"},{"email":"ada","role":"admin"}],"seats":1}`, "idempotency_key_reused"},
	} {
		if got := key(step.body); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	other := with(post(`{"people":[{"email":"ada","role":"admin"}],"seats":1}`), "idempotency-key", "key-1")
	other.RawPath = strings.Replace(other.RawPath, "xa0b", "xa0c", 1)
	if p := problem(t, g.send(other)); p.Code != "idempotency_key_reused" {
		t.Errorf("another path: %+v", p)
	}
	if s.calls != 1 {
		t.Errorf("%d effects", s.calls)
	}
}

func TestTheHashOfARequestKeepsItsPartsApart(t *testing.T) {
	seen := map[[32]byte]string{}
	for _, r := range [][3]string{{"POST", "/a", "b"}, {"POST", "/", "ab"}, {"POST", "/ab", ""}, {"POS", "T/a", "b"}, {"PUT", "/a", "b"}} {
		h := apigw.RequestHash(r[0], r[1], []byte(r[2]))
		if other, ok := seen[h]; ok {
			t.Errorf("%v and %s have one hash", r, other)
		}
		seen[h] = strings.Join(r[:], " ")
	}
}

func TestCanonicalJSON(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		" \n":                            "",
		`{"b":1,"a":[1.0, 2e3,  -0 ]}`:   `{"a":[1.0,2e3,-0],"b":1}`,
		`"\u00fc"`:                       `"ü"`,
		`{"n":123456789012345678901234}`: `{"n":123456789012345678901234}`,
	} {
		if got, err := apigw.CanonicalJSON([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	if _, err := apigw.CanonicalJSON([]byte(`{`)); err == nil {
		t.Error("half a value has a canonical form")
	}
}

func FuzzCanonicalJSON(f *testing.F) {
	f.Add([]byte(goodBody))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := apigw.CanonicalJSON(b)
		if err != nil {
			return
		}
		twice, err := apigw.CanonicalJSON(once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%s becomes %s, then %s, %v", b, once, twice, err)
		}
	})
}
