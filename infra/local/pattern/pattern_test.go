package pattern_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/pattern"
)

func TestMatch(t *testing.T) {
	const event = `{"source":"usher","detail-type":"user.invited","detail":{"n":5,"f":5.0,"big":12345678901234567890,"yes":true,"nil":null,
		"name":"Anna Ü","list":["a","b"],"empty":[],"object":{"x":1},"rows":[{"k":1},{"k":2}]}}`
	for _, tt := range []struct {
		name, pattern string
		want          bool
	}{
		{"an exact text", `{"source":["usher"]}`, true},
		{"one of several texts", `{"source":["other","usher"]}`, true},
		{"another text", `{"source":["Usher"]}`, false},
		{"two fields", `{"source":["usher"],"detail-type":["user.invited"]}`, true},
		{"two fields, one wrong", `{"source":["usher"],"detail-type":["user.joined"]}`, false},
		{"a number by its value", `{"detail":{"n":[5.0]}}`, true},
		{"a number that is not a text", `{"detail":{"n":["5"]}}`, false},
		{"large numbers are not rounded", `{"detail":{"big":[12345678901234567891]}}`, false},
		{"true", `{"detail":{"yes":[true]}}`, true},
		{"null", `{"detail":{"nil":[null]}}`, true},
		{"null is not absence", `{"detail":{"gone":[null]}}`, false},
		{"an element of a list", `{"detail":{"list":["b"]}}`, true},
		{"no element of a list", `{"detail":{"list":["c"]}}`, false},
		{"a field in a list of objects", `{"detail":{"rows":{"k":[2]}}}`, true},
		{"no field in a list of objects", `{"detail":{"rows":{"k":[3]}}}`, false},
		{"prefix", `{"detail-type":[{"prefix":"user."}]}`, true},
		{"prefix that is not there", `{"detail-type":[{"prefix":"license."}]}`, false},
		{"prefix without case", `{"detail-type":[{"prefix":{"equals-ignore-case":"USER."}}]}`, true},
		{"suffix", `{"detail-type":[{"suffix":".invited"}]}`, true},
		{"suffix without case", `{"detail":{"name":[{"suffix":{"equals-ignore-case":" ü"}}]}}`, true},
		{"prefix of a number", `{"detail":{"n":[{"prefix":"5"}]}}`, false},
		{"equals-ignore-case", `{"source":[{"equals-ignore-case":"USHER"}]}`, true},
		{"wildcard", `{"detail-type":[{"wildcard":"u*r.*ted"}]}`, true},
		{"wildcard that is all", `{"source":[{"wildcard":"*"}]}`, true},
		{"wildcard whose parts overlap", `{"source":[{"wildcard":"ush*her"}]}`, false},
		{"wildcard with an escaped asterisk", `{"source":[{"wildcard":"us\\*"}]}`, false},
		{"exists", `{"detail":{"n":[{"exists":true}]}}`, true},
		{"exists for null", `{"detail":{"nil":[{"exists":true}]}}`, true},
		{"exists is for values, not objects", `{"detail":{"object":[{"exists":true}]}}`, false},
		{"exists for what is absent", `{"detail":{"gone":[{"exists":true}]}}`, false},
		{"exists false", `{"detail":{"gone":[{"exists":false}]}}`, true},
		{"exists false deep down", `{"gone":{"deeper":[{"exists":false}]}}`, true},
		{"exists false for an empty list", `{"detail":{"empty":[{"exists":false}]}}`, true},
		{"numeric range", `{"detail":{"n":[{"numeric":[">",4,"<=",5]}]}}`, true},
		{"numeric out of range", `{"detail":{"n":[{"numeric":["<",5]}]}}`, false},
		{"numeric equality", `{"detail":{"f":[{"numeric":["=",5]}]}}`, true},
		{"numeric for a text", `{"source":[{"numeric":[">",0]}]}`, false},
		{"anything-but", `{"source":[{"anything-but":"other"}]}`, true},
		{"anything-but itself", `{"source":[{"anything-but":["other","usher"]}]}`, false},
		{"anything-but with a number", `{"detail":{"n":[{"anything-but":[5]}]}}`, false},
		{"anything-but a prefix", `{"detail-type":[{"anything-but":{"prefix":"user."}}]}`, false},
		{"anything-but some suffixes", `{"detail-type":[{"anything-but":{"suffix":[".x",".y"]}}]}`, true},
		{"anything-but a wildcard", `{"source":[{"anything-but":{"wildcard":"u*"}}]}`, false},
		{"anything-but needs something", `{"gone":[{"anything-but":"x"}]}`, false},
		{"or takes one alternative", `{"source":["usher"],"$or":[{"detail-type":["x"]},{"detail":{"n":[5]}}]}`, true},
		{"or takes none", `{"source":["usher"],"$or":[{"detail-type":["x"]},{"detail":{"n":[6]}}]}`, false},
		{"or beside what does not match", `{"source":["other"],"$or":[{"detail-type":["user.invited"]},{"detail":{"n":[5]}}]}`, false},
		{"or further down", `{"detail":{"$or":[{"n":[6]},{"yes":[true]}]}}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := pattern.Compile(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match([]byte(event)); got != tt.want {
				t.Errorf("%s matches: %t, want %t", tt.pattern, got, tt.want)
			}
		})
	}
}

func TestStreamFilter(t *testing.T) {
	p, err := pattern.Compile(`{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"E#"}]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]bool{
		`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"E#acc_1"}}}}`: true,
		`{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"E#acc_1"}}}}`: false,
		`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"A#acc_1"}}}}`: false,
		`{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"N":"1"}}}}`:       false,
		`[]`: false, `{`: false,
	} {
		if got := p.Match([]byte(event)); got != want {
			t.Errorf("%s matches: %t, want %t", event, got, want)
		}
	}
}

