package sam

import (
	"slices"
	"strings"
	"time"
)

func (r *resolver) scheduleEvent(f *Function, where, name string, v, p *Value) *Schedule {
	r.only(p, where, []string{
		"Name", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "Schedule", "State", "Enabled", "Input",
		"RetryPolicy", "DeadLetterConfig", "FlexibleTimeWindow", "RoleArn", "PermissionsBoundary", "OmitName",
	})
	expression := p.Get("ScheduleExpression")
	if expression == nil {
		expression = p.Get("Schedule")
	}
	s := &Schedule{
		Name: r.text(p.Get("Name")), Line: v.Line, TargetARN: f.ARN,
		Expression: r.need(expression, v.Line, where+".ScheduleExpression"),
		TimeZone:   r.text(p.Get("ScheduleExpressionTimezone")),
		Enabled:    r.flag(p.Get("Enabled"), true) && r.enabledState(p.Get("State")),
		Input:      r.jsonText(p.Get("Input"), where+".Input"),
		Retry:      r.retry(p.Get("RetryPolicy"), p.Get("DeadLetterConfig")),
	}
	if s.Name == "" {
		s.Name = r.options.StackName + "-" + f.ID + name
	}
	if s.TimeZone == "" {
		s.TimeZone = "UTC"
	}
	r.zone(v.Line, where, s.TimeZone)
	return s
}

// zone reports a time zone that does not load.
func (r *resolver) zone(line int, where, name string) {
	if _, err := time.LoadLocation(name); err != nil {
		r.fail(line, "%s: the time zone %q: %w", where, name, err)
	}
}

func (r *resolver) enabledState(v *Value) bool {
	s := r.text(v)
	if s != "" && s != "ENABLED" && s != "DISABLED" {
		r.fail(v.Line, "State is %q and must be ENABLED or DISABLED", s)
	}
	return s != "DISABLED"
}

// schedule reads an AWS::Scheduler::Schedule.
func (r *resolver) schedule(res *Resource) *Schedule {
	p := res.Properties
	r.only(p, res.ID, []string{
		"Name", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target", "FlexibleTimeWindow", "GroupName", "KmsKeyArn",
	})
	target := p.Get("Target")
	r.only(target, res.ID+".Target", []string{"Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig"})
	s := &Schedule{
		Name: r.text(r.name(res)), Line: res.Line,
		Expression: r.need(p.Get("ScheduleExpression"), res.Line, res.ID+".ScheduleExpression"),
		TimeZone:   r.text(p.Get("ScheduleExpressionTimezone")),
		Enabled:    r.enabledState(p.Get("State")),
		TargetARN:  r.need(target.Get("Arn"), res.Line, res.ID+".Target.Arn"),
		Input:      r.jsonText(target.Get("Input"), res.ID+".Input"),
		Retry:      r.retry(target.Get("RetryPolicy"), target.Get("DeadLetterConfig")),
	}
	if s.TimeZone == "" {
		s.TimeZone = "UTC"
	}
	r.zone(res.Line, res.ID, s.TimeZone)
	return s
}

// rule reads an AWS::Events::Rule.
func (r *resolver) rule(res *Resource) *Rule {
	p := res.Properties
	r.only(p, res.ID, []string{"Name", "Description", "EventBusName", "EventPattern", "State", "Targets", "ScheduleExpression", "RoleArn", "Tags"})
	if old := p.Get("ScheduleExpression"); old != nil {
		r.fail(old.Line, "%s: schedules of rules are not supported; use a ScheduleV2 event or AWS::Scheduler::Schedule", res.ID)
	}
	rule := &Rule{
		ID: res.ID, Line: res.Line, Name: r.text(r.name(res)), ARN: r.text(r.getAtt(res.ID, "Arn", res.Line)),
		Bus: r.busName(res), Enabled: r.enabledState(p.Get("State")),
		Pattern: r.jsonText(p.Get("EventPattern"), res.ID+".EventPattern"),
	}
	if rule.Pattern == "" {
		r.fail(res.Line, "%s has no EventPattern", res.ID)
	}
	for _, v := range p.Get("Targets").Items() {
		rule.Targets = append(rule.Targets, r.target(res.ID, v))
	}
	return rule
}

