package dynamo

import (
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
