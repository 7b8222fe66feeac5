// Package stack runs all of template.yaml on one machine: the functions as the programs that are deployed, and around them the
// API, the tables, the bus, the queues, the schedules, mail and sign-in.
//
//	browser ──► public address ─┬─ /v1/…, /.well-known/jwks.json ─► gateway ─► functions ─► DynamoDB Local
//	        │                   ├─ /issuer/… ─► oidc                ▲  ▲  ▲                    │ stream
//	        │                   └─ the rest ─► pages                │  │  └── schedules        ▼
//	        └─► console's address ──────────────────────────────────┘  queues ◄── bus ◄── publish
//
// The console's address is the API's alone, as on AWS: the console function answers what no other does.
//
// The functions learn where the parts are from their environment alone (AWS_ENDPOINT_URL_* and the template's parameters), as on
// AWS; nothing in them knows that it runs here. Every part stands behind a listener on the loopback interface and a free
// port, but DynamoDB Local, which knows no other than all interfaces.
//
// Stop lets what is in work finish, writes what there is (items, messages, undelivered events, mails, the issuer's key) to
// one file and ends every process, goroutine and listener. Start takes that file over. A stack that is killed loses what
// happened since its start.
package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/usher-seats/usher/infra/local/build"
	"github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/dynamo"
	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/infra/local/page"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/schedule"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/infra/local/stream"
)

const (
	// stopPatience is how long what is in work may take to finish at a stop.
	stopPatience = 10 * time.Second
	// DefaultRetryBase is the wait after a first failure; each further one doubles it, up to maxRetryWait. AWS waits for
	// minutes where somebody who looks on should not.
	DefaultRetryBase = time.Second
	maxRetryWait     = 30 * time.Second
	// accessKey names the stack's database in DynamoDB Local.
	accessKey = "usherlocal"
)

// Options say what to run and where. The zero value runs the checkout's template on a free port and saves nothing.
type Options struct {
	// Root is the folder of the sources; empty: the checkout that the working directory is in.
	Root string
	// Template is the template's file; empty: template.yaml in Root.
	Template string
	// Addr is the public address; empty: a free port of 127.0.0.1.
	Addr string
	// ConsoleAddr is the console's address; empty: a free port of 127.0.0.1.
	ConsoleAddr string
	// StateDir holds the saved state and the functions' logs; empty: nothing is kept.
	StateDir string
	// Parameters override those of the template, also those that the stack sets.
	Parameters map[string]string
	// Database is a DynamoDB Local that runs already, with an empty database; nil: start one.
	Database *tables.Client
	// Binaries are programs that are there already, by the folder of their function; the others are built.
	Binaries map[string]string
	// Faults puts fault.Proxies in front of DynamoDB, EventBridge and SES.
	Faults bool
	// RetryBase replaces DefaultRetryBase.
	RetryBase time.Duration
	// Demos are the demo accounts that the start page tells of; nil: none.
	Demos func() []page.Demo
	// Progress is told in one line what is going on; nil: silence. It is called from several goroutines.
	Progress func(string)
}

// Stack is a running stack.
type Stack struct {
	options  Options
	template *sam.Template
	url      string
	public   *listener
	console  *listener
	services services
	database *tables.Client
	java     *dynamo.Server // nil if the database is not ours
	client   *http.Client   // for calls of our own to our own parts

	host      *lambda.Host
	functions map[string]*function // by logical id
	queues    map[string]*queue.Queue
	consumers []*queue.Consumer
	bus       *bus.Bus
	streams   map[string]*stream.Source // by function and event
	schedules *schedule.Runner
	mails     *ses.Server
	issuer    *oidc.Server
	operator  operatorToken

	resumed bool // it took over a saved state

	mu      sync.Mutex
	notices []Notice

	stop    sync.Once
	stopErr error
}

// function is a function with what feeds it.
type function struct {
	*lambda.Function
	template *sam.Function
	// async is Lambda's queue of events that nobody waits for.
	async *queue.Queue
	log   *os.File
}

// Notice is something that was sent to a topic, behind which there is nobody here.
type Notice struct {
	Topic string
	Body  string
	At    time.Time
}

// Start builds and starts everything. The context bounds the start; Stop ends the stack. If it fails, nothing is left behind.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if o.Root == "" {
		root, err := checkout.Root()
		if err != nil {
			return nil, err
		}
		o.Root = root
	}
	o.Template = cmp.Or(o.Template, filepath.Join(o.Root, "template.yaml"))
	o.Addr, o.ConsoleAddr = cmp.Or(o.Addr, "127.0.0.1:0"), cmp.Or(o.ConsoleAddr, "127.0.0.1:0")
	o.RetryBase = cmp.Or(o.RetryBase, DefaultRetryBase)
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	s := &Stack{
		options: o, functions: map[string]*function{}, queues: map[string]*queue.Queue{}, streams: map[string]*stream.Source{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}, Timeout: callTimeout},
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	return s, nil
}

