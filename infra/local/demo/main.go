// Command demo plays the story of a system against the running stack, with fresh
// names: go run ./infra/local/demo -system teams
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/story"
)

func main() {
	page := flag.String("stack", "http://127.0.0.1:8080", "address of the stack's page")
	system := flag.String("system", "month", "which story: teams, prospecting, service-desk, valuation, meetings or month")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := play(ctx, *page, *system); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func play(ctx context.Context, page, system string) error {
	script, err := story.Find(system)
	if err != nil {
		return err
	}
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	catalog, err := os.ReadFile(filepath.Join(root, "infra", "catalog", script.Catalog))
	if err != nil {
		return err
	}
	stack, err := story.Discover(ctx, page)
	if err != nil {
		return err
	}
	return script.Run(ctx, story.Play{World: stack, Catalog: string(catalog), Fresh: true, Out: os.Stdout})
}
