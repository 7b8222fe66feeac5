package template_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/template"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

// sample is an event as the bus delivers it.
type sample struct {
	name string
	kind string
	// invoiced is set where an invoice was issued with the event.
	invoiced bool
	event    map[string]any
}

const sampleAccount seats.AccountID = "acc_01hv6q8x3k9n2m4p5r7s8t9v0w"

// samples are an event of every type that the code emits, those that can carry an
// invoice with and without one, and two that are none of ours.
func samples(t *testing.T) []sample {
	t.Helper()
	var out []sample
	for _, e := range events.Samples() {
		out = append(out, ledgerEvent(t, e))
		if e.Data.InvoiceNumber != 0 {
			e.Data.InvoiceNumber, e.Data.InvoiceFirst = 0, false
			if _, err := events.Encode(e); err == nil { // it may be without one
				out = append(out, ledgerEvent(t, e))
			}
		}
	}
	due, err := events.AccountsDue{
		Accounts: []seats.AccountID{sampleAccount}, DueBefore: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return append(out,
		envelope(t, events.Source, events.TypeAccountsDue, due, false),
		envelope(t, "aws.ses", "Email Bounced", []byte(`{}`), false),
		envelope(t, "somebody", seats.UserInvitedEvent, []byte(`{}`), false),
	)
}

func ledgerEvent(t *testing.T, e events.Event) sample {
	t.Helper()
	detail, err := events.Encode(e)
	if err != nil {
		t.Fatalf("the sample of %s: %v", e.Type, err)
	}
	return envelope(t, events.Source, e.Type, detail, strings.Contains(string(detail), `"invoice_number"`))
}

func envelope(t *testing.T, source, kind string, detail []byte, invoiced bool) sample {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(detail, &d); err != nil {
		t.Fatal(err)
	}
	name := source + " " + kind
	if invoiced {
		name += " with an invoice"
	}
	return sample{name: name, kind: kind, invoiced: invoiced, event: map[string]any{
		"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "account": "123456789012", "region": "eu-west-1",
		"time": "2026-11-22T09:00:00Z", "resources": []any{}, "source": source, "detail-type": kind, "detail": d,
	}}
}

// wanted says which samples a rule is for.
func wanted(rule string, mailed map[string]bool) (func(sample) bool, bool) {
	ours := func(s sample) bool { return s.event["source"] == events.Source }
	switch rule {
	case "MailRule":
		return func(s sample) bool {
			// Of some the mail is the invoice or the credit note, so without one there is none.
			switch data, _ := s.event["detail"].(map[string]any)["data"].(map[string]any); s.kind {
			case seats.SubscriptionStarted, seats.PlanUpgraded:
				return ours(s) && s.invoiced
			case seats.CycleClosed, seats.DaySettled:
				return ours(s) && (s.invoiced || data["credit_note"] != nil)
			}
			return ours(s) && mailed[s.kind]
		}, true
	case "CloseDueRule":
		return func(s sample) bool { return ours(s) && s.kind == events.TypeAccountsDue }, true
	case "ParkedRule":
		return func(s sample) bool { return ours(s) && s.kind == seats.AccountParkedEvent }, true
	}
	return nil, false
}

func checkRules(p *problems, tpl *template.Template, repo repository) {
	for _, rule := range tpl.Resources("AWS::Events::Rule") {
		want, known := wanted(rule.ID, repo.mailed)
		if !known {
			p.add("the tests do not say what", rule.ID, "is for")
			continue
		}
		if template.Target(rule.Properties["EventBusName"]) != "Bus" {
			p.add(rule.ID, "listens to another bus")
		}
		if template.StringAt(rule.Properties, "State") == "DISABLED" {
			p.add(rule.ID, "is switched off")
		}
		filter := template.MapAt(rule.Properties, "EventPattern")
		for _, s := range repo.samples {
			got, err := matches(filter, s.event)
			switch {
			case err != nil:
				p.add(rule.ID, "has a pattern that is wrong:", err.Error())
				return
			case got && !want(s):
				p.add(rule.ID, "takes", s.name)
			case !got && want(s):
				p.add(rule.ID, "does not take", s.name)
			}
		}
	}
	checkStreamFilter(p, tpl)
}

// checkStreamFilter wants publish to see new ledger items and nothing else.
func checkStreamFilter(p *problems, tpl *template.Template) {
	publish, _ := tpl.Function("publish")
	for _, e := range publish.Events {
		filters := template.ListAt(e.Properties, "FilterCriteria", "Filters")
		if len(filters) != 1 {
			p.add("publish has", fmt.Sprint(len(filters)), "filters")
			continue
		}
		m, _ := filters[0].(template.Map)
		var filter template.Map
		if err := json.Unmarshal([]byte(template.StringAt(m, "Pattern")), &filter); err != nil {
			p.add("publish has a filter that is not JSON:", err.Error())
			continue
		}
		for _, c := range []struct {
			kind, pk string
			want     bool
		}{
			{"INSERT", "E#" + string(sampleAccount) + "#2026-11", true},
			{"MODIFY", "E#" + string(sampleAccount) + "#2026-11", false},
			{"REMOVE", "E#" + string(sampleAccount) + "#2026-11", false},
			{"INSERT", "A#" + string(sampleAccount), false},
			{"INSERT", "M#e@example.com", false},
		} {
			record := map[string]any{"eventName": c.kind, "dynamodb": map[string]any{"Keys": map[string]any{"pk": map[string]any{"S": c.pk}}}}
			if got, err := matches(filter, record); err != nil || got != c.want {
				p.add("publish's filter takes", c.kind, c.pk+":", fmt.Sprint(got, " ", err))
			}
		}
	}
}

// matches tells whether a pattern matches an event.
func matches(filter, event map[string]any) (bool, error) {
	text, err := json.Marshal(filter)
	if err != nil {
		return false, err
	}
	compiled, err := pattern.Compile(string(text))
	if err != nil {
		return false, err
	}
	body, err := json.Marshal(event)
	return compiled.Match(body), err
}
