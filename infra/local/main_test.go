package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyOneStackUsesAState(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	release, err := claim(state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(state); err == nil || !strings.Contains(err.Error(), "runs already") {
		t.Errorf("a second stack: %v", err)
	}
	release()
	again, err := claim(state)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	again()
}

func TestResetForgetsTheStateAndStartsNothing(t *testing.T) {
	state := t.TempDir()
	saved := filepath.Join(state, "state.zip")
	if err := os.WriteFile(saved, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), func() {}, addresses{public: "no address"}, state, true, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(saved); !os.IsNotExist(err) {
		t.Errorf("the state is still there: %v", err)
	}
}

func TestTheConsoleStandsBesideTheStartPage(t *testing.T) {
	for _, c := range []struct {
		at   addresses
		want string
	}{
		{addresses{public: "127.0.0.1:8080"}, "127.0.0.1:8081"},
		{addresses{public: "[::1]:8080"}, "[::1]:8081"},
		{addresses{public: "127.0.0.1:0"}, "127.0.0.1:0"},
		{addresses{public: "127.0.0.1:65534"}, "127.0.0.1:65535"},
		{addresses{public: "127.0.0.1:65535"}, "127.0.0.1:0"},
		{addresses{public: "no address"}, ""},
		{addresses{public: "127.0.0.1:http"}, ""},
		{addresses{public: "127.0.0.1:8080", console: "127.0.0.1:9090"}, "127.0.0.1:9090"},
	} {
		got, err := c.at.consoleAddr()
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c.at, got, err)
		}
	}
}
