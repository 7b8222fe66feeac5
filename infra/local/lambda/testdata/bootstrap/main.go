// Command bootstrap does what its event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do string `json:"do"`
	// Wait is a file to wait for.
	Wait string `json:"wait"`
	Size int    `json:"size"`
	Name string `json:"name"`
}

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "pid":
		await(ctx, e.Wait)
		return os.Getpid(), nil
	case "hang":
		fmt.Println("hanging")
		select {}
	case "exit":
		os.Exit(3)
	case "panic":
		panic("oh no")
	case "fail":
		return nil, errors.New("it failed")
	case "big":
		return strings.Repeat("x", e.Size), nil
	case "env":
		return os.Getenv(e.Name), nil
	case "deadline":
		at, _ := ctx.Deadline()
		return time.Until(at).Seconds(), nil
	case "context":
		c, _ := lambdacontext.FromContext(ctx)
		return c, nil
	}
	return e, nil
}

// await returns when the file is there.
func await(ctx context.Context, file string) {
	for file != "" && ctx.Err() == nil {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func main() {
	if os.Getenv("FAIL_AT_START") != "" {
		fmt.Println("cannot start")
		os.Exit(1)
	}
	lambda.Start(handle)
}
