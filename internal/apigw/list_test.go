package apigw_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

func scope() apigw.CursorScope {
	return apigw.CursorScope{Account: account, List: "people", Filter: "sort=name"}
}

func TestACursorComesBackAsThePositionItHolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		position := rapid.SliceOfN(rapid.String(), 1, 4).Draw(rt, "position")
		got, err := scope().Decode(scope().Encode(position...), len(position))
		if err != nil || !slices.Equal(got, position) {
			rt.Fatalf("%q came back as %q, %v", position, got, err)
		}
	})
}

func TestTheFirstPageHasNoCursor(t *testing.T) {
	if got, err := scope().Decode("", 1); got != nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestACursorOfAnythingElseIsRefused(t *testing.T) {
	good := scope().Encode("U#1")
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	later := slices.Clone(raw)
	later[0] = 2
	for name, c := range map[string]struct {
		scope  apigw.CursorScope
		cursor string
		parts  int
	}{
		"another account":    {apigw.CursorScope{Account: "acc_06c4b1yk2g0qm8v3n5t7w9xa0c", List: "people", Filter: "sort=name"}, good, 1},
		"another list":       {apigw.CursorScope{Account: account, List: "licenses", Filter: "sort=name"}, good, 1},
		"another order":      {apigw.CursorScope{Account: account, List: "people", Filter: "sort=email"}, good, 1},
		"parts moved about":  {apigw.CursorScope{Account: account, List: "peoplesort=name"}, good, 1},
		"more parts":         {scope(), good, 2},
		"fewer parts":        {scope(), scope().Encode("a", "b"), 1},
		"cut short":          {scope(), good[:len(good)-2], 1},
		"cut to nothing":     {scope(), good[:4], 1},
		"something added":    {scope(), good + "AA", 1},
		"another format":     {scope(), base64.RawURLEncoding.EncodeToString(later), 1},
		"padding":            {scope(), good + "=", 1},
		"another alphabet":   {scope(), "++//", 1},
		"not base64":         {scope(), "a cursor", 1},
		"beyond every limit": {scope(), base64.RawURLEncoding.EncodeToString(slices.Concat(raw, make([]byte, 2048))), 1},
	} {
		got, err := c.scope.Decode(c.cursor, c.parts)
		var refusal *seats.Error
		if !errors.As(err, &refusal) || refusal.Kind != seats.Invalid || len(refusal.Fields) != 1 || refusal.Fields[0].Location != "query.cursor" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if len(seats.ErrInvalid.Fields) != 0 {
		t.Error("the shared refusal has been written to")
	}
}

func TestAPageIsAListEvenWhenEmpty(t *testing.T) {
	b, err := json.Marshal(apigw.NewPage[string](nil, ""))
	if err != nil || string(b) != `{"items":[]}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestAListIsServedWithItsDefaultsAndLimits(t *testing.T) {
	g := newGateway(t, newService())
	for query, want := range map[string]int{"": 200, "limit=1": 200, "limit=100": 200, "limit=101": 422, "sort=name&limit=3": 200} {
		out := g.send(event("GET", peoplePath, query, "", nil))
		if out.StatusCode != want {
			t.Errorf("?%s: %d %s", query, out.StatusCode, out.Body)
		}
	}
	var page apigw.Page[string]
	out := g.send(event("GET", peoplePath, "", "", nil))
	if err := json.Unmarshal([]byte(out.Body), &page); err != nil {
		t.Fatal(err)
	}
	if out := g.send(event("GET", peoplePath, "cursor="+page.NextCursor, "", nil)); out.StatusCode != 200 {
		t.Errorf("its own cursor: %d %s", out.StatusCode, out.Body)
	}
	other := "/v1/accounts/acc_06c4b1yk2g0qm8v3n5t7w9xa0c/people"
	if p := problem(t, g.send(event("GET", other, "cursor="+page.NextCursor, "", nil))); p.Status != 422 || p.Errors[0].Location != "query.cursor" {
		t.Errorf("the cursor of another account: %+v", p)
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add(scope().Encode("U#1"))
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := scope().Decode(cursor, 2)
		if err == nil && cursor != "" && scope().Encode(got...) != cursor {
			t.Fatalf("%q is read as %q, whose cursor it is not", cursor, got)
		}
	})
}
