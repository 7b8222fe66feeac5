package sam

import (
	"slices"
	"strings"
	"time"
)

// functionProperties are read, ignoredFunctionProperties mean nothing on one machine.
var (
	functionProperties = []string{
		"FunctionName", "CodeUri", "Environment", "Timeout", "MemorySize", "Events", "EventInvokeConfig",
		"ReservedConcurrentExecutions", "Role", "Runtime", "Handler", "Architectures", "PackageType",
	}
	ignoredFunctionProperties = []string{
		"Description", "Policies", "PolicyScope", "Tracing", "LoggingConfig", "Tags", "PropagateTags", "EphemeralStorage",
		"AutoPublishAlias", "DeploymentPreference", "KmsKeyArn", "PermissionsBoundary", "AssumeRolePolicyDocument", "RolePath",
		"RecursiveLoop", "SnapStart",
	}
)

const (
	// customRuntime is what runs a binary named bootstrap.
	customRuntime = "provided."
	// Lambda's defaults and bounds.
	defaultTimeoutSeconds = 3
	maxTimeoutSeconds     = 900
	defaultMemoryMB       = 128
	minMemoryMB           = 128
	maxMemoryMB           = 10240
	// defaultAsyncRetries and defaultAsyncAge are Lambda's for queued events.
	defaultAsyncRetries = 2
	defaultAsyncAge     = 6 * time.Hour
)

func (r *resolver) function(res *Resource, globals *Value) *Function {
	p := res.Properties
	r.only(p, res.ID, slices.Concat(functionProperties, ignoredFunctionProperties))
	prop := func(name string) *Value {
		if v := p.Get(name); v != nil {
			return v
		}
		return globals.Get(name)
	}
	f := &Function{
		ID: res.ID, Line: res.Line,
		Name:                r.text(r.name(res)),
		ARN:                 r.text(r.getAtt(res.ID, "Arn", res.Line)),
		CodeURI:             strings.TrimSuffix(r.need(prop("CodeUri"), res.Line, res.ID+".CodeUri"), "/"),
		Env:                 map[string]string{},
		Timeout:             r.seconds(prop("Timeout"), defaultTimeoutSeconds*time.Second),
		MemoryMB:            r.number(prop("MemorySize"), defaultMemoryMB),
		ReservedConcurrency: r.number(prop("ReservedConcurrentExecutions"), 0),
		Role:                r.text(p.Get("Role")),
	}
	r.within(res.Line, res.ID+".Timeout", int(f.Timeout/time.Second), 1, maxTimeoutSeconds)
	r.within(res.Line, res.ID+".MemorySize", f.MemoryMB, minMemoryMB, maxMemoryMB)
	if runtime := r.text(prop("Runtime")); !strings.HasPrefix(runtime, customRuntime) {
		r.fail(res.Line, "%s has the runtime %q; only binaries (provided.al2023) run here", res.ID, runtime)
	}
	for _, v := range []*Value{globals, p} { // the function's own variables win
		r.environment(f, v.Get("Environment"))
	}
	f.Async = r.async(prop("EventInvokeConfig"))
	events := p.Get("Events")
	for _, name := range events.Keys() {
		r.event(f, name, events.Get(name))
	}
	return f
}

func (r *resolver) environment(f *Function, v *Value) {
	r.only(v, f.ID+".Environment", []string{"Variables"})
	variables := v.Get("Variables")
	for _, name := range variables.Keys() {
		f.Env[name] = r.text(variables.Get(name))
	}
}

func (r *resolver) async(v *Value) AsyncConfig {
	r.only(v, "EventInvokeConfig", []string{"MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"})
	c := AsyncConfig{
		MaxRetries:   r.number(v.Get("MaximumRetryAttempts"), defaultAsyncRetries),
		MaxAge:       r.seconds(v.Get("MaximumEventAgeInSeconds"), defaultAsyncAge),
		OnFailureARN: r.onFailure(v.Get("DestinationConfig")),
	}
	if v != nil {
		r.within(v.Line, "MaximumRetryAttempts", c.MaxRetries, 0, defaultAsyncRetries)
	}
	return c
}

