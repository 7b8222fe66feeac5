// Command bundle makes the console's files of its sources: go run ./infra/console/bundle, or make console.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/usher-seats/usher/infra/console"
	"github.com/usher-seats/usher/infra/local/checkout"
)

func main() {
	out := flag.String("out", "", "folder to write to, unpacked, for a look; empty: "+console.DistDir+" of the checkout, packed")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	app := filepath.Join(root, console.AppDir)
	files, err := console.Bundle(app)
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join(root, console.DistDir)
		if err := console.Pack(ctx, app, files); err != nil {
			return err
		}
	}
	if err := console.Write(files, out); err != nil {
		return err
	}
	fmt.Printf("  %d files in %s; app.js has %d bytes, packed %d of at most %d\n", len(files), out, len(files["app.js"]), len(files[console.Packed]), console.MaxScriptBytes)
	return nil
}
