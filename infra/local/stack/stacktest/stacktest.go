// Package stacktest starts a stack for a test: on free ports, in a database of its own of the tests' shared DynamoDB Local.
package stacktest

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/stack"
)

// retryBase makes retries come at once.
const retryBase = 20 * time.Millisecond

// Start starts a stack with the options and stops it after the test. The test fails where either does. Database and
// RetryBase are set unless they are given.
func Start(t testing.TB, o stack.Options) *stack.Stack {
	t.Helper()
	if o.Database == nil {
		o.Database = dynamotest.Client(t)
	}
	if o.RetryBase == 0 {
		o.RetryBase = retryBase
	}
	if o.Progress == nil {
		o.Progress = func(s string) { t.Log(s) }
	}
	s, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatalf("stacktest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stacktest: stop: %v", err)
		}
	})
	return s
}
