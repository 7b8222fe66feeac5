// Command clock moves the clocks of the running stack's accounts:
//
//	go run ./infra/local/clock                                   all to their next boundary
//	go run ./infra/local/clock -to 2027-01-01T00:00:00Z -account acc_…
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/usher-seats/usher/infra/local/story"
)

func main() {
	page := flag.String("stack", "http://127.0.0.1:8080", "address of the stack's page")
	account := flag.String("account", "", "id of one account; empty: all")
	to := flag.String("to", "", "instant like 2027-01-01T00:00:00Z; empty: the next boundary")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := move(ctx, *page, *account, *to); err != nil {
		fmt.Fprintln(os.Stderr, "clock:", err)
		os.Exit(1)
	}
}

func move(ctx context.Context, page, account, to string) error {
	var target time.Time
	if to != "" {
		var err error
		if target, err = time.Parse(time.RFC3339, to); err != nil {
			return fmt.Errorf("-to must be an instant like 2027-01-01T00:00:00Z: %w", err)
		}
	}
	stack, err := story.Discover(ctx, page)
	if err != nil {
		return err
	}
	return story.MoveClocks(ctx, stack, account, target, os.Stdout)
}
