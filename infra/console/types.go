package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// apiTypes is what the API's document says, in TypeScript; it is made, not committed.
const apiTypes = "src/api.d.ts"

// CheckTypes makes the types of the API's document for the sources and holds the sources against them. The error holds the
// compiler's messages. root is the checkout.
func CheckTypes(ctx context.Context, root string) error {
	root, err := filepath.Abs(root) // node runs in another folder
	if err != nil {
		return fmt.Errorf("types of the console: %w", err)
	}
	app := filepath.Join(root, AppDir)
	types, err := node(ctx, app, "openapi-typescript/bin/cli.js", filepath.Join(root, "infra", "openapi.yaml"))
	if err != nil {
		return fmt.Errorf("types of infra/openapi.yaml: %w", err)
	}
	if err := replace(filepath.Join(app, apiTypes), types); err != nil {
		return fmt.Errorf("types of infra/openapi.yaml: %w", err)
	}
	if _, err := node(ctx, app, "typescript/bin/tsc", "--noEmit", "--pretty", "false"); err != nil {
		return fmt.Errorf("types of the console: %w", err)
	}
	return nil
}

// node runs a program of the sources' packages in their folder and returns what it prints.
func node(ctx context.Context, app, program string, args ...string) ([]byte, error) {
	script := filepath.Join(app, modules, program)
	if _, err := os.Stat(script); err != nil {
		return nil, fmt.Errorf("the packages of the console are missing; run make console, which installs them: %w", err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = app, &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s%s", err, out.Bytes(), errs.Bytes())
	}
	return out.Bytes(), nil
}

// replace writes a file whole, and only where it is another, so that whoever reads it meanwhile finds the old or the new one.
func replace(path string, text []byte) error {
	old, err := os.ReadFile(path)
	if err == nil && bytes.Equal(old, text) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(text))
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}
