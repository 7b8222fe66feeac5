// Command local runs Usher on one machine: go run ./infra/local, or make run.
//
// It builds the functions of template.yaml, starts DynamoDB Local and everything around it (see package stack), and prints the
// address of the one page from which all the rest is found. Then it makes the demo accounts that are not there yet, one for
// each of the five systems, by playing their stories. Ctrl-C stops it cleanly; what there is then is there again after the next start, unless -reset has been run in between.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/filelock"
	"github.com/usher-seats/usher/infra/local/page"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/story"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the page and of the API")
	console := flag.String("console", "", "address of the console; empty: the next port after that of -addr")
	state := flag.String("state", ".state", "folder for the saved state and the functions' logs, relative to the checkout")
	reset := flag.Bool("reset", false, "forget the saved state and end")
	demo := flag.Bool("demo", true, "make the demo accounts that are not there yet")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, cancel, addresses{*addr, *console}, *state, *reset, *demo); err != nil {
		fmt.Fprintln(os.Stderr, "usher:", err)
		os.Exit(1)
	}
}

// addresses are where the stack is to be reached.
type addresses struct{ public, console string }

// consoleAddr is the console's address: the one that was chosen, or the next port after the public one.
func (a addresses) consoleAddr() (string, error) {
	if a.console != "" {
		return a.console, nil
	}
	host, port, err := net.SplitHostPort(a.public)
	if err != nil {
		return "", fmt.Errorf("-addr %s: %w", a.public, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", fmt.Errorf("-addr %s: the port is no number; choose one such as 127.0.0.1:8080", a.public)
	}
	if n == 0 || n == math.MaxUint16 { // any free one
		return net.JoinHostPort(host, "0"), nil
	}
	return net.JoinHostPort(host, strconv.FormatUint(n+1, 10)), nil
}

// run runs the stack until ctx ends; release lets a second Ctrl-C end the program at once.
func run(ctx context.Context, release func(), at addresses, state string, reset, demo bool) error {
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
	console, err := at.consoleAddr()
	if err != nil {
		return err
	}
	begin := time.Now()
	progress := func(s string) { fmt.Printf("%5.1f s  %s\n", time.Since(begin).Seconds(), s) }
	histories, err := demoAccounts(demo)
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{Root: root, Addr: at.public, ConsoleAddr: console, StateDir: state, Progress: progress, Demos: func() []page.Demo { return demos(histories) }})
	if ctx.Err() != nil && err != nil {
		progress("stopped before it was ready; the saved state is as it was")
		return nil
	}
	if err != nil {
		return err
	}
	progress("ready")
	fmt.Printf("\n  Usher runs at %s\n  Accounts, people to sign in as, mails, events and clocks are there. The console is at %s\n  Ctrl-C stops it.\n\n", s.URL(), s.ConsoleURL())
	made := make(chan struct{})
	go func() {
		defer close(made)
		makeDemos(ctx, s, root, histories)
	}()
	var ended error
	select {
	case <-ctx.Done():
	case <-s.DatabaseEnded():
		ended = errors.New("DynamoDB Local has ended by itself; what was saved last is there after the next start")
	}
	release()
	<-made // it ends with ctx, or with the database
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

// demoAccounts are those of the five systems, or none.
func demoAccounts(wanted bool) (*story.Histories, error) {
	if !wanted {
		return story.NewHistories(nil)
	}
	scripts, err := story.Systems()
	if err != nil {
		return nil, err
	}
	return story.NewHistories(scripts)
}

// makeDemos plays what is not there yet. A story that fails is told and leaves the stack as it is.
func makeDemos(ctx context.Context, s *stack.Stack, root string, histories *story.Histories) {
	at, err := story.Discover(ctx, s.URL())
	if err == nil {
		catalog := func(file string) (string, error) {
			text, err := os.ReadFile(filepath.Join(root, "infra", "catalog", file))
			return string(text), err
		}
		err = histories.Run(ctx, at, catalog, os.Stdout)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "usher: not all demo accounts are there:", err)
	}
}

// demos are the histories as the start page shows them.
func demos(histories *story.Histories) []page.Demo {
	var out []page.Demo
	for _, h := range histories.All() {
		owner := h.Script.Owner
		d := page.Demo{
			Email: owner.Name + "@" + h.Script.Domain, First: owner.First, Last: owner.Last,
			System: h.Script.ID, Title: h.Script.Title, Account: h.Account, State: string(h.State), Try: h.Script.Try,
			Done: h.Progress.Done, Steps: len(h.Script.Steps), Chapter: h.Progress.Chapter,
		}
		if h.Err != nil {
			d.Problem = h.Err.Error()
		}
		out = append(out, d)
	}
	return out
}
