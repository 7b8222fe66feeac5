package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/mail/samples"
)

func TestPreviewWritesEverySample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	list, err := samples.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range list {
		for suffix, start := range map[string]string{".html": "<!doctype html>", ".txt": "Subject: "} {
			content, err := os.ReadFile(filepath.Join(dir, sample.Name+suffix))
			if err != nil || !strings.HasPrefix(string(content), start) {
				t.Errorf("%s%s begins with %.20q (%v), want %q", sample.Name, suffix, content, err, start)
			}
		}
	}
}
