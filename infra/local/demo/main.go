// Command demo plays a customer's month against the running stack, with fresh
// names: go run ./infra/local/demo
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/usher-seats/usher/infra/local/story"
)

func main() {
	page := flag.String("stack", "http://127.0.0.1:8080", "address of the stack's page")
	catalog := flag.String("catalog", "infra/catalog/sample.yaml", "file of the catalog to publish")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := play(ctx, *page, *catalog); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func play(ctx context.Context, page, catalog string) error {
	text, err := os.ReadFile(catalog)
	if err != nil {
		return err
	}
	stack, err := story.Discover(ctx, page)
	if err != nil {
		return err
	}
	return story.Play(ctx, stack, string(text), os.Stdout)
}
