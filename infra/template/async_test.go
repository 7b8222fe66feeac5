package template_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-seats/usher/infra/local/schedule"
	"github.com/usher-seats/usher/infra/template"
)

const (
	// visibilityPerTimeout: Lambda asks for six times the function's timeout, so
	// that a message that is being handled does not appear again.
	visibilityPerTimeout = 6
	// retentionSeconds is SQS's longest.
	retentionSeconds = 14 * 24 * 60 * 60
	// streamSeconds is how long a table's stream keeps its records.
	streamSeconds = 24 * 60 * 60
)

// onFailure are the queues that take what a function could not do.
func onFailure(f template.Function) []string {
	var out []string
	add := func(config any) {
		m, _ := config.(template.Map)
		if id := template.Target(template.At(m, "OnFailure", "Destination")); id != "" {
			out = append(out, id)
		}
	}
	add(template.At(f.Properties, "EventInvokeConfig", "DestinationConfig"))
	for _, e := range f.Events {
		add(e.Properties["DestinationConfig"])
	}
	return out
}

func checkAsync(p *problems, tpl *template.Template, _ repository) {
	for _, f := range tpl.Functions() {
		for _, e := range f.Events {
			switch e.Type {
			case "SQS":
				checkQueueTrigger(p, tpl, f, e)
			case "DynamoDB":
				checkStreamTrigger(p, tpl, f, e)
			case "ScheduleV2":
				checkInvokeConfig(p, tpl, f)
			default:
				p.add(f.ID, "has a trigger of the unknown kind", e.Type)
			}
		}
	}
	for _, rule := range tpl.Resources("AWS::Events::Rule") {
		for _, target := range template.ListAt(rule.Properties, "Targets") {
			m, _ := target.(template.Map)
			if !isQueue(tpl, template.At(m, "DeadLetterConfig", "Arn")) {
				p.add(rule.ID, "has a target without dead letters")
			}
			if template.At(m, "RetryPolicy", "MaximumRetryAttempts") == nil {
				p.add(rule.ID, "has a target without a retry policy")
			}
		}
	}
}

func isQueue(tpl *template.Template, v any) bool {
	r, ok := tpl.Resource(template.Target(v))
	return ok && r.Type == "AWS::SQS::Queue"
}

func checkQueueTrigger(p *problems, tpl *template.Template, f template.Function, e template.Event) {
	queue, ok := tpl.Resource(template.Target(e.Properties["Queue"]))
	if !ok || queue.Type != "AWS::SQS::Queue" {
		p.add(f.ID, "reads a queue that there is not")
		return
	}
	if !isQueue(tpl, template.At(queue.Properties, "RedrivePolicy", "deadLetterTargetArn")) {
		p.add(queue.ID, "has no dead letters")
	}
	if n, _ := template.At(queue.Properties, "RedrivePolicy", "maxReceiveCount").(int); n < 2 {
		p.add(queue.ID, "gives a message up at its first failure")
	}
	visibility, _ := queue.Properties["VisibilityTimeout"].(int)
	timeout, _ := f.Properties["Timeout"].(int)
	if timeout == 0 || visibility < visibilityPerTimeout*timeout {
		p.add(queue.ID, "shows a message again before", f.Name, "must have ended")
	}
	checkBatch(p, f, e)
	if n, _ := template.At(e.Properties, "ScalingConfig", "MaximumConcurrency").(int); n < 2 {
		p.add(f.ID, "has no ceiling on its concurrency")
	}
}

func checkBatch(p *problems, f template.Function, e template.Event) {
	if !slices.Contains(template.ListAt(e.Properties, "FunctionResponseTypes"), any("ReportBatchItemFailures")) {
		p.add(f.ID, "repeats a whole batch for one failure")
	}
	if e.Properties["Enabled"] == false {
		p.add(f.ID, "does not read its source")
	}
}

func checkStreamTrigger(p *problems, tpl *template.Template, f template.Function, e template.Event) {
	checkBatch(p, f, e)
	if len(onFailure(f)) == 0 || !isQueue(tpl, template.At(e.Properties, "DestinationConfig", "OnFailure", "Destination")) {
		p.add(f.ID, "has no dead letters")
	}
	if e.Properties["BisectBatchOnFunctionError"] != true {
		p.add(f.ID, "does not halve a batch that fails")
	}
	if e.Properties["StartingPosition"] != "TRIM_HORIZON" {
		p.add(f.ID, "misses what was written before it was there")
	}
	if n, _ := e.Properties["MaximumRetryAttempts"].(int); n < 1 {
		p.add(f.ID, "lets one record stop the stream for a day")
	}
	if age, _ := e.Properties["MaximumRecordAgeInSeconds"].(int); age < 1 || age > streamSeconds/2 {
		p.add(f.ID, "gives records up when they can hardly be read again")
	}
}

func checkInvokeConfig(p *problems, tpl *template.Template, f template.Function) {
	config := template.MapAt(f.Properties, "EventInvokeConfig")
	if !isQueue(tpl, template.At(config, "DestinationConfig", "OnFailure", "Destination")) {
		p.add(f.ID, "has no dead letters")
	}
	if config["MaximumRetryAttempts"] == nil || config["MaximumEventAgeInSeconds"] == nil {
		p.add(f.ID, "does not say how often it is tried again")
	}
}

func checkQueues(p *problems, tpl *template.Template, _ repository) {
	for _, q := range tpl.Resources("AWS::SQS::Queue") {
		if q.Properties["SqsManagedSseEnabled"] != true {
			p.add(q.ID, "is not encrypted")
		}
		if q.Properties["MessageRetentionPeriod"] != retentionSeconds {
			p.add(q.ID, "forgets before 14 days")
		}
	}
}

func checkSchedules(p *problems, tpl *template.Template, _ repository) {
	for _, f := range tpl.Functions() {
		for _, e := range f.Events {
			if e.Type != "ScheduleV2" {
				continue
			}
			if _, err := schedule.Parse(template.StringAt(e.Properties, "ScheduleExpression")); err != nil {
				p.add(f.ID, "has no schedule:", err.Error())
			}
			zone := template.StringAt(e.Properties, "ScheduleExpressionTimezone")
			if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
				p.add(f.ID, fmt.Sprintf("runs in the unknown time zone %q", zone))
			}
			if template.Target(template.At(e.Properties, "DeadLetterConfig", "Arn")) == "" {
				p.add(f.ID, "has a schedule without dead letters")
			}
			if template.At(e.Properties, "RetryPolicy", "MaximumRetryAttempts") == nil {
				p.add(f.ID, "has a schedule without a retry policy")
			}
			if template.StringAt(e.Properties, "FlexibleTimeWindow", "Mode") != "FLEXIBLE" {
				p.add(f.ID, "starts at the very second when every other schedule does")
			}
			if template.StringAt(e.Properties, "State") == "DISABLED" {
				p.add(f.ID, "has a schedule that is switched off")
			}
			name := template.StringAt(e.Properties, "Name", "Fn::Sub")
			if name != "${AWS::StackName}-"+f.Name {
				p.add(f.ID, "has a schedule whose name another stack may have")
			}
		}
	}
}
