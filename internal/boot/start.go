package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/usher-seats/usher/internal/logsafe"
)

// asyncReserve is what an asynchronous function keeps of its time to write its
// line and report what is left, before Lambda ends the process.
const asyncReserve = 500 * time.Millisecond

// stopGrace is what an invocation gets to end and to hand in its answer.
const stopGrace = 2 * time.Second

// HTTP starts a function behind the API with what apigw.Adapt returned. It never
// returns.
func HTTP(rt Runtime, handle func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)) {
	start(rt, wrap(rt, handle))
}

// Async starts a function that is called by a stream, a queue, a rule or a
// schedule; O is struct{} where nothing is answered. The handler's context ends
// half a second before Lambda would end the process. A panic becomes an error, so
// that the trigger's retries and dead letters apply. It never returns.
func Async[I, O any](rt Runtime, handle func(context.Context, I) (O, error)) {
	start(rt, wrap(rt, reserved(handle)))
}

func reserved[I, O any](handle func(context.Context, I) (O, error)) func(context.Context, I) (O, error) {
	return func(ctx context.Context, in I) (O, error) {
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-asyncReserve))
			defer cancel()
		}
		return handle(ctx, in)
	}
}

// start runs the loop of invocations. SIGTERM ends an idle process at once, and a
// busy one when its invocation is over or stopGrace is; Lambda itself sends none
// to a function without extensions, and there is nothing to flush.
func start[I, O any](rt Runtime, handle func(context.Context, I) (O, error)) {
	var busy sync.Mutex
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		if !busy.TryLock() {
			<-time.After(stopGrace)
		}
		rt.Log.Info("stopped")
		os.Exit(0)
	}()
	lambda.StartWithOptions(func(ctx context.Context, in I) (O, error) {
		busy.Lock()
		defer busy.Unlock()
		return handle(ctx, in)
	})
}

// wrap gives an invocation its line, its metrics and its net under panics.
func wrap[I, O any](rt Runtime, handle func(context.Context, I) (O, error)) func(context.Context, I) (O, error) {
	return func(ctx context.Context, in I) (out O, err error) {
		began := rt.Now()
		ctx, line := logsafe.Begin(ctx)
		if lc, ok := lambdacontext.FromContext(ctx); ok {
			line.Set(slog.String("request_id", lc.AwsRequestID))
		}
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
				line.Set(slog.String("stack", string(debug.Stack())))
			}
			rt.finish(ctx, line, began, err)
		}()
		return handle(ctx, in)
	}
}

func (rt Runtime) finish(ctx context.Context, line *logsafe.Line, began time.Time, err error) {
	now := rt.Now()
	line.Set(slog.Int64("duration_ms", now.Sub(began).Milliseconds()))
	level := slog.LevelInfo
	if err != nil {
		line.Set(slog.Any("err", err))
		level = slog.LevelError
	}
	line.Write(ctx, rt.Log, level, "invocation")
	if err := rt.Metrics.Put(now, line.Counts()); err != nil {
		rt.Log.Error("metrics not written", "err", err)
	}
}