// event adds one of a function's events.
func (r *resolver) event(f *Function, name string, v *Value) {
	r.only(v, path(f.ID, "Events", name), []string{"Type", "Properties"})
	p := v.Get("Properties")
	where := path(f.ID, "Events", name)
	switch kind := v.Get("Type").Text(); kind {
	case "HttpApi":
		f.Routes = append(f.Routes, r.route(f, where, name, v, p))
	case "SQS":
		f.QueueSources = append(f.QueueSources, r.queueSource(f, where, name, v, p))
	case "DynamoDB":
		f.Streams = append(f.Streams, r.streamSource(f, where, name, v, p))
	case "ScheduleV2", "Schedule":
		f.Schedules = append(f.Schedules, r.scheduleEvent(f, where, name, v, p))
	case "EventBridgeRule", "CloudWatchEvent":
		f.Rules = append(f.Rules, r.ruleEvent(f, where, name, v, p))
	default:
		r.fail(v.Line, "%s: the event type %q is not supported", where, kind)
	}
}

// Lambda's bounds of event source mappings.
const (
	defaultQueueBatch  = 10
	defaultStreamBatch = 100
	maxBatch           = 10000
	maxQueueConc       = 1000
	maxWindow          = 300 * time.Second
)

func (r *resolver) queueSource(f *Function, where, name string, v, p *Value) *QueueSource {
	r.only(p, where, []string{
		"Queue", "BatchSize", "Enabled", "MaximumBatchingWindowInSeconds", "ScalingConfig", "FunctionResponseTypes", "FilterCriteria",
	})
	r.only(p.Get("ScalingConfig"), where+".ScalingConfig", []string{"MaximumConcurrency"})
	s := &QueueSource{
		Event: name, Line: v.Line, FunctionID: f.ID,
		QueueARN:           r.need(p.Get("Queue"), v.Line, where+".Queue"),
		BatchSize:          r.number(p.Get("BatchSize"), defaultQueueBatch),
		Window:             r.seconds(p.Get("MaximumBatchingWindowInSeconds"), 0),
		MaxConcurrency:     r.number(p.Get("ScalingConfig", "MaximumConcurrency"), 0),
		ReportItemFailures: r.responseTypes(p.Get("FunctionResponseTypes")),
		Filters:            r.filters(p.Get("FilterCriteria")),
	}
	if !r.flag(p.Get("Enabled"), true) {
		r.fail(v.Line, "%s: a mapping that is not enabled is not supported; remove it", where)
	}
	r.within(v.Line, where+".BatchSize", s.BatchSize, 1, maxBatch)
	r.within(v.Line, where+".MaximumBatchingWindowInSeconds", int(s.Window/time.Second), 0, int(maxWindow/time.Second))
	if p.Get("ScalingConfig") != nil {
		r.within(v.Line, where+".MaximumConcurrency", s.MaxConcurrency, 2, maxQueueConc)
	}
	if s.BatchSize > defaultQueueBatch && s.Window < time.Second {
		r.fail(v.Line, "%s: a BatchSize over %d needs a MaximumBatchingWindowInSeconds of at least 1", where, defaultQueueBatch)
	}
	return s
}

func (r *resolver) streamSource(f *Function, where, name string, v, p *Value) *StreamSource {
	r.only(p, where, []string{
		"Stream", "StartingPosition", "BatchSize", "Enabled", "MaximumBatchingWindowInSeconds", "BisectBatchOnFunctionError",
		"FunctionResponseTypes", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "FilterCriteria", "DestinationConfig", "MetricsConfig",
	})
	s := &StreamSource{
		Event: name, Line: v.Line, FunctionID: f.ID,
		StreamARN:          r.need(p.Get("Stream"), v.Line, where+".Stream"),
		BatchSize:          r.number(p.Get("BatchSize"), defaultStreamBatch),
		Window:             r.seconds(p.Get("MaximumBatchingWindowInSeconds"), 0),
		Bisect:             r.flag(p.Get("BisectBatchOnFunctionError"), false),
		ReportItemFailures: r.responseTypes(p.Get("FunctionResponseTypes")),
		MaxRetries:         r.number(p.Get("MaximumRetryAttempts"), -1),
		OnFailureARN:       r.onFailure(p.Get("DestinationConfig")),
		Filters:            r.filters(p.Get("FilterCriteria")),
	}
	if age := r.number(p.Get("MaximumRecordAgeInSeconds"), -1); age >= 0 {
		s.MaxAge = time.Duration(age) * time.Second
	}
	if !r.flag(p.Get("Enabled"), true) {
		r.fail(v.Line, "%s: a mapping that is not enabled is not supported; remove it", where)
	}
	switch at := r.text(p.Get("StartingPosition")); at {
	case "TRIM_HORIZON":
		s.FromStart = true
	case "LATEST":
	default:
		r.fail(v.Line, "%s.StartingPosition is %q and must be TRIM_HORIZON or LATEST", where, at)
	}
	r.within(v.Line, where+".BatchSize", s.BatchSize, 1, maxBatch)
	return s
}
