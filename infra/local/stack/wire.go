package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/fault"
	"github.com/usher-seats/usher/infra/local/kms"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/schedule"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/infra/local/stream"
)

// startServices opens the endpoints of EventBridge, SES and, with faults, DynamoDB, and makes the issuer. The bus itself comes
// later, since it delivers to functions, which want to know its endpoint.
func (s *Stack) startServices() error {
	s.mails = ses.New(ses.Options{ConfigurationSets: s.configurationSets()})
	var err error
	s.issuer, err = oidc.New(oidc.Options{
		IssuerURL: s.IssuerURL(), ClientID: ClientID, RedirectPrefixes: []string{s.url + "/", s.ConsoleURL() + "/"}, GroupsClaim: groupsClaim,
		People: s.offered, VendorServers: []oidc.VendorServer{{ClientID: VendorClientID, Secret: VendorSecret}},
	})
	if err != nil {
		return err
	}
	open := func(one *service, h http.Handler) error {
		l, err := listen("127.0.0.1:0", "-addr")
		if err != nil {
			return err
		}
		if s.options.Faults {
			one.proxy = fault.Around(h)
			h = one.proxy
		}
		one.listener = l
		l.serve(h)
		return nil
	}
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.bus.ServeHTTP(w, r) })
	if err := open(&s.services.eventbridge, late); err != nil {
		return err
	}
	if err := open(&s.services.ses, s.mails); err != nil {
		return err
	}
	if s.services.keys, err = kms.New(kms.Options{Region: sam.DefaultRegion, AccountID: sam.DefaultAccountID, Keys: s.signingKeys()}); err != nil {
		return err
	}
	if err := open(&s.services.kms, s.services.keys); err != nil {
		return err
	}
	if !s.options.Faults {
		return nil
	}
	if s.services.dynamodb.proxy, err = fault.NewProxy(s.database.Endpoint); err != nil {
		return err
	}
	if s.services.dynamodb.listener, err = listen("127.0.0.1:0", "-addr"); err != nil {
		return err
	}
	s.services.dynamodb.listener.serve(s.services.dynamodb.proxy)
	return nil
}

// configurationSets are SES's that the template makes.
func (s *Stack) configurationSets() []string {
	var out []string
	for _, r := range s.template.Resources {
		if r.Type == "AWS::SES::ConfigurationSet" {
			name := r.Properties.Get("Name").Text()
			if name == "" {
				name = sam.DefaultStackName + "-" + r.ID
			}
			out = append(out, name)
		}
	}
	return out
}

// signingKeys are the names of KMS's keys that the template makes.
func (s *Stack) signingKeys() []string {
	var out []string
	for _, r := range s.template.Resources {
		if r.Type == "AWS::KMS::Key" {
			out = append(out, sam.DefaultStackName+"-"+r.ID)
		}
	}
	return out
}

// addFunctions makes the functions known to the runtime; their processes start with their first event.
func (s *Stack) addFunctions(binaries map[string]string) error {
	var err error
	if s.host, err = lambda.NewHost(); err != nil {
		return err
	}
	for _, f := range s.template.Functions {
		binary, ok := binaries[f.CodeURI]
		if !ok {
			s.options.Progress(fmt.Sprintf("%s is not there: %s answers nothing", f.CodeURI, f.ID))
			continue
		}
		out := &function{template: f}
		var log io.Writer
		if s.options.StateDir != "" {
			if out.log, err = s.openLog(path.Base(f.CodeURI)); err != nil {
				return err
			}
			log = out.log
		}
		out.Function = s.host.Add(lambda.Config{
			Name: f.Name, ARN: f.ARN, Binary: binary, Env: s.environment(f), Region: s.database.Region, Timeout: f.Timeout,
			MemoryMB: f.MemoryMB, MaxProcesses: f.ReservedConcurrency, Log: log,
		})
		out.async = s.asyncQueue(f)
		s.functions[f.ID] = out
	}
	for _, q := range s.template.Queues {
		s.queues[q.ARN] = queue.New(queue.Options{
			Name: q.ID, ARN: q.ARN, Visibility: q.Visibility, Retention: q.Retention, Delay: q.Delay, MaxReceives: q.MaxReceives,
			RetryAfter: s.retryAfter(),
		})
	}
	for _, q := range s.template.Queues { // after all exist
		if q.DeadLetterARN == "" {
			continue
		}
		letters := s.queues[q.DeadLetterARN]
		if letters == nil {
			return fmt.Errorf("stack: line %d: the dead letters of %s go to %s, which is no queue of the template", q.Line, q.ID, q.DeadLetterARN)
		}
		s.queues[q.ARN].SetDeadLetters(letters)
	}
	return nil
}