// callTimeout is longer than the API takes at most.
const callTimeout = 40 * time.Second

func (s *Stack) start(ctx context.Context) error {
	var err error
	if s.public, err = listen(s.options.Addr, "-addr"); err != nil {
		return err
	}
	if s.console, err = listen(s.options.ConsoleAddr, "-console"); err != nil {
		return err
	}
	s.url = "http://" + s.public.addr()
	s.template, err = sam.Load(s.options.Template, sam.Options{
		Parameters: s.options.Parameters,
		Defaults: map[string]string{
			"IssuerUrl": s.IssuerURL(), "OidcClientId": ClientID, "GroupsClaim": groupsClaim,
			"ConsoleUrl": s.ConsoleURL(), "ConsoleOrigin": s.ConsoleURL(), "CreateMailIdentity": "no",
		},
	})
	if err != nil {
		return err
	}
	binaries, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	if err := s.startServices(); err != nil {
		return err
	}
	if err := s.addFunctions(binaries); err != nil {
		return err
	}
	if err := s.startBus(); err != nil {
		return err
	}
	if err := s.restore(ctx); err != nil {
		return err
	}
	if err := s.startSources(ctx); err != nil {
		return err
	}
	gw := s.gateway()
	s.console.serve(gw)
	s.public.serve(s.handler(gw))
	return nil
}

// prepare does what takes long, at the same time: it builds the functions and starts DynamoDB Local.
func (s *Stack) prepare(ctx context.Context) (map[string]string, error) {
	var wg sync.WaitGroup
	var databaseErr error
	if s.database = s.options.Database; s.database == nil {
		wg.Go(func() {
			s.options.Progress("starting DynamoDB Local")
			if s.java, databaseErr = dynamo.Start(ctx, dynamo.Options{QuickStart: true, Progress: s.options.Progress}); databaseErr == nil {
				s.options.Progress("DynamoDB Local answers")
			}
		})
	}
	var folders []string
	for _, f := range s.template.Functions {
		if s.options.Binaries[f.CodeURI] == "" {
			folders = append(folders, f.CodeURI)
		}
	}
	s.options.Progress(fmt.Sprintf("building %d functions", len(folders)))
	// One folder for all stacks of a checkout: what is up to date is not linked again.
	binaries, err := build.Functions(ctx, s.options.Root, filepath.Join(s.options.Root, "build", "local"), folders)
	if err == nil {
		s.options.Progress(fmt.Sprintf("%d functions are built", len(binaries)))
		maps.Copy(binaries, s.options.Binaries)
	}
	wg.Wait()
	if err := errors.Join(err, databaseErr); err != nil {
		return nil, err
	}
	if s.java != nil {
		s.database = &tables.Client{Endpoint: s.java.Endpoint(), AccessKey: accessKey, Region: sam.DefaultRegion, HTTP: s.client}
	}
	return binaries, tables.Create(ctx, s.database, s.template.Tables)
}

// Stop lets what is in work finish for a while, saves the state and ends everything. It may be called more than once.
func (s *Stack) Stop() error {
	s.stop.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
		defer cancel()
		quiet := s.quiet(ctx)
		var saved error
		if s.options.StateDir != "" {
			s.options.Progress("saving the state")
			saved = s.save()
		}
		s.stopErr = errors.Join(quiet, saved, s.close())
	})
	return s.stopErr
}

// Abandon ends everything and saves nothing: the state of the last clean stop stays.
func (s *Stack) Abandon() error {
	s.stop.Do(func() { s.stopErr = s.abandon() })
	return s.stopErr
}

func (s *Stack) abandon() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no patience
	return errors.Join(s.quiet(ctx), s.close())
}

// quiet ends everything that sets something going, the outermost first, so that nothing happens any more and all that is
// left stands in a queue.
func (s *Stack) quiet(ctx context.Context) error {
	var errs []error
	for _, l := range []*listener{s.public, s.console} {
		if l != nil {
			errs = append(errs, l.stop(ctx))
		}
	}
	if s.schedules != nil {
		s.schedules.Stop()
	}
	for _, c := range s.consumers {
		c.Close()
	}
	if s.host != nil {
		errs = append(errs, s.host.Stop(ctx))
	}
	for _, c := range s.consumers {
		c.Stop()
	}
	for _, source := range s.streams {
		source.Stop()
	}
	if s.bus != nil {
		s.bus.Stop()
	}
	return errors.Join(errs...)
}

// close ends the processes and listeners.
func (s *Stack) close() error {
	errs := []error{s.services.stop()}
	if s.java != nil {
		errs = append(errs, s.java.Stop())
	}
	for _, f := range s.functions {
		if f.log != nil {
			errs = append(errs, f.log.Close())
		}
	}
	s.client.CloseIdleConnections()
	return errors.Join(errs...)
}
