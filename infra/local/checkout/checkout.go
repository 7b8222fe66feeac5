// Package checkout finds the folder of the sources that the working directory is in: tests run in the folder of their package,
// the stack wherever it was started.
package checkout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// modulePath marks the go.mod of the checkout that Local looks for.
const modulePath = "module github.com/usher-seats/usher"

// Root returns the root folder of the checkout that the working directory is in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("checkout: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		b, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), modulePath) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("checkout: %s is not inside a checkout of Usher; start from one", dir)
		}
	}
}

// Local returns infra/local of the checkout that the working directory is in.
func Local() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "infra", "local"), nil
}
