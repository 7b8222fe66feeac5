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
	if err := run(t.Context(), func() {}, "no address", state, true, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(saved); !os.IsNotExist(err) {
		t.Errorf("the state is still there: %v", err)
	}
}
