// Package boot turns a function's environment into a running Lambda: its
// configuration, its AWS clients' settings, its log, its metrics and its start.
//
// A function's main reads like this, and holds nothing else:
//
//	cfg, err := boot.Load[boot.Publish]()
//	if err != nil {
//		boot.Fail("publish", err)
//	}
//	rt := boot.New("publish", cfg.Common)
//	h := handler{bus: bus.New(rt.AWS), ...}
//	boot.Async(rt, h.Handle)
//
// HTTP functions end with boot.HTTP(rt, apigw.Adapt(...)). This package links
// neither the API's packages nor any AWS service: the constructors of clients are
// packages of their own (boot/dynamo, boot/bus, boot/mailer), so that a function
// carries only what it uses.
//
// Every invocation writes one line when it ends: function, request, duration,
// outcome, and whatever the code on the way has added through package logsafe.
// The counts of that line become CloudWatch metrics by a second line in the
// embedded metric format.
package boot

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/usher-seats/usher/internal/logsafe"
)

// warmTimeout bounds the first call made while a function starts. Lambda gives
// the whole start 10 s; a service that does not answer in a second will be met
// again by the first request, which reports it better.
const warmTimeout = time.Second

// Runtime is what a function has once it is configured.
type Runtime struct {
	Function string
	AWS      aws.Config
	Log      *slog.Logger
	Metrics  Metrics
	// Now is the wall clock in UTC.
	Now func() time.Time
}

// Now is the wall clock in UTC. Code that decides anything gets it passed in.
func Now() time.Time { return time.Now().UTC() }

// New returns the runtime of a function. It writes log and metrics to standard
// output, where Lambda picks them up, and makes the logger slog's default.
func New(function string, c Common) Runtime {
	rt := newRuntime(function, c, os.Stdout)
	slog.SetDefault(rt.Log)
	return rt
}

func newRuntime(function string, c Common, out io.Writer) Runtime {
	return Runtime{
		Function: function,
		AWS:      AWSConfig(c),
		Log:      logsafe.NewLogger(out, c.LogLevel).With("function", function),
		Metrics:  Metrics{Out: out, Function: function},
		Now:      Now,
	}
}

// Fail says why a function cannot start and ends the process, which Lambda
// reports as a failed start.
func Fail(function string, err error) {
	logsafe.NewLogger(os.Stdout, slog.LevelInfo).Error("cannot start", "function", function, "err", err)
	os.Exit(1)
}

// Warm makes a first call while the function starts, so that the connection and
// its TLS are there when the first request comes: about 0.4 s less for a small
// function. A failure is logged and otherwise ignored.
func (rt Runtime) Warm(call func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	defer cancel()
	if err := call(ctx); err != nil {
		rt.Log.Warn("first call failed, going on", "err", err)
	}
}
