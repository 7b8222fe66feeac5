// Package sam reads a SAM template and says what it means for one machine: functions with their environment and events, the
// API's routes and authorizer, tables, queues, rules, schedules. The local stack runs what this package returns, and tests of
// the template check it.
//
// # What is resolved
//
// Parameters (defaults or Options.Parameters, with AllowedValues and AllowedPattern), Conditions, Mappings, the pseudo
// parameters, and the functions Ref, GetAtt, Sub, If, Equals, And, Or, Not, Condition, Join, Select, Split, FindInMap and
// Base64, in both spellings. A resource whose condition is false is left out. Names that CloudFormation would make up become
// "<stack>-<LogicalId>", and ARNs carry Options.Region and Options.AccountID.
//
// # What is refused
//
// Everything of the kinds that this package models (see Template) and does not know: an unknown property of a function or of
// one of its events, an unknown event type, an attribute that GetAtt cannot know. Each error names the file and the line, and
// all are reported at once. Resources of other types (alarms, roles, log groups) are kept in Template.Resources as resolved
// properties and are not judged; a value in them that cannot be known is an error only once somebody asks for it.
//
// Properties that mean nothing on one machine (tracing, roles, log formats, throttling of routes) are known and ignored.
package sam

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v4"
)

// Options are what a deployment adds to a template. The zero value deploys "usher-local" with all defaults.
type Options struct {
	// Parameters override the defaults of the template.
	Parameters map[string]string
	// Defaults replace the defaults of those parameters that the template has; others are ignored.
	Defaults map[string]string
	// StackName, Region and AccountID fill AWS::StackName and so on. Empty: DefaultStackName and so on.
	StackName, Region, AccountID string
}

// What a template is deployed as unless Options say otherwise.
const (
	DefaultStackName = "usher-local"
	DefaultRegion    = "eu-central-1"
	DefaultAccountID = "000000000000"
)

// Template is a resolved template. The slices are in the order of the template.
type Template struct {
	// Parameters are the values of all parameters.
	Parameters map[string]string
	Functions  []*Function
	// API is the HTTP API, nil where the template has none.
	API    *API
	Tables []*Table
	Queues []*Queue
	Buses  []*Bus
	Topics []*Topic
	Rules  []*Rule
	// Schedules are those of functions' events and of AWS::Scheduler::Schedule.
	Schedules []*Schedule
	// Resources are all resources whose condition holds, by logical id.
	Resources map[string]*Resource
	// Inactive are the resources whose condition does not hold; their properties may not be resolvable.
	Inactive map[string]*Resource
	// Outputs are the outputs whose condition holds.
	Outputs map[string]*Value
}

// Resource is one resource as it stands in the template, with its values resolved.
type Resource struct {
	ID, Type   string
	Line       int
	Properties *Value
	Metadata   *Value
	// Condition is the name of its condition, or empty.
	Condition string

	node *yaml.Node // the properties before they are resolved
}

// Function is an AWS::Serverless::Function.
type Function struct {
	// ID is the logical id, Name the function's name, CodeURI the folder relative to the template.
	ID, Name, ARN, CodeURI string
	Line                   int
	Env                    map[string]string
	Timeout                time.Duration
	MemoryMB               int
	// ReservedConcurrency bounds the processes; 0 means no bound.
	ReservedConcurrency int
	// Role is the ARN of the function's role, empty if SAM makes it.
	Role string
	// Async says what happens to events that Lambda queues itself: schedules, rules.
	Async AsyncConfig

	// Routes, Streams, QueueSources, Schedules and Rules are the function's events.
	Routes       []*Route
	Streams      []*StreamSource
	QueueSources []*QueueSource
	Schedules    []*Schedule
	Rules        []*Rule
}

// AsyncConfig is how Lambda retries an asynchronous invocation.
type AsyncConfig struct {
	// MaxRetries is 2 unless the template says otherwise.
	MaxRetries int
	// MaxAge is six hours unless the template says otherwise.
	MaxAge time.Duration
	// OnFailureARN is the queue or topic for events that were given up, or empty.
	OnFailureARN string
}

// Filters are event patterns of which one has to match; none match everything. Each is a JSON object.
type Filters []string

// QueueSource is an event source mapping from a queue to a function.
type QueueSource struct {
	Event      string // the event's name in the template
	Line       int
	FunctionID string
	QueueARN   string
	BatchSize  int // 10 by default
	// Window is how long a batch may wait to fill.
	Window time.Duration
	// MaxConcurrency bounds the batches in work; 0 means no bound.
	MaxConcurrency int
	// ReportItemFailures is whether the function names the messages of a batch that failed.
	ReportItemFailures bool
	Filters            Filters
}

