// Package dynamotest gives each test a DynamoDB Local database of its own.
//
// One JVM serves every test process of a `go test ./...`: starting one takes three seconds of a core and a fresh one is two
// times slower than a warm one, so one per package would cost more than most of the tests. It is started by the first test
// that needs it, detached, under the watch of the guard command (see its comment for the locks), and ends half a minute after the
// last test that used it, however that test ended. Databases are told apart by access key: each call of New takes
// a random one, so tests never see each other's items and never re-create a table that has a stream, which would make
// DynamoDB Local slow for good.
//
// A database costs the JVM some threads that look for work for as long as it lives, and there is no way to end one: with
// a thousand of them the machine does nothing else. So a server takes maxDatabases and is then left to its last users, and
// the next test starts another.
package dynamotest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/dynamo"
	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/filelock"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/internal/wire"
)

// Region is the region of every test database.
const Region = "eu-central-1"

const (
	// maxDatabases is how many databases one server takes; a whole run of the tests needs about that many.
	maxDatabases = 150
	// idle is how long the server outlives its last test: longer than the compilation of the next package takes.
	idle = 30 * time.Second
	// startTimeout covers the installation with npm, the build of the guard and the start of the JVM.
	startTimeout = 5 * time.Minute
)

// New returns the address of a DynamoDB Local and a configuration with credentials that no other call returns, which is an
// empty database. The configuration has the address as BaseEndpoint, so dynamodb.NewFromConfig(cfg) is ready for use. It
// does not retry, so that a test sees what the server said. The test fails where the server cannot be started.
func New(t testing.TB) (endpoint string, cfg aws.Config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	port, release, err := acquire(ctx)
	if err != nil {
		t.Fatalf("dynamotest: %v", err)
	}
	t.Cleanup(release)

	// Connections of this test alone, closed at its end, so that a leak check finds none.
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	key := rand.Text()
	endpoint = "http://127.0.0.1:" + strconv.Itoa(port)
	return endpoint, aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   &http.Client{Transport: wire.Whole(transport)},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: "local"}, nil
		}),
	}
}

// acquire finds or starts the shared server and registers a use of it, which release ends.
func acquire(ctx context.Context) (port int, release func(), err error) {
	packages, err := checkout.Local()
	if err != nil {
		return 0, nil, err
	}
	shared, err := sharedDir(packages)
	if err != nil {
		return 0, nil, err
	}
	dir, err := turn(shared)
	if err != nil {
		return 0, nil, err
	}
	start, err := filelock.Lock(filepath.Join(dir, "start.lock"), true)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = start.Close() }()

	port, ok := running(ctx, dir)
	if !ok {
		if port, err = startGuard(ctx, dir, packages); err != nil {
			return 0, nil, err
		}
	}
	use, err := filelock.Lock(filepath.Join(dir, "users.lock"), false)
	if err != nil {
		return 0, nil, err
	}
	return port, func() { _ = use.Close() }, nil
}

// turn counts a database and returns the folder of the server that takes it.
func turn(shared string) (string, error) {
	lock, err := filelock.Lock(filepath.Join(shared, "turn.lock"), true)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	path := filepath.Join(shared, "turn.json")
	var at struct{ Server, Databases int }
	if b, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(b, &at) // what a killed test left half written begins the count anew
	}
	if at.Databases++; at.Databases > maxDatabases {
		at.Server, at.Databases = at.Server+1, 1
	}
	b, err := json.Marshal(at)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return "", err
	}
	dir := filepath.Join(shared, strconv.Itoa(at.Server))
	return dir, os.MkdirAll(dir, 0o700)
}

// sharedDir is the folder of the locks: one for each user and version, so that two checkouts with one version share it.
func sharedDir(packages string) (string, error) {
	version, err := dynamo.Version(packages)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("usher-dynamodb-%d-%s", os.Getuid(), version))
	return dir, os.MkdirAll(dir, 0o700)
}

