// Command mail tells people by mail what happened to them.
//
// Trigger: the mail queue, filled by the rule MailRule with the ledger events that
// somebody is told of, ReportBatchItemFailures on.
//
// Duplicate: one send marker per event, recipient and kind is claimed before the
// send and confirmed after it, so that a mail goes out once, and twice only where
// SES's answer was lost; both copies carry the same link.
//
// Failure: while SES is away the message comes again, for some five hours, then
// lies in MailDeadLetters with its payload for 14 days, to be redriven. A letter
// that SES refuses for good is recorded at its marker and not tried again; the list of
// invitations shows what became of those with links.
package main

import (
	"fmt"
	"strings"

	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/dynamo"
	"github.com/usher-seats/usher/internal/boot/mailer"
	"github.com/usher-seats/usher/internal/document"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

const function = "mail"

func main() {
	cfg, err := boot.Load[boot.Mail]()
	if err != nil {
		boot.Fail(function, err)
	}
	if wrong := seats.CheckWebAddress(cfg.ConsoleURL); wrong != "" {
		boot.Fail(function, fmt.Errorf("CONSOLE_URL %s: no mail could lead there", wrong))
	}
	rt := boot.New(function, cfg.Common)
	client := dynamo.New(rt.AWS, cfg.Tables.Endpoint)
	st := store.New(client, store.Options{SeatsTable: cfg.Tables.Seats, KeysTable: cfg.Tables.Keys})
	sender, err := mail.NewSender(mailer.New(rt.AWS, cfg.SESEndpoint), mail.SenderOptions{From: cfg.From, ConfigurationSet: cfg.ConfigurationSet})
	if err != nil {
		boot.Fail(function, err)
	}
	rt.Warm(dynamo.Warm(client, cfg.Tables.Seats))
	h := handler{
		writer:   writer{store: st, key: st.InvitationKey, console: strings.TrimRight(cfg.ConsoleURL, "/"), now: rt.Now, pdf: document.PDF},
		renderer: mail.NewRenderer(),
		courier:  mail.Courier{Markers: mail.NewDynamoMarkers(client, cfg.Tables.Keys), Sender: sender, Now: rt.Now, Log: rt.Log},
		log:      rt.Log,
	}
	boot.Async(rt, h.handle)
}