func (s *Stack) openLog(name string) (*os.File, error) {
	dir := filepath.Join(s.options.StateDir, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	return os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// environment is what the template gives a function, with our endpoints where it declares them, and credentials as Lambda has
// them. The access key names the database; the session token says who calls, for the fault proxies.
func (s *Stack) environment(f *sam.Function) map[string]string {
	env := map[string]string{}
	for name, value := range f.Env {
		env[name] = value
	}
	endpoint := s.database.Endpoint
	if s.services.dynamodb.listener != nil {
		endpoint = s.services.dynamodb.url()
	}
	for name, url := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ENDPOINT_URL_EVENTBRIDGE": s.services.eventbridge.url(), "AWS_ENDPOINT_URL_SESV2": s.services.ses.url(),
		"AWS_ENDPOINT_URL_KMS": s.services.kms.url(),
	} {
		if _, declared := env[name]; declared {
			env[name] = url
		}
	}
	env["AWS_ACCESS_KEY_ID"] = s.database.AccessKey
	env["AWS_SECRET_ACCESS_KEY"] = "local"
	env["AWS_SESSION_TOKEN"] = f.ID
	return env
}

func (s *Stack) retryAfter() func(int) time.Duration {
	return queue.Backoff(s.options.RetryBase, max(maxRetryWait, s.options.RetryBase))
}

// asyncQueue is Lambda's own queue in front of a function.
func (s *Stack) asyncQueue(f *sam.Function) *queue.Queue {
	return queue.New(queue.Options{
		Name: f.ID + " (events)", Visibility: 2 * f.Timeout, Retention: f.Async.MaxAge, MaxReceives: f.Async.MaxRetries + 1,
		RetryAfter: s.retryAfter(),
		GiveUp: func(m queue.Message) {
			if f.Async.OnFailureARN == "" {
				return
			}
			body, err := asyncFailure(f, m)
			if err == nil {
				err = s.deliver(context.Background(), f.Async.OnFailureARN, body)
			}
			if err != nil {
				s.options.Progress(fmt.Sprintf("%s: an event was lost: %v", f.ID, err))
			}
		},
	})
}

// asyncFailure is what Lambda sends to the on-failure destination.
func asyncFailure(f *sam.Function, m queue.Message) ([]byte, error) {
	condition := "RetriesExhausted"
	if m.Receives <= f.Async.MaxRetries {
		condition = "EventAgeExceeded"
	}
	response := json.RawMessage(m.LastError)
	if !json.Valid(response) {
		response, _ = json.Marshal(m.LastError) // a string cannot fail
	}
	return json.Marshal(map[string]any{
		"version": "1.0", "timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{
			"requestId": m.ID, "functionArn": f.ARN + ":$LATEST", "condition": condition, "approximateInvokeCount": m.Receives,
		},
		"requestPayload":  json.RawMessage(m.Body),
		"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
		"responsePayload": response,
	})
}

func (s *Stack) startBus() error {
	var names []string
	for _, b := range s.template.Buses {
		names = append(names, b.Name)
	}
	for _, r := range s.template.Rules {
		for _, t := range r.Targets {
			if !s.reaches(t.ARN) {
				return fmt.Errorf("stack: line %d: the rule %s has the target %s, which is no function, queue or topic of the template", t.Line, r.ID, t.ARN)
			}
		}
	}
	var err error
	s.bus, err = bus.New(bus.Options{
		Rules: s.template.Rules, Buses: names, Region: s.database.Region, AccountID: sam.DefaultAccountID,
		Deliver: s.deliver, RetryAfter: s.retryAfter(),
	})
	return err
}

func (s *Stack) reaches(arn string) bool {
	return s.template.FunctionByARN(arn) != nil || s.template.QueueByARN(arn) != nil || strings.HasPrefix(arn, "arn:aws:sns:")
}

// deliver hands something to a queue, a function or a topic.
func (s *Stack) deliver(_ context.Context, arn string, body []byte) error {
	if q, ok := s.queues[arn]; ok {
		_, err := q.Send(string(body))
		return err
	}
	if f := s.template.FunctionByARN(arn); f != nil {
		if s.functions[f.ID] == nil {
			return fmt.Errorf("the function %s was not built", f.ID)
		}
		_, err := s.functions[f.ID].async.Send(string(body))
		return err
	}
	if strings.HasPrefix(arn, "arn:aws:sns:") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.notices = append(s.notices, Notice{Topic: arn[strings.LastIndexByte(arn, ':')+1:], Body: string(body), At: time.Now().UTC()})
		return nil
	}
	return fmt.Errorf("there is no target %s", arn)
}

