package template_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	rate = regexp.MustCompile(`^rate\(([1-9][0-9]*) (minute|minutes|hour|hours|day|days)\)$`)
	cron = regexp.MustCompile(`^cron\((.*)\)$`)
	step = regexp.MustCompile(`^(\*|\d+(-\d+)?)(/\d+)?$`)
)

// checkExpression holds a schedule's expression against the Scheduler's grammar:
// rate(n unit), or cron with six fields, of which day of month or day of week is
// "?". Of names and of L, W and # it knows none, since no schedule here uses them.
func checkExpression(text string) error {
	if m := rate.FindStringSubmatch(text); m != nil {
		if (m[1] == "1") == strings.HasSuffix(m[2], "s") {
			return fmt.Errorf("%q: one unit is singular, several are plural", text)
		}
		return nil
	}
	m := cron.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is neither rate(…) nor cron(…)", text)
	}
	fields := strings.Split(m[1], " ")
	bounds := []struct {
		name   string
		lo, hi int
	}{{"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 1, 7}, {"year", 1970, 2199}}
	if len(fields) != len(bounds) {
		return fmt.Errorf("%q has %d fields, AWS wants %d", text, len(fields), len(bounds))
	}
	const dayOfMonth, dayOfWeek = 2, 4
	if (fields[dayOfMonth] == "?") == (fields[dayOfWeek] == "?") {
		return fmt.Errorf("%q must have ? for either day of month or day of week", text)
	}
	for i, f := range fields {
		if f == "?" && (i == dayOfMonth || i == dayOfWeek) {
			continue
		}
		if err := checkField(f, bounds[i].lo, bounds[i].hi); err != nil {
			return fmt.Errorf("%q: %s %w", text, bounds[i].name, err)
		}
	}
	return nil
}

func checkField(field string, lo, hi int) error {
	for part := range strings.SplitSeq(field, ",") {
		if !step.MatchString(part) {
			return fmt.Errorf("cannot be %q", part)
		}
		span, _, _ := strings.Cut(part, "/")
		if span == "*" {
			continue
		}
		last := lo
		for edge := range strings.SplitSeq(span, "-") {
			n, err := strconv.Atoi(edge)
			if err != nil || n < last || n > hi {
				return fmt.Errorf("cannot be %q", part)
			}
			last = n
		}
	}
	return nil
}

func TestCheckExpressionKnowsTheGrammarOfSchedules(t *testing.T) {
	for text, good := range map[string]bool{
		"cron(0 * * * ? *)":          true,
		"cron(15 10 ? * 2-6 *)":      true,
		"cron(0/15 0,12 1 1 ? 2026)": true,
		"rate(1 hour)":               true,
		"rate(5 minutes)":            true,
		"cron(0 * * * *)":            false,
		"cron(0 * * * * *)":          false,
		"cron(0 * ? * ? *)":          false,
		"cron(60 * * * ? *)":         false,
		"cron(0 24 * * ? *)":         false,
		"cron(0 9-5 * * ? *)":        false,
		"cron(a * * * ? *)":          false,
		"rate(0 hours)":              false,
		"rate(1 hours)":              false,
		"rate(5 minute)":             false,
		"rate(5 fortnights)":         false,
		"0 * * * ? *":                false,
		"":                           false,
	} {
		if err := checkExpression(text); (err == nil) != good {
			t.Errorf("checkExpression(%q) = %v", text, err)
		}
	}
}
