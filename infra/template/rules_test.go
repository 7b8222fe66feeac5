package template_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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

const sampleID = "01hv6q8x3k9n2m4p5r7s8t9v0w"

// samples are one event of every type that the code emits, those that can carry an
// invoice with and without one, and two that are none of ours.
func samples(t *testing.T) []sample {
	t.Helper()
	var out []sample
	for _, kind := range events.Types() {
		for _, invoice := range []int64{0, 12} {
			detail, err := events.Encode(fullEvent(kind, invoice))
			if err != nil {
				t.Fatalf("an event of type %s: %v", kind, err)
			}
			carries := strings.Contains(string(detail), `"invoice_number"`)
			if invoice > 0 && !carries {
				continue
			}
			out = append(out, envelope(t, events.Source, kind, detail, carries))
		}
	}
	due, err := events.AccountsDue{
		Accounts: []seats.AccountID{"acc_" + sampleID}, DueBefore: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return append(out,
		envelope(t, events.Source, events.TypeAccountsDue, due, false),
		envelope(t, "aws.ses", "Email Bounced", []byte(`{}`), false),
		envelope(t, "somebody", "user.invited", []byte(`{}`), false),
	)
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

// fullEvent has every particular filled; Encode writes those of the type.
func fullEvent(kind string, invoice int64) events.Event {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	user := seats.UserID("usr_" + sampleID)
	return events.Event{
		ID: "evt_" + sampleID, Account: "acc_" + sampleID, Type: kind, At: at, RecordedAt: at,
		Actor: seats.Actor{Kind: seats.ActorUser, ID: string(user)}, Revs: []seats.Rev{{ID: string(user), Rev: 3}},
		Data: seats.EventData{
			UserID: user, UserIDs: []seats.UserID{user}, OwnerID: user, FromUserID: user, ToUserID: user, InviterID: user,
			InvitationID: "inv_" + sampleID, Generation: 1, ExpiresAt: at.AddDate(0, 0, 7), Role: seats.Member, FromRole: seats.Admin,
			Subscription: "sub_" + sampleID + "_meetings", Product: "meetings", Plan: seats.PlanRef{ID: "team", Version: 1},
			Seats: 5, From: 5, To: 8, QuoteID: "quo_" + sampleID, AmountMinor: 1800, Currency: "EUR", InvoiceNumber: invoice,
			EffectiveAt: at, PeriodStart: at, PeriodEnd: at.AddDate(0, 1, 0), Reason: "manual",
			Ended: []string{"meetings"},
		},
	}
}

// wanted says which samples a rule is for.
func wanted(rule string) (func(sample) bool, bool) {
	mailed := []string{
		seats.UserInvitedEvent, seats.InvitationResent, seats.InvitationExpiredEv, seats.LicenseAssigned, seats.LicenseRevoked,
		seats.SeatsIncreased, seats.DecreaseScheduled, seats.OwnershipTransferred,
	}
	ours := func(s sample) bool { return s.event["source"] == events.Source }
	switch rule {
	case "MailRule":
		return func(s sample) bool { return ours(s) && (s.invoiced || slices.Contains(mailed, s.kind)) }, true
	case "CloseDueRule":
		return func(s sample) bool { return ours(s) && s.kind == events.TypeAccountsDue }, true
	case "ParkedRule":
		return func(s sample) bool { return ours(s) && s.kind == seats.AccountParkedEvent }, true
	}
	return nil, false
}

func checkRules(p *problems, tpl *template.Template, repo repository) {
	for _, rule := range tpl.Resources("AWS::Events::Rule") {
		want, known := wanted(rule.ID)
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
		pattern := template.MapAt(rule.Properties, "EventPattern")
		for _, s := range repo.samples {
			got, err := matches(pattern, s.event)
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
		var pattern template.Map
		if err := json.Unmarshal([]byte(template.StringAt(m, "Pattern")), &pattern); err != nil {
			p.add("publish has a filter that is not JSON:", err.Error())
			continue
		}
		for _, c := range []struct {
			kind, pk string
			want     bool
		}{
			{"INSERT", "E#acc_" + sampleID + "#2026-11", true},
			{"MODIFY", "E#acc_" + sampleID + "#2026-11", false},
			{"REMOVE", "E#acc_" + sampleID + "#2026-11", false},
			{"INSERT", "A#acc_" + sampleID, false},
			{"INSERT", "M#e@example.com", false},
		} {
			record := map[string]any{"eventName": c.kind, "dynamodb": map[string]any{"Keys": map[string]any{"pk": map[string]any{"S": c.pk}}}}
			if got, err := matches(pattern, record); err != nil || got != c.want {
				p.add("publish's filter takes", c.kind, c.pk+":", fmt.Sprint(got, " ", err))
			}
		}
	}
}

// matches applies the part of EventBridge's patterns that the template uses:
// values, prefix, exists and $or. It fails on any other, so that a misspelt one is
// not taken for one that matches nothing.
func matches(pattern, event map[string]any) (bool, error) {
	for key, want := range pattern {
		var ok bool
		var err error
		if key == "$or" {
			ok, err = matchesAny(want, event)
		} else {
			value, present := event[key]
			ok, err = matchesField(key, want, value, present)
		}
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func matchesAny(list any, event map[string]any) (bool, error) {
	patterns, ok := list.([]any)
	if !ok || len(patterns) < 2 {
		return false, fmt.Errorf("$or needs two patterns or more")
	}
	some := false
	for _, p := range patterns {
		m, ok := p.(map[string]any)
		if !ok {
			return false, fmt.Errorf("$or holds %v", p)
		}
		got, err := matches(m, event)
		if err != nil {
			return false, err
		}
		some = some || got
	}
	return some, nil
}

func matchesField(key string, want, value any, present bool) (bool, error) {
	switch want := want.(type) {
	case map[string]any:
		inner, _ := value.(map[string]any)
		return matches(want, inner)
	case []any:
		for _, w := range want {
			got, err := matchesValue(w, value, present)
			if got || err != nil {
				return got, err
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("%s is neither a list nor a mapping", key)
}

func matchesValue(want, value any, present bool) (bool, error) {
	m, ok := want.(map[string]any)
	if !ok {
		return present && fmt.Sprint(want) == fmt.Sprint(value), nil
	}
	if exists, ok := m["exists"].(bool); ok && len(m) == 1 {
		return exists == present, nil
	}
	if prefix, ok := m["prefix"].(string); ok && len(m) == 1 {
		text, isText := value.(string)
		return isText && strings.HasPrefix(text, prefix), nil
	}
	return false, fmt.Errorf("unknown filter %v", want)
}

func TestMatchesReadsPatternsAsEventBridgeDoes(t *testing.T) {
	for _, c := range []struct {
		name, pattern, event string
		want, fails          bool
	}{
		{"a value of a list", `{"a":["x","y"]}`, `{"a":"y"}`, true, false},
		{"no value of a list", `{"a":["x","y"]}`, `{"a":"z"}`, false, false},
		{"a missing field", `{"a":["x"]}`, `{}`, false, false},
		{"a field that must be there", `{"a":{"b":[{"exists":true}]}}`, `{"a":{"b":7}}`, true, false},
		{"a field that must be there and is not", `{"a":{"b":[{"exists":true}]}}`, `{"a":{}}`, false, false},
		{"a field that must not be there", `{"a":[{"exists":false}]}`, `{}`, true, false},
		{"a prefix", `{"a":[{"prefix":"E#"}]}`, `{"a":"E#1"}`, true, false},
		{"one of two patterns", `{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, true, false},
		{"none of two patterns", `{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"z"}`, false, false},
		{"a filter that there is not", `{"a":[{"prefx":"E#"}]}`, `{"a":"E#1"}`, false, true},
		{"a value without a list", `{"a":"x"}`, `{"a":"x"}`, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pattern, event map[string]any
			if err := json.Unmarshal([]byte(c.pattern), &pattern); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(c.event), &event); err != nil {
				t.Fatal(err)
			}
			got, err := matches(pattern, event)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("matches = %v, %v", got, err)
			}
		})
	}
}
