// Command guard keeps one DynamoDB Local running for all the test processes of one user, and ends it when they are done.
//
// Package dynamotest builds and starts it. Everything it shares with the tests is in one folder:
//
//	start.lock   held for a moment by whoever looks for the server, starts it or ends it
//	users.lock   held shared by every test that uses the server; the kernel gives it up however the test ends
//	guard.lock   held by the running guard, so that there is one
//	server.json  the port of the running server
//	guard.log    what the guard and the JVM printed
//
// The guard ends the server and itself once nobody has held users.lock for the idle time. It needs no signal from the tests,
// so a test that is killed leaves nothing behind either; and on Linux the JVM dies with the guard.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/usher-seats/usher/infra/local/dynamo"
	"github.com/usher-seats/usher/infra/local/filelock"
)

// poll is how often the guard looks whether the server is in use.
const poll = time.Second

func main() {
	dir := flag.String("dir", "", "folder with the locks")
	packages := flag.String("packages", "", "folder with package-lock.json and node_modules")
	idle := flag.Duration("idle", time.Minute, "end this long after the last use")
	flag.Parse()
	if err := run(*dir, *packages, *idle); err != nil {
		slog.Error("guard", "err", err)
		os.Exit(1)
	}
}

func run(dir, packages string, idle time.Duration) error {
	own, err := filelock.TryLock(filepath.Join(dir, "guard.lock"), true)
	if err != nil || own == nil {
		return err // nil: another guard is at work, and it will do
	}
	defer func() { _ = own.Close() }()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	server, err := dynamo.Start(ctx, dynamo.Options{
		Dir: packages, Log: os.Stderr,
		Progress: func(s string) { slog.Info(s) },
	})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	if err := publish(dir, server.Port()); err != nil {
		return err
	}
	return watch(ctx, dir, idle, server)
}

// publish writes server.json in one step, so that nobody reads half of it.
func publish(dir string, port int) error {
	b, err := json.Marshal(map[string]int{"port": port})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "server.json")
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// watch returns when the server ended, a signal came, or nobody used the server for the idle time.
func watch(ctx context.Context, dir string, idle time.Duration, server *dynamo.Server) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	lastUse := time.Now()
	for {
		select {
		case <-ctx.Done():
			return os.Remove(filepath.Join(dir, "server.json"))
		case <-server.Done():
			return fmt.Errorf("DynamoDB Local ended by itself")
		case <-tick.C:
		}
		ended, used, err := endIfIdle(dir, time.Since(lastUse) >= idle, server)
		if err != nil || ended {
			return err
		}
		if used {
			lastUse = time.Now()
		}
	}
}

// endIfIdle tells whether a test uses the server, and ends the server if none does and the idle time is over. It holds
// start.lock meanwhile, so that no test finds a server that is about to end.
func endIfIdle(dir string, due bool, server *dynamo.Server) (ended, used bool, err error) {
	start, err := filelock.TryLock(filepath.Join(dir, "start.lock"), true)
	if err != nil {
		return false, false, err
	}
	if start == nil {
		return false, true, nil
	}
	defer func() { _ = start.Close() }()
	users, err := filelock.TryLock(filepath.Join(dir, "users.lock"), true)
	if err != nil {
		return false, false, err
	}
	if users == nil {
		return false, true, nil
	}
	defer func() { _ = users.Close() }()
	if !due {
		return false, false, nil
	}
	if err := os.Remove(filepath.Join(dir, "server.json")); err != nil {
		return false, false, err
	}
	return true, false, server.Stop()
}
