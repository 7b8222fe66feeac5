package license_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/usher-seats/usher/internal/license"
)

// question is what a snippet is asked: Keys by kid for Go, and the set for
// TypeScript.
type question struct {
	Issuer, Product string
	Now             int64
	Keys            []license.JWK
	Tokens          []string
}

// answered is who a token is of, or "" where it is refused.
type answered []string

// snippet is the code of a language in README.md.
func snippet(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Licenses without asking\n")
	if !ok {
		t.Fatal("README.md has no section about licenses")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	_, code, ok := strings.Cut(section, "\n```"+language+"\n")
	if !ok {
		t.Fatalf("the section has no code in %s", language)
	}
	code, _, _ = strings.Cut(code, "\n```")
	return code + "\n"
}

const goAround = `package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"
)

func main() {
	var q struct {
		Issuer, Product string
		Now             int64
		Keys            []struct{ Kid, X string }
		Tokens          []string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		panic(err)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, k := range q.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil {
			panic(err)
		}
		keys[k.Kid] = x
	}
	var answers []string
	for _, token := range q.Tokens {
		l, err := VerifyLicense(token, q.Issuer, q.Product, keys, time.Unix(q.Now, 0))
		if err == nil && strings.Join(l.Entitlements, " ") == "" {
			panic("no entitlements")
		}
		answers = append(answers, l.Sub)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}

`

const tsAround = `
import { readFileSync } from "node:fs";

const q = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(q.Tokens.map((token) => {
  try {
    const l = verifyLicense(token, q.Issuer, q.Product, q.Keys, q.Now);
    return l.entitlements.length ? l.sub : "no entitlements";
  } catch (e) {
    if (!(e instanceof Error)) throw e;
    return "";
  }
})));
`

func TestTheGoOfTheReadmeTakesGoodTokensAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(goAround+snippet(t, "go")), 0o600); err != nil {
		t.Fatal(err)
	}
	checkSnippet(t, "go", "run", file)
}

func TestTheTypeScriptOfTheReadmeTakesGoodTokensAlone(t *testing.T) {
	built := api.Transform(snippet(t, "ts")+tsAround, api.TransformOptions{Loader: api.LoaderTS, Format: api.FormatESModule, Target: api.ES2022})
	for _, m := range built.Errors {
		t.Fatalf("line %d: %s", m.Location.Line, m.Text)
	}
	file := filepath.Join(t.TempDir(), "main.mjs")
	if err := os.WriteFile(file, built.Code, 0o600); err != nil {
		t.Fatal(err)
	}
	checkSnippet(t, "node", file)
}

// checkSnippet asks a program about good tokens and every forgery.
func checkSnippet(t *testing.T, program string, args ...string) {
	t.Helper()
	r := newRig(t, 0)
	q := question{Issuer: issuer, Product: product, Now: noon.Unix(), Keys: r.set(r.issuerOf(r.key, newKey(2))).Keys}
	var want answered
	ask := func(token, sub string) {
		q.Tokens = append(q.Tokens, token)
		want = append(want, sub)
	}
	user := claims().Subject
	ask(r.token(r.issuer, nil), user)
	ask(r.token(r.issuerOf(newKey(2)), nil), user)
	for ago, sub := range map[time.Duration]string{
		license.MaxLifetime: user, license.MaxLifetime + license.Leeway: "", -license.Leeway: user, -license.Leeway - time.Second: "",
	} {
		r.now = noon.Add(-ago)
		ask(r.token(r.issuer, nil), sub)
	}
	r.now = noon
	names := make([]string, len(want))
	for _, f := range forgeries(t, r) {
		ask(f.token, "")
		names = append(names, f.name)
	}
	input, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, complaints.String())
	}
	var got answered
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got) != len(want) {
		t.Fatalf("%d answers to %d tokens (%v): %s", len(got), len(want), err, out.String())
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("token %d (%s) is of %q, want %q", i, names[i], got[i], want[i])
		}
	}
}
