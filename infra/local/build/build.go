// Package build compiles the functions for this machine, with the flags that they are deployed with.
package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/usher-seats/usher/infra/local/filelock"
)

// Flags are the flags of `go build` for a function, here and on AWS. CGO is off.
var Flags = []string{"-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc"}

// Functions compiles the programs in the folders, which are relative to root, and returns the binary of each folder that
// exists. All are built by one go command, in parallel, into out, each under its folder's name; what is up to date is left
// alone, so a second call takes a fraction of a second. Several processes may build into one folder at the same time. The
// error holds the compiler's messages.
func Functions(ctx context.Context, root, out string, folders []string) (map[string]string, error) {
	return functions(ctx, root, out, folders, nil)
}

// Overlaid compiles the program in a folder as if files of the sources had other contents, which overlay gives by their paths,
// and returns the binary. out must be a folder of its own.
func Overlaid(ctx context.Context, root, out, folder string, overlay map[string][]byte) (string, error) {
	replace := map[string]string{}
	for path, text := range overlay {
		to := filepath.Join(out, "overlay", filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return "", fmt.Errorf("build: %w", err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return "", fmt.Errorf("build: %w", err)
		}
		replace[filepath.Join(root, filepath.FromSlash(path))] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("build: %w", err)
	}
	list := filepath.Join(out, "overlay.json")
	if err := os.WriteFile(list, text, 0o644); err != nil {
		return "", fmt.Errorf("build: %w", err)
	}
	binaries, err := functions(ctx, root, out, []string{folder}, []string{"-overlay", list})
	return binaries[folder], err
}

func functions(ctx context.Context, root, out string, folders, flags []string) (map[string]string, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	args := slices.Concat([]string{"install"}, Flags, flags) // unlike go build, go install leaves alone what is up to date
	binaries := map[string]string{}
	for _, folder := range folders {
		if _, twice := binaries[folder]; twice {
			continue
		}
		_, err := os.Stat(filepath.Join(root, folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
		args = append(args, "./"+filepath.ToSlash(folder))
		binaries[folder] = filepath.Join(out, filepath.Base(folder))
	}
	if len(binaries) == 0 {
		return binaries, nil
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	lock, err := filelock.Lock(filepath.Join(out, ".lock"), true)
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	defer func() { _ = lock.Close() }()

	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOBIN="+out, "CGO_ENABLED=0", "GOFLAGS=-mod=readonly -buildvcs=false", "GOOS=", "GOARCH=")
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, messages.Bytes())
	}
	return binaries, nil
}
