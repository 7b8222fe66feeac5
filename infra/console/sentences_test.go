package console_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/usher-seats/usher/infra/console"
	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/internal/events"
)

var update = flag.Bool("update", false, "write the golden files anew")

// narrate is a program around lib/events.ts: it reads events and prints each as the console tells it, with ids for names.
const narrate = `
import { doer, eventTypes, sentence } from "./src/lib/events";
import { money } from "./src/lib/format";
Object.defineProperty(globalThis, "navigator", { value: { languages: ["en-GB"] } });
const names = { product: (id) => "<" + id + ">", plan: (id) => "<" + id + ">", zone: "Europe/Berlin" };
const plain = (part) => typeof part === "string" ? part : part.money ? money(part.money) : part.person ? "[" + part.person + "]" :
	part.request ? part.text + " [" + part.request + "]" : (part.credit ? "credit note " : "invoice ") + part.invoice;
const told = JSON.parse(require("fs").readFileSync(0, "utf8")).map((e) => ({
	type: e.type, sentence: sentence(e, names).map(plain).join(""), doer: doer(e).map(plain).join(""),
}));
console.log(JSON.stringify({ told, types: eventTypes }));
`

type narrated struct {
	Told  []struct{ Type, Sentence, Doer string }
	Types []struct{ Type, Group, Label string }
}

// runs runs a program in TypeScript, in the folder of the console's sources, and decodes what it prints.
func runs(t *testing.T, program string, in, out any) {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	built := api.Build(api.BuildOptions{
		Stdin:  &api.StdinOptions{Contents: program, ResolveDir: filepath.Join(root, console.AppDir), Loader: api.LoaderTS},
		Bundle: true, Platform: api.PlatformNode, Format: api.FormatCommonJS, Charset: api.CharsetUTF8, LogLevel: api.LogLevelSilent,
	})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors)
	}
	file := filepath.Join(t.TempDir(), "program.cjs")
	if err := os.WriteFile(file, built.OutputFiles[0].Contents, 0o600); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", file)
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &errs
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.Bytes())
	}
	if err := json.Unmarshal(printed, out); err != nil {
		t.Fatal(err)
	}
}

func encoded(t *testing.T) []json.RawMessage {
	t.Helper()
	var all []json.RawMessage
	for _, e := range events.Samples() {
		detail, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, detail)
	}
	return all
}

// barest is an event without any field that its type can do without.
func barest(t *testing.T, full json.RawMessage) json.RawMessage {
	t.Helper()
	var e map[string]json.RawMessage
	var data map[string]json.RawMessage
	if err := json.Unmarshal(full, &e); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(e["data"], &data); err != nil {
		t.Fatal(err)
	}
	marshal := func() json.RawMessage {
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		e["data"] = text
		if text, err = json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, value := range data {
		delete(data, name)
		if _, err := events.Decode(marshal()); err != nil {
			data[name] = value
		}
	}
	return marshal()
}

// Every type of event has its sentence in the console, whatever of its fields are there; the golden file holds them all for
// whoever reads them.
func TestEveryEventHasASentence(t *testing.T) {
	full := encoded(t)
	var bare []json.RawMessage
	for _, e := range full {
		bare = append(bare, barest(t, e))
	}
	var n narrated
	runs(t, narrate, slices.Concat(full, bare), &n)
	var named []string
	for _, kind := range n.Types {
		named = append(named, kind.Type)
		if kind.Label == "" || kind.Group == "" {
			t.Errorf("%s has no words to be chosen by", kind.Type)
		}
	}
	if want := events.Types(); !slices.Equal(named, want) {
		t.Fatalf("lib/events.ts has sentences for\n%q\nwant those of the contract, in its order\n%q", named, want)
	}
	var golden strings.Builder
	for i, told := range n.Told {
		for _, bad := range []string{"undefined", "NaN", "null", "[object", "[]", "Invalid", "  ", " .", " ,", "no words", "somebody", told.Type} {
			if strings.Contains(told.Sentence+told.Doer, bad) {
				t.Errorf("%s is told as %q %q", told.Type, told.Sentence, told.Doer)
			}
		}
		if !strings.HasSuffix(told.Sentence, ".") || strings.HasSuffix(told.Sentence, "..") {
			t.Errorf("%s is no sentence: %q", told.Type, told.Sentence)
		}
		if i == len(full) {
			golden.WriteString("\nWith what must be there alone:\n")
		}
		golden.WriteString(told.Type + ": " + told.Sentence + " (" + told.Doer + ")\n")
	}
	compare(t, filepath.Join("testdata", "sentences.txt"), golden.String())
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is told now; read it and run the test with -update\n%s", file, got)
	}
}
