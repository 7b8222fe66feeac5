// Command bundle makes the console's files of its sources: go run ./infra/console/bundle, or make console.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/usher-seats/usher/infra/console"
	"github.com/usher-seats/usher/infra/local/checkout"
)

func main() {
	out := flag.String("out", "", "folder to write to; empty: "+console.DistDir+" of the checkout")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out string) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join(root, console.DistDir)
	}
	files, err := console.Bundle(filepath.Join(root, console.AppDir))
	if err != nil {
		return err
	}
	size, err := console.Zipped(files["app.js"])
	if err != nil {
		return err
	}
	if err := console.Write(files, out); err != nil {
		return err
	}
	const kilo = 1000
	fmt.Printf("  %d files in %s; app.js has %d.%d kB gzipped\n", len(files), out, size/kilo, size%kilo/100)
	return nil
}