func (r *resolver) target(rule string, v *Value) Target {
	where := rule + ".Targets"
	r.only(v, where, []string{"Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig", "SqsParameters"})
	transformer := v.Get("InputTransformer")
	r.only(transformer, where+".InputTransformer", []string{"InputPathsMap", "InputTemplate"})
	t := Target{
		ID: r.text(v.Get("Id")), ARN: r.need(v.Get("Arn"), v.Line, where+".Arn"), Line: v.Line,
		Retry: r.retry(v.Get("RetryPolicy"), v.Get("DeadLetterConfig")),
		Input: r.jsonText(v.Get("Input"), where+".Input"), InputPath: r.text(v.Get("InputPath")),
		InputTemplate: r.text(transformer.Get("InputTemplate")),
	}
	paths := transformer.Get("InputPathsMap")
	if paths != nil {
		t.InputPaths = map[string]string{}
	}
	for _, name := range paths.Keys() {
		t.InputPaths[name] = r.text(paths.Get(name))
	}
	return t
}

// ruleEvent reads an EventBridgeRule event: a rule with the function as its target.
func (r *resolver) ruleEvent(f *Function, where, name string, v, p *Value) *Rule {
	r.only(p, where, []string{"EventBusName", "Pattern", "State", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig", "RuleName", "Target"})
	r.only(p.Get("Target"), where+".Target", []string{"Id"})
	target := &Value{Line: v.Line, kind: mapKind, fields: map[string]*Value{"Arn": text(v.Line, f.ARN)}, keys: []string{"Arn"}}
	for _, key := range []string{"Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig"} {
		if given := p.Get(key); given != nil {
			target.fields[key] = given
			target.keys = append(target.keys, key)
		}
	}
	bus := defaultBus
	if given := r.text(p.Get("EventBusName")); given != "" {
		bus = nameOfBus(given)
	}
	rule := &Rule{
		ID: f.ID + name, Line: v.Line, Bus: bus,
		Name:    r.text(p.Get("RuleName")),
		Enabled: r.enabledState(p.Get("State")),
		Pattern: r.jsonText(p.Get("Pattern"), where+".Pattern"),
		Targets: []Target{r.target(where, target)},
	}
	if rule.Name == "" {
		rule.Name = r.options.StackName + "-" + rule.ID
	}
	if rule.Pattern == "" {
		r.fail(v.Line, "%s has no Pattern", where)
	}
	rule.ARN = r.arn("events", "rule/"+strings.TrimPrefix(rule.Bus+"/", defaultBus+"/")+rule.Name)
	return rule
}

const (
	defaultVisibility = 30 * time.Second
	defaultRetention  = 4 * 24 * time.Hour
	maxRetention      = 14 * 24 * time.Hour
	maxVisibility     = 12 * time.Hour
	maxReceives       = 1000
)

func (r *resolver) queue(res *Resource) *Queue {
	p := res.Properties
	r.only(p, res.ID, []string{
		"QueueName", "VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "RedrivePolicy", "SqsManagedSseEnabled", "KmsMasterKeyId",
		"KmsDataKeyReusePeriodSeconds", "FifoQueue", "ReceiveMessageWaitTimeSeconds", "MaximumMessageSize", "RedriveAllowPolicy", "Tags",
	})
	redrive := p.Get("RedrivePolicy")
	r.only(redrive, res.ID+".RedrivePolicy", []string{"deadLetterTargetArn", "maxReceiveCount"})
	q := &Queue{
		ID: res.ID, Line: res.Line, Name: r.text(r.name(res)), ARN: r.text(r.getAtt(res.ID, "Arn", res.Line)),
		FIFO:          r.flag(p.Get("FifoQueue"), false),
		Visibility:    r.seconds(p.Get("VisibilityTimeout"), defaultVisibility),
		Retention:     r.seconds(p.Get("MessageRetentionPeriod"), defaultRetention),
		Delay:         r.seconds(p.Get("DelaySeconds"), 0),
		DeadLetterARN: r.text(redrive.Get("deadLetterTargetArn")),
		MaxReceives:   r.number(redrive.Get("maxReceiveCount"), 0),
	}
	if q.FIFO {
		r.fail(res.Line, "%s: FIFO queues are not supported", res.ID)
	}
	if redrive != nil {
		r.within(res.Line, res.ID+".maxReceiveCount", q.MaxReceives, 1, maxReceives)
	}
	r.within(res.Line, res.ID+".VisibilityTimeout", int(q.Visibility/time.Second), 0, int(maxVisibility/time.Second))
	r.within(res.Line, res.ID+".MessageRetentionPeriod", int(q.Retention/time.Second), 60, int(maxRetention/time.Second))
	return q
}

// ignoredTableProperties mean nothing to DynamoDB Local, or it refuses them.
var ignoredTableProperties = []string{
	"PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled", "Tags", "TableClass", "OnDemandThroughput",
	"ContributorInsightsSpecification", "WarmThroughput", "ResourcePolicy", "KinesisStreamSpecification",
}

func (r *resolver) table(res *Resource) *Table {
	p := res.Properties
	r.only(p, res.ID, slices.Concat(ignoredTableProperties, []string{
		"TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes",
		"StreamSpecification", "TimeToLiveSpecification", "ProvisionedThroughput",
	}))
	t := &Table{
		ID: res.ID, Line: res.Line, Name: r.text(r.name(res)), ARN: r.text(r.getAtt(res.ID, "Arn", res.Line)),
		Key:        r.key(res.ID, res.Line, p.Get("KeySchema")),
		StreamView: r.text(p.Get("StreamSpecification", "StreamViewType")),
	}
	if mode := r.text(p.Get("BillingMode")); mode != "PAY_PER_REQUEST" {
		r.fail(res.Line, "%s: BillingMode is %q; only PAY_PER_REQUEST is supported", res.ID, mode)
	}
	if t.StreamView != "" {
		t.StreamARN = r.text(r.getAtt(res.ID, "StreamArn", res.Line))
	}
	if ttl := p.Get("TimeToLiveSpecification"); ttl != nil && r.flag(ttl.Get("Enabled"), false) {
		t.TTL = r.need(ttl.Get("AttributeName"), ttl.Line, res.ID+".TimeToLiveSpecification.AttributeName")
	}
	for _, v := range p.Get("AttributeDefinitions").Items() {
		t.Attributes = append(t.Attributes, Attribute{r.text(v.Get("AttributeName")), r.text(v.Get("AttributeType"))})
	}
	for _, kind := range []string{"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} {
		for _, v := range p.Get(kind).Items() {
			t.Indexes = append(t.Indexes, r.index(res.ID, kind == "LocalSecondaryIndexes", v))
		}
	}
	r.checkAttributes(t)
	return t
}

func (r *resolver) key(table string, line int, v *Value) []KeyPart {
	var key []KeyPart
	for _, part := range v.Items() {
		key = append(key, KeyPart{r.text(part.Get("AttributeName")), r.text(part.Get("KeyType"))})
	}
	if len(key) == 0 || len(key) > 2 || key[0].Kind != "HASH" || (len(key) == 2 && key[1].Kind != "RANGE") {
		r.fail(line, "%s: a KeySchema is one HASH attribute and at most one RANGE attribute after it", table)
	}
	return key
}

func (r *resolver) index(table string, local bool, v *Value) Index {
	r.only(v, table+" index", []string{"IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput"})
	return Index{
		Name:       r.need(v.Get("IndexName"), v.Line, table+" IndexName"),
		Local:      local,
		Key:        r.key(table, v.Line, v.Get("KeySchema")),
		Projection: r.need(v.Get("Projection", "ProjectionType"), v.Line, table+" ProjectionType"),
		Include:    v.Get("Projection", "NonKeyAttributes").Texts(),
	}
}

// checkAttributes reports key attributes without a definition and definitions without a key, both of which DynamoDB refuses.
func (r *resolver) checkAttributes(t *Table) {
	used := map[string]bool{}
	for _, part := range t.Key {
		used[part.Name] = true
	}
	for _, index := range t.Indexes {
		for _, part := range index.Key {
			used[part.Name] = true
		}
	}
	for _, a := range t.Attributes {
		if !used[a.Name] {
			r.fail(t.Line, "%s defines the attribute %s, which is in no key", t.ID, a.Name)
		}
		delete(used, a.Name)
	}
	for name := range used {
		r.fail(t.Line, "%s has the key attribute %s without an AttributeDefinition", t.ID, name)
	}
}
