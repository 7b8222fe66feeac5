// Command types checks the console's types, those of the API's document included: go run ./infra/console/types, or make console.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/usher-seats/usher/infra/console"
	"github.com/usher-seats/usher/infra/local/checkout"
)

func main() {
	root, err := checkout.Root()
	if err == nil {
		err = console.CheckTypes(context.Background(), root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
