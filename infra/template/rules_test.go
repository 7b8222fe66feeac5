package template_test

import (
	"encoding/json"
	"fmt"
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
	// data is what the type alone has; nil for what is no ledger event.
	data  map[string]any
	event map[string]any
}

const sampleAccount seats.AccountID = "acc_01hv6q8x3k9n2m4p5r7s8t9v0w"

// without are the ways in which an event may say less than its sample: what the rules
// look at is there or not, one by one and all at once.
func without() []func(*seats.EventData) {
	noInvoice := func(d *seats.EventData) { d.InvoiceNumber, d.InvoiceFirst = 0, false }
	notFirst := func(d *seats.EventData) { d.InvoiceFirst = false }
	noNote := func(d *seats.EventData) { d.CreditNote = 0 }
	noTrial := func(d *seats.EventData) { d.Trial = false }
	ways := []func(*seats.EventData){
		noInvoice, notFirst, noNote, noTrial,
		func(d *seats.EventData) { noInvoice(d); noNote(d) },
		func(d *seats.EventData) { noInvoice(d); noTrial(d) },
		func(d *seats.EventData) { noNote(d); noTrial(d) },
		func(d *seats.EventData) { notFirst(d); noNote(d); noTrial(d) },
		func(d *seats.EventData) { d.Ended = nil },
		func(d *seats.EventData) { d.UserIDs = nil },
		func(d *seats.EventData) { d.Licensed = false },
		func(d *seats.EventData) { d.Licensed, d.Subscription, d.Product = false, "", "" },
		func(d *seats.EventData) {
			if d.Reason == seats.ReasonRevoked {
				d.Reason = seats.ReasonPlan
			}
		},
	}
	return append(ways, func(d *seats.EventData) {
		for _, less := range ways {
			less(d)
		}
	})
}

// samples are an event of every type that the code emits, each also without what it
// may be without, and three that are no ledger events of ours.
func samples(t *testing.T) []sample {
	t.Helper()
	var out []sample
	for _, e := range events.Samples() {
		details := map[string]bool{}
		for _, less := range append(without(), func(*seats.EventData) {}) {
			fewer := e
			less(&fewer.Data)
			detail, err := events.Encode(fewer)
			if err != nil || details[string(detail)] {
				continue // it is never without that, or has none of it
			}
			details[string(detail)] = true
			out = append(out, envelope(t, events.Source, e.Type, detail))
		}
		if len(details) == 0 {
			t.Errorf("the sample of %s is none", e.Type)
		}
	}
	due, err := events.AccountsDue{
		Accounts: []seats.AccountID{sampleAccount}, DueBefore: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return append(out,
		envelope(t, events.Source, events.TypeAccountsDue, due),
		envelope(t, "aws.ses", "Email Bounced", []byte(`{}`)),
		envelope(t, "somebody", seats.UserInvitedEvent, []byte(`{}`)),
	)
}

func envelope(t *testing.T, source, kind string, detail []byte) sample {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(detail, &d); err != nil {
		t.Fatal(err)
	}
	data, _ := d["data"].(map[string]any)
	return sample{name: fmt.Sprint(source, " ", kind, " ", data), kind: kind, data: data, event: map[string]any{
		"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "account": "123456789012", "region": "eu-west-1",
		"time": "2026-11-22T09:00:00Z", "resources": []any{}, "source": source, "detail-type": kind, "detail": d,
	}}
}

// tells reports whether somebody can be told of an event of a type that mail writes
// about, as far as the event itself says.
func (s sample) tells() bool {
	has := func(name string) bool { return s.data[name] != nil }
	some := func(name string) bool { list, _ := s.data[name].([]any); return len(list) > 0 }
	switch s.kind {
	case seats.SubscriptionStarted:
		return has("invoice_number")
	case seats.DaySettled:
		return has("invoice_first") || has("credit_note")
	case seats.CycleClosed:
		return has("invoice_first") || has("credit_note") || has("trial")
	case seats.InvoiceVoided:
		return has("credit_note")
	case seats.UserDeactivatedEvent, seats.UserRemovedEvent:
		return some("licenses_ended")
	case seats.UserJoined:
		return has("subscription_id") && s.data["licensed"] == false
	case seats.LicenseRevoked:
		return some("user_ids") && s.data["reason"] != seats.ReasonPlan
	}
	return true
}

// wanted says which samples a rule is for.
func wanted(rule string, mailed map[string]bool) (func(sample) bool, bool) {
	ours := func(s sample) bool { return s.event["source"] == events.Source }
	switch rule {
	case "MailRule":
		return func(s sample) bool { return ours(s) && mailed[s.kind] && s.tells() }, true
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