// startSources starts everything that sets functions going.
func (s *Stack) startSources(ctx context.Context) error {
	for _, f := range s.functions {
		s.consumers = append(s.consumers, queue.Consume(queue.ConsumerOptions{
			Queue: f.async, Function: f, Raw: true, Concurrency: lambda.DefaultMaxProcesses,
		}))
		for _, m := range f.template.QueueSources {
			if err := s.consume(f, m); err != nil {
				return err
			}
		}
	}
	for _, source := range s.streams {
		source.Start()
	}
	var err error
	s.schedules, err = schedule.Run(s.template.Schedules, s.fire)
	return err
}

func (s *Stack) consume(f *function, m *sam.QueueSource) error {
	q := s.queues[m.QueueARN]
	if q == nil {
		return fmt.Errorf("stack: line %d: %s is no queue of the template", m.Line, m.QueueARN)
	}
	var filters []*pattern.Pattern
	for _, source := range m.Filters {
		p, err := pattern.Compile(source)
		if err != nil {
			return fmt.Errorf("stack: line %d: %w", m.Line, err)
		}
		filters = append(filters, p)
	}
	s.consumers = append(s.consumers, queue.Consume(queue.ConsumerOptions{
		Queue: q, Function: f, Region: s.database.Region, BatchSize: m.BatchSize, Window: m.Window, Concurrency: m.MaxConcurrency,
		ReportItemFailures: m.ReportItemFailures, Filters: filters,
	}))
	return nil
}

// addStreams makes the sources of the tables' streams.
func (s *Stack) addStreams() error {
	for id, f := range s.functions {
		for _, m := range f.template.Streams {
			table := s.template.TableByStream(m.StreamARN)
			if table == nil {
				return fmt.Errorf("stack: line %d: %s is no stream of the template", m.Line, m.StreamARN)
			}
			source, err := stream.New(stream.Options{
				Reader:  &stream.TableReader{Client: s.database, Table: table.Name},
				Mapping: m, Function: f, FunctionARN: f.template.ARN, RetryAfter: s.retryAfter(),
				OnFailure: func(body []byte) {
					if m.OnFailureARN == "" {
						return
					}
					if err := s.deliver(context.Background(), m.OnFailureARN, body); err != nil {
						s.options.Progress(fmt.Sprintf("%s: a batch was lost: %v", f.template.ID, err))
					}
				},
			})
			if err != nil {
				return err
			}
			s.streams[id+"."+m.Event] = source
		}
	}
	return nil
}

// fire hands a schedule's event to its target and does not wait for it.
func (s *Stack) fire(ctx context.Context, sched *sam.Schedule, due time.Time) error {
	body, err := scheduleEvent(sched, due, s.database.Region)
	if err != nil {
		return err
	}
	return s.deliver(ctx, sched.TargetARN, body)
}

// fireAndWait invokes a schedule's function and waits for its end. A failure is the caller's to see, so it is not tried again.
func (s *Stack) fireAndWait(ctx context.Context, sched *sam.Schedule, due time.Time) error {
	f := s.template.FunctionByARN(sched.TargetARN)
	if f == nil || s.functions[f.ID] == nil {
		return s.fire(ctx, sched, due)
	}
	body, err := scheduleEvent(sched, due, s.database.Region)
	if err != nil {
		return err
	}
	result, err := s.functions[f.ID].Invoke(ctx, body)
	if err == nil && result.FunctionError != "" {
		err = fmt.Errorf("%s failed: %s", f.ID, result.Payload)
	}
	return err
}

// scheduleEvent is the schedule's input with its context attributes, or what EventBridge Scheduler sends without an input.
func scheduleEvent(sched *sam.Schedule, due time.Time, region string) ([]byte, error) {
	arn := "arn:aws:scheduler:" + region + ":" + sam.DefaultAccountID + ":schedule/default/" + sched.Name
	at := due.UTC().Format(time.RFC3339)
	id := uuid.NewString()
	if sched.Input != "" {
		return []byte(strings.NewReplacer(
			"<aws.scheduler.schedule-arn>", arn, "<aws.scheduler.scheduled-time>", at,
			"<aws.scheduler.execution-id>", id, "<aws.scheduler.attempt-number>", "1",
		).Replace(sched.Input)), nil
	}
	return json.Marshal(map[string]any{
		"version": "0", "id": id, "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": sam.DefaultAccountID,
		"time": at, "region": region, "resources": []string{arn}, "detail": "{}",
	})
}
