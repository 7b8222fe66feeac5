package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/mail/samples"
)

var update = flag.Bool("update", false, "write the golden files of testdata instead of comparing them")

func TestEveryMailReadsAsItsGoldenFiles(t *testing.T) {
	renderer := mail.NewRenderer()
	var kinds []mail.Kind
	want := map[string]bool{}
	for _, sample := range all(t) {
		t.Run(sample.Name, func(t *testing.T) {
			message, err := renderer.Render(sample.Mail)
			if err != nil {
				t.Fatal(err)
			}
			if message.Kind != sample.Mail.Kind() {
				t.Errorf("message of kind %s, want %s", message.Kind, sample.Mail.Kind())
			}
			golden(t, sample.Name+".txt", "Subject: "+message.Subject+"\n\n"+message.Text)
			golden(t, sample.Name+".html", message.HTML)
		})
		want[sample.Name+".txt"], want[sample.Name+".html"] = true, true
		kinds = append(kinds, sample.Mail.Kind())
	}
	for _, kind := range mail.Kinds() {
		if !slices.Contains(kinds, kind) {
			t.Errorf("no sample of %s", kind)
		}
	}
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[filepath.Base(file)] {
			t.Errorf("%s belongs to no sample: delete it", file)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test ./internal/mail -update and read the new file", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; if the change is wanted, run go test ./internal/mail -update and read the diff\n--- got\n%s", path, got)
	}
}

func all(t testing.TB) []samples.Sample {
	t.Helper()
	list, err := samples.All()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sampleOf returns the sample of a name as its own type.
func sampleOf[M mail.Mail](t testing.TB, name string) M {
	t.Helper()
	for _, sample := range all(t) {
		if sample.Name == name {
			return sample.Mail.(M)
		}
	}
	t.Fatalf("no sample %s", name)
	panic("unreachable")
}
