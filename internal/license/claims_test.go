package license

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What scan reads, encoding/json reads the same; and scan reads what an issuer writes.
func TestScanReadsWhatAnIssuerWrites(t *testing.T) {
	for name, c := range map[string]Claims{
		"usual":              {"https://seats.example", "meetings", "usr_1", "acc_1", "meetings", []string{"a", "b-c"}, 3, 1795348800, 0, 1795352400},
		"one entitlement":    {"i", "p", "u", "a", "p", []string{"a"}, 0, 1, 1, 2},
		"no entitlement":     {"i", "p", "u", "a", "p", []string{}, 0, 1, 0, 999_999_999_999_999_999},
		"what a URL may say": {"https://a.example:8443/b~c?d=e;f", "p", "u", "a", "p", []string{}, 1, 1, 0, 2},
	} {
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := scan(string(text)); !ok || !reflect.DeepEqual(*got, c) {
			t.Errorf("%s: %s gives %+v, %v", name, text, got, ok)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range []string{
		`{"iss":"i","aud":"p","sub":"u","account":"a","product":"p","entitlements":["a","b"],"epoch":3,"iat":1,"nbf":1,"exp":2}`,
		`{}`, `{"iss":"i",}`, `{"iss":"i"}}`, `{"iss":"\u0069"}`, `{"iss":"é"}`, "{\"iss\":\"\xff\"}", `{"ISS":"i"}`, `{"iat":01}`, `{"iat":-1}`,
		`{"iat":1.5}`, `{"iat":9223372036854775807}`, `{"iat":1e3}`, `{"iat":null}`, `{"entitlements":[]}`, `{"entitlements":["a",]}`, `{"iss":"a","iss":"b"}`,
		`{"entitlements":["a","b"],"entitlements":["c"]}`, ` {"iss":"i"}`, `{"iss":"i" }`, `{"iss":"<&>"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := scan(text)
		if !ok {
			return
		}
		want := &Claims{}
		if err := json.Unmarshal([]byte(text), want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives %+v, and to encoding/json %+v, %v", text, got, want, err)
		}
	})
}