// StreamSource is an event source mapping from a table's stream to a function.
type StreamSource struct {
	Event      string
	Line       int
	FunctionID string
	StreamARN  string
	// FromStart is true for TRIM_HORIZON and false for LATEST.
	FromStart          bool
	BatchSize          int // 100 by default
	Window             time.Duration
	Bisect             bool
	ReportItemFailures bool
	// MaxRetries is -1 for no bound, Lambda's default.
	MaxRetries int
	// MaxAge is 0 for no bound, Lambda's default.
	MaxAge time.Duration
	// OnFailureARN is where the position of a batch is reported that was given up, or empty.
	OnFailureARN string
	Filters      Filters
}

// Schedule is a ScheduleV2 or Schedule event, or an AWS::Scheduler::Schedule.
type Schedule struct {
	Name       string
	Line       int
	Expression string // cron(…), rate(…) or at(…)
	TimeZone   string
	Enabled    bool
	// TargetARN is a function or queue.
	TargetARN string
	// Input is the payload, JSON; empty for the default.
	Input string
	Retry RetryPolicy
}

// RetryPolicy is how a rule or schedule retries to reach its target.
type RetryPolicy struct {
	// MaxRetries is 185 unless the template says otherwise.
	MaxRetries int
	// MaxAge is a day unless the template says otherwise.
	MaxAge time.Duration
	// DeadLetterARN is the queue for what was given up, or empty.
	DeadLetterARN string
}

// Rule is an AWS::Events::Rule or an EventBridgeRule event with a pattern.
type Rule struct {
	ID, Name, ARN string
	Line          int
	// Bus is the name of the bus.
	Bus     string
	Enabled bool
	// Pattern is the event pattern as JSON.
	Pattern string
	Targets []Target
}

// Target is where a rule delivers.
type Target struct {
	ID, ARN string
	Line    int
	Retry   RetryPolicy
	// Input, InputPath and the transformer replace the event; at most one is set.
	Input, InputPath string
	InputPaths       map[string]string
	InputTemplate    string
}

// Bus is an event bus.
type Bus struct {
	ID, Name, ARN string
	Line          int
}

// Topic is an SNS topic; on one machine what is sent there is only shown.
type Topic struct {
	ID, Name, ARN string
	Line          int
}

// Queue is an SQS queue.
type Queue struct {
	ID, Name, ARN string
	Line          int
	FIFO          bool
	Visibility    time.Duration // 30 s by default
	Retention     time.Duration // four days by default
	Delay         time.Duration
	// DeadLetterARN is the queue for messages received MaxReceives times, or empty.
	DeadLetterARN string
	MaxReceives   int
}

// Table is a DynamoDB table.
type Table struct {
	ID, Name, ARN, StreamARN string
	Line                     int
	Attributes               []Attribute
	Key                      []KeyPart
	Indexes                  []Index
	// StreamView is NEW_IMAGE and so on, or empty without a stream.
	StreamView string
	// TTL is the attribute with the expiry, or empty.
	TTL string
}

// Attribute is a key attribute: its type is S, N or B.
type Attribute struct{ Name, Type string }

// KeyPart is one attribute of a key: its kind is HASH or RANGE.
type KeyPart struct{ Name, Kind string }

// Index is a secondary index.
type Index struct {
	Name       string
	Local      bool
	Key        []KeyPart
	Projection string // ALL, KEYS_ONLY or INCLUDE
	Include    []string
}

// Load reads and resolves the template in a file.
func Load(path string, o Options) (*Template, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sam: %w", err)
	}
	return Parse(filepath.Base(path), b, o)
}

// Parse resolves a template; name stands in front of the line numbers of errors.
func Parse(name string, b []byte, o Options) (*Template, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("sam: %s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("sam: %s is empty", name)
	}
	r := newResolver(name, o)
	t := r.template(doc.Content[0])
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// Function returns the function with a logical id, or nil.
func (t *Template) Function(id string) *Function {
	for _, f := range t.Functions {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// FunctionByARN returns the function with an ARN, or nil.
func (t *Template) FunctionByARN(arn string) *Function {
	for _, f := range t.Functions {
		if f.ARN == arn {
			return f
		}
	}
	return nil
}

// QueueByARN returns the queue with an ARN, or nil.
func (t *Template) QueueByARN(arn string) *Queue {
	for _, q := range t.Queues {
		if q.ARN == arn {
			return q
		}
	}
	return nil
}

// TableByStream returns the table with a stream's ARN, or nil.
func (t *Template) TableByStream(arn string) *Table {
	for _, tb := range t.Tables {
		if tb.StreamARN != "" && tb.StreamARN == arn {
			return tb
		}
	}
	return nil
}
