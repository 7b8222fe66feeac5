// Command close closes the billing cycles of the accounts that it is told of: each
// missed period in its order, the invoice, the rolled period, and the licenses
// that a decrease takes.
//
// Trigger: the close queue, filled by the rule CloseDueRule, up to 100 accounts a
// message, ReportBatchItemFailures on.
//
// Duplicate: a period is closed once, by the transaction's condition on it; what
// is closed already is skipped with success.
//
// Failure: an account that can never be closed is parked with its reason and
// holds up no other. Where DynamoDB fails, the message comes again with back-off
// and ends in CloseDeadLetters; closedue finds its accounts again every hour.
package main

import (
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/service"
)

const function = "close"

func main() {
	cfg, err := boot.Load[boot.Close]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	boot.Async(rt, handler{svc: service.New(rt, cfg.Tables), log: rt.Log}.handle)
}
