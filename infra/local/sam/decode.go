package sam

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// only reports the keys of a map that are not among the known ones.
func (r *resolver) only(v *Value, what string, known []string) {
	if v == nil {
		return
	}
	if v.err != nil {
		r.errs = append(r.errs, v.err)
		return
	}
	for _, key := range v.keys {
		if !slices.Contains(known, key) {
			r.fail(v.fields[key].Line, "%s: the property %s is not known to the local stack", what, key)
		}
	}
}

// text is a value that must be known.
func (r *resolver) text(v *Value) string {
	if err := v.Err(); err != nil {
		r.errs = append(r.errs, err)
	}
	return v.Text()
}

// need is a text that must be there.
func (r *resolver) need(v *Value, line int, what string) string {
	s := r.text(v)
	if s == "" && v.Err() == nil {
		r.fail(line, "%s is missing", what)
	}
	return s
}

func (r *resolver) number(v *Value, otherwise int) int {
	if v == nil {
		return otherwise
	}
	n, err := strconv.Atoi(r.text(v))
	if err != nil && v.Err() == nil {
		r.fail(v.Line, "%q is no whole number", v.Text())
	}
	return n
}

func (r *resolver) seconds(v *Value, otherwise time.Duration) time.Duration {
	if v == nil {
		return otherwise
	}
	return time.Duration(r.number(v, 0)) * time.Second
}

// flag reads a boolean. YAML 1.1 spellings are refused by CloudFormation too.
func (r *resolver) flag(v *Value, otherwise bool) bool {
	if v == nil {
		return otherwise
	}
	s := r.text(v)
	if s != "true" && s != "false" {
		r.fail(v.Line, "%q is neither true nor false", s)
	}
	return s == "true"
}

// within reports a number outside its bounds.
func (r *resolver) within(line int, what string, n, low, high int) {
	if n < low || n > high {
		r.fail(line, "%s is %d and must be %d to %d", what, n, low, high)
	}
}

// jsonText is a property that is either a JSON text or a map that stands for it.
func (r *resolver) jsonText(v *Value, what string) string {
	if v == nil {
		return ""
	}
	if !v.IsMap() {
		s := r.text(v)
		if v.Err() == nil && !json.Valid([]byte(s)) {
			r.fail(v.Line, "%s is no JSON", what)
		}
		return s
	}
	b, err := v.MarshalJSON()
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return string(b)
}

// filters reads FilterCriteria.
func (r *resolver) filters(v *Value) Filters {
	r.only(v, "FilterCriteria", []string{"Filters"})
	var out Filters
	for _, f := range v.Get("Filters").Items() {
		r.only(f, "a filter", []string{"Pattern"})
		out = append(out, r.jsonText(f.Get("Pattern"), "the filter's Pattern"))
	}
	return out
}

// responseTypes reads FunctionResponseTypes: whether failures are reported item by item.
func (r *resolver) responseTypes(v *Value) bool {
	for _, item := range v.Items() {
		if s := r.text(item); s != "ReportBatchItemFailures" {
			r.fail(item.Line, "there is no function response type %q", s)
		}
	}
	return len(v.Items()) > 0
}

const (
	defaultRetries   = 185
	defaultRetryAge  = 24 * time.Hour
	maxEventAgeShown = 86400
)

// retry reads RetryPolicy and DeadLetterConfig of a rule's target or a schedule.
func (r *resolver) retry(policy, dead *Value) RetryPolicy {
	r.only(policy, "RetryPolicy", []string{"MaximumRetryAttempts", "MaximumEventAgeInSeconds"})
	r.only(dead, "DeadLetterConfig", []string{"Arn", "Type", "QueueLogicalId"})
	if bad := dead.Get("Type"); bad != nil {
		r.fail(bad.Line, "a dead-letter queue made by SAM is not supported; name one with Arn")
	}
	p := RetryPolicy{
		MaxRetries:    r.number(policy.Get("MaximumRetryAttempts"), defaultRetries),
		MaxAge:        r.seconds(policy.Get("MaximumEventAgeInSeconds"), defaultRetryAge),
		DeadLetterARN: r.text(dead.Get("Arn")),
	}
	if policy != nil {
		r.within(policy.Line, "MaximumRetryAttempts", p.MaxRetries, 0, defaultRetries)
		r.within(policy.Line, "MaximumEventAgeInSeconds", int(p.MaxAge/time.Second), 60, maxEventAgeShown)
	}
	return p
}

// onFailure reads DestinationConfig.
func (r *resolver) onFailure(v *Value) string {
	r.only(v, "DestinationConfig", []string{"OnFailure"})
	failure := v.Get("OnFailure")
	r.only(failure, "OnFailure", []string{"Type", "Destination"})
	if kind := failure.Get("Type"); kind != nil && kind.Text() != "SQS" && kind.Text() != "SNS" {
		r.fail(kind.Line, "a destination of type %q is not supported; use SQS or SNS", kind.Text())
	}
	return r.text(failure.Get("Destination"))
}

// path joins the parts of a place in the template.
func path(parts ...string) string { return strings.Join(parts, ".") }
