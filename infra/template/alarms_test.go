package template_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-seats/usher/infra/template"
)

var runbookLink = regexp.MustCompile(`infra/runbook\.md#([a-z0-9-]+)`)

func checkAlarms(p *problems, tpl *template.Template, repo repository) {
	watched := map[string]bool{}
	linked := map[string]bool{}
	for _, a := range tpl.Resources("AWS::CloudWatch::Alarm") {
		for _, d := range template.ListAt(a.Properties, "Dimensions") {
			m, _ := d.(template.Map)
			watched[template.StringAt(a.Properties, "MetricName")+" of "+template.Target(m["Value"])] = true
		}
		checkAlarm(p, a)
		link(p, a.ID, template.StringAt(a.Properties, "AlarmDescription"), repo, linked)
	}
	for _, rule := range tpl.Resources("AWS::Events::Rule") {
		for _, target := range template.ListAt(rule.Properties, "Targets") {
			m, _ := target.(template.Map)
			if template.Target(m["Arn"]) == "AlarmTopic" {
				link(p, rule.ID, template.StringAt(m, "InputTransformer", "InputTemplate"), repo, linked)
			}
		}
	}
	for id := range template.MapAt(tpl.Tree, "Parameters") {
		if text := template.StringAt(tpl.Tree, "Parameters", id, "Description"); runbookLink.MatchString(text) {
			link(p, id, text, repo, linked)
		}
	}
	for entry := range repo.entries {
		if !linked[entry] {
			p.add("the runbook explains", entry, "which no alarm or parameter links to")
		}
	}
	for _, want := range wantedAlarms(tpl) {
		if !watched[want] {
			p.add("no alarm watches", want)
		}
	}
}

// wantedAlarms are the metrics that must be watched.
func wantedAlarms(tpl *template.Template) []string {
	var out []string
	for _, f := range tpl.Functions() {
		out = append(out, "Errors of "+f.ID, "Throttles of "+f.ID)
		for _, e := range f.Events {
			switch e.Type {
			case "SQS":
				// Messages reported as failed are no error of the function: they wait.
				out = append(out, "ApproximateAgeOfOldestMessage of "+template.Target(e.Properties["Queue"]))
			case "DynamoDB":
				out = append(out, "IteratorAge of "+f.ID)
			case "ScheduleV2":
				out = append(out, "Invocations of "+f.ID)
			}
		}
	}
	for _, q := range tpl.Resources("AWS::SQS::Queue") {
		if strings.HasSuffix(q.ID, "DeadLetters") {
			out = append(out, "ApproximateNumberOfMessagesVisible of "+q.ID)
		}
	}
	return append(out, "5xx of Api", "WriteThrottleEvents of SeatsTable", "WriteThrottleEvents of KeysTable")
}

func checkAlarm(p *problems, a template.Resource) {
	for _, key := range []string{"AlarmActions", "OKActions"} {
		if !slices.Contains(targets(template.ListAt(a.Properties, key)), "AlarmTopic") {
			p.add(a.ID, "tells nobody by", key)
		}
	}
	// Nothing measured is good where failures are counted, bad where runs are.
	want := "notBreaching"
	if template.StringAt(a.Properties, "ComparisonOperator") == "LessThanThreshold" {
		want = "breaching"
	}
	if got := template.StringAt(a.Properties, "TreatMissingData"); got != want {
		p.add(a.ID, "takes silence for", got)
	}
	for _, key := range []string{"Namespace", "MetricName", "Period", "EvaluationPeriods", "Threshold"} {
		if a.Properties[key] == nil {
			p.add(a.ID, "has no", key)
		}
	}
	if a.Properties["Statistic"] == nil && a.Properties["ExtendedStatistic"] == nil {
		p.add(a.ID, "has no statistic")
	}
}

func link(p *problems, id, text string, repo repository, linked map[string]bool) {
	m := runbookLink.FindStringSubmatch(text)
	if m == nil {
		p.add(id, "links to no entry of the runbook:", fmt.Sprintf("%q", text))
		return
	}
	linked[m[1]] = true
	if !repo.entries[m[1]] {
		p.add(id, "links to", m[1], "which the runbook lacks")
	}
}