func TestPatternsThatAreNone(t *testing.T) {
	for source, want := range map[string]string{
		`{`:                                     "unexpected EOF",
		`[]`:                                    "a pattern is a JSON object",
		`{}`:                                    "matches nothing",
		`{"detail":{}}`:                         "detail: an empty object",
		`{"source":"usher"}`:                    "source: a value stands in a list",
		`{"source":[]}`:                         "source: an empty list",
		`{"source":[["a"]]}`:                    "a list inside a list",
		`{"source":[{"prefx":"a"}]}`:            `"prefx" is not supported`,
		`{"source":[{"cidr":"10.0.0.0/8"}]}`:    `"cidr" is not supported`,
		`{"source":[{"prefix":1}]}`:             "prefix takes a text",
		`{"source":[{"prefix":{"x":"a"}}]}`:     "equals-ignore-case",
		`{"source":[{"exists":"yes"}]}`:         "exists takes true or false",
		`{"n":[{"numeric":[">"]}]}`:             "numeric takes a list",
		`{"n":[{"numeric":["!",1]}]}`:           "is no comparison",
		`{"n":[{"numeric":[">","1"]}]}`:         "is no number",
		`{"n":[{"anything-but":[]}]}`:           "at least one value",
		`{"n":[{"anything-but":{"exists":1}}]}`: "takes texts",
		`{"n":[{"wildcard":"a**"}]}`:            "single asterisks",
		`{"n":[{"prefix":"a","suffix":"b"}]}`:   "one key",
		`{"$or":[{"a":["b"]}]}`:                 "at least two",
		`{"a":["b"]}{`:                          "after the JSON object",
	} {
		if _, err := pattern.Compile(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile(%s) = %v, want …%s…", source, err, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"source":["usher"],"$or":[{"n":[{"numeric":[">",1]}]},{"x":[{"anything-but":{"prefix":"a"}}]}]}`, `{"source":"usher","n":2}`)
	f.Add(`{"a":{"b":[{"wildcard":"*\\*"}]}}`, `{"a":[{"b":["x"]}]}`)
	f.Fuzz(func(t *testing.T, source, event string) {
		p, err := pattern.Compile(source)
		if err != nil {
			return
		}
		if first, second := p.Match([]byte(event)), p.Match([]byte(event)); first != second {
			t.Errorf("%s matches %s: %t and then %t", source, event, first, second)
		}
	})
}