// running returns the port of the shared server, if there is one and it answers.
func running(ctx context.Context, dir string) (int, bool) {
	b, err := os.ReadFile(filepath.Join(dir, "server.json"))
	if err != nil {
		return 0, false
	}
	var at struct {
		Port int `json:"port"`
	}
	if err := json.Unmarshal(b, &at); err != nil {
		return 0, false
	}
	return at.Port, dynamo.Ping(ctx, at.Port)
}

// startGuard builds and starts the guard, detached from this process, and waits until its server answers.
func startGuard(ctx context.Context, dir, packages string) (int, error) {
	binary := filepath.Join(dir, "guard")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/usher-seats/usher/infra/local/dynamo/guard")
	build.Dir = packages
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the guard of DynamoDB Local: %w: %s", err, out)
	}
	if err := os.Remove(filepath.Join(dir, "server.json")); err != nil && !os.IsNotExist(err) {
		return 0, err
	}
	logPath := filepath.Join(dir, "guard.log")
	logFile, err := os.Create(logPath)
	if err != nil {
		return 0, err
	}
	defer func() { _ = logFile.Close() }()
	guard := exec.Command(binary, "-dir", dir, "-packages", packages, "-idle", idle.String())
	guard.Stdout, guard.Stderr = logFile, logFile
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C on the tests must not reach it
	if err := guard.Start(); err != nil {
		return 0, fmt.Errorf("start the guard of DynamoDB Local: %w", err)
	}
	defer func() { _ = guard.Process.Release() }()
	return awaitGuard(ctx, dir, logPath, guard.Process.Pid)
}

// awaitGuard polls until the server answers or its guard has given up. It waits for the guard without a goroutine, which
// would outlive the test and be taken for a leak.
func awaitGuard(ctx context.Context, dir, logPath string, pid int) (int, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if port, ok := running(ctx, dir); ok {
			return port, nil
		}
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		if err == nil && ended == pid && status.ExitStatus() != 0 { // status 0: another guard is starting one
			out, _ := os.ReadFile(logPath)
			return 0, fmt.Errorf("DynamoDB Local did not start: %s", out)
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("DynamoDB Local did not start: %w (see %s)", ctx.Err(), logPath)
		case <-tick.C:
		}
	}
}

// Client is New for callers of the wire protocol.
func Client(t testing.TB) *tables.Client {
	t.Helper()
	_, cfg := New(t)
	return wireClient(t, cfg)
}

// wireClient calls the database that a configuration of New is for.
func wireClient(t testing.TB, cfg aws.Config) *tables.Client {
	t.Helper()
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatalf("dynamotest: %v", err)
	}
	client, ok := cfg.HTTPClient.(*http.Client)
	if !ok {
		t.Fatalf("dynamotest: the HTTP client is a %T", cfg.HTTPClient)
	}
	return &tables.Client{Endpoint: *cfg.BaseEndpoint, AccessKey: credentials.AccessKeyID, Region: cfg.Region, HTTP: client}
}

// NewWithTables is New with the tables of the checkout's template.yaml, whose names it returns by logical id, such as
// names["SeatsTable"]. Nothing expires in them.
func NewWithTables(t testing.TB) (cfg aws.Config, names map[string]string) {
	t.Helper()
	_, cfg = New(t)
	list, err := templateTables()
	if err != nil {
		t.Fatalf("dynamotest: %v", err)
	}
	names = map[string]string{}
	for _, table := range list {
		names[table.ID] = table.Name
	}
	if err := tables.Create(t.Context(), wireClient(t, cfg), list); err != nil {
		t.Fatalf("dynamotest: %v", err)
	}
	return cfg, names
}

// templateTables are the tables of the template, which is read once: that takes longer
// than to create them.
var templateTables = sync.OnceValues(func() ([]*sam.Table, error) {
	root, err := checkout.Root()
	if err != nil {
		return nil, err
	}
	template, err := sam.Load(filepath.Join(root, "template.yaml"), sam.Options{Region: Region})
	if err != nil {
		return nil, err
	}
	for _, table := range template.Tables {
		// The server deletes by its own clock. A test that lives on another day would
		// lose what it has just written.
		table.TTL = ""
	}
	return template.Tables, nil
})
