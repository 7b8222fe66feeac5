// Command local runs Usher on one machine: go run ./infra/local, or make run.
//
// It builds the functions of template.yaml, starts DynamoDB Local and everything around it (see package stack), and prints the
// address of the one page from which all the rest is found. The first time, when there is nothing to see yet, it plays the
// demo. Ctrl-C stops it cleanly; what there is then is there again after the next start, unless -reset has been run in between.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/filelock"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/story"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the page and of the API")
	state := flag.String("state", ".state", "folder for the saved state and the functions' logs, relative to the checkout")
	reset := flag.Bool("reset", false, "forget the saved state and end")
	demo := flag.Bool("demo", true, "play the demo if there is no saved state")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, cancel, *addr, *state, *reset, *demo); err != nil {
		fmt.Fprintln(os.Stderr, "usher:", err)
		os.Exit(1)
	}
}

// run runs the stack until ctx ends; release lets a second Ctrl-C end the program at once.
func run(ctx context.Context, release func(), addr, state string, reset, demo bool) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(state) {
		state = filepath.Join(root, state)
	}
	unlock, err := claim(state)
	if err != nil {
		return err
	}
	defer unlock()
	if reset {
		if err := stack.Reset(state); err != nil {
			return err
		}
		fmt.Println("The state is forgotten; the next start begins anew.")
		return nil
	}
	begin := time.Now()
	progress := func(s string) { fmt.Printf("%5.1f s  %s\n", time.Since(begin).Seconds(), s) }
	s, err := stack.Start(ctx, stack.Options{Root: root, Addr: addr, StateDir: state, Progress: progress})
	if ctx.Err() != nil && err != nil {
		progress("stopped before it was ready; the saved state is as it was")
		return nil
	}
	if err != nil {
		return err
	}
	progress("ready")
	fmt.Printf("\n  Usher runs at %s\n  Accounts, people to sign in as, mails, events and clocks are there. Ctrl-C stops it.\n\n", s.URL())
	if demo && !s.Resumed() {
		playDemo(ctx, s, root)
	}
	var ended error
	select {
	case <-ctx.Done():
	case <-s.DatabaseEnded():
		ended = errors.New("DynamoDB Local has ended by itself; what was saved last is there after the next start")
	}
	release()
	fmt.Println()
	if ended != nil {
		return errors.Join(ended, s.Abandon())
	}
	begin = time.Now()
	progress("stopping")
	if err := s.Stop(); err != nil {
		return err
	}
	progress("stopped; the state is in " + state)
	return nil
}

// claim keeps two stacks from saving into one folder.
func claim(state string) (func(), error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	lock, err := filelock.TryLock(filepath.Join(state, "lock"), true)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return nil, fmt.Errorf("a stack with the state in %s runs already; stop it, or give this one another folder with -state", state)
	}
	return func() { _ = lock.Close() }, nil
}

// playDemo fills an empty stack with a customer's month. A demo that fails is told and leaves the stack as it is.
func playDemo(ctx context.Context, s *stack.Stack, root string) {
	catalog, err := os.ReadFile(filepath.Join(root, "infra", "catalog", "sample.yaml"))
	if err == nil {
		var at story.Stack
		if at, err = story.Discover(ctx, s.URL()); err == nil {
			err = story.Play(ctx, at, string(catalog), os.Stdout)
		}
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "usher: the demo ended early:", err)
	}
	fmt.Printf("\n  The page is %s\n\n", s.URL())
}
