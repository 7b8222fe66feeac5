package page

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/usher-seats/usher/infra/local/ses"
)

// Deps is everything that the pages show or set going. A nil func or an empty
// list leaves its part out of the page.
type Deps struct {
	// APIURL is the base of the HTTP API, such as http://127.0.0.1:8080, without
	// a trailing slash.
	APIURL string
	// IssuerURL and ClientID are what the browser signs in with.
	IssuerURL string
	ClientID  string
	// ConsoleURL is the console's address, without a trailing slash. Its login_hint
	// chooses who signs in there. It may be empty.
	ConsoleURL string
	// AllowedHosts are further names under which the pages may be opened; a
	// loopback address and localhost always may.
	AllowedHosts []string

	// OperatorToken returns a bearer token of an operator; accounts are read
	// and clocks are moved with it.
	OperatorToken func(ctx context.Context) (string, error)
	// HTTP calls the API; nil means a client with a timeout of its own.
	HTTP *http.Client
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time

	// Mailbox is the local SES.
	Mailbox Mailbox
	// Staff are the vendor's people to sign in as; accounts bring their own.
	Staff func() []Person
	// Events returns the last events of the bus, newest first.
	Events    func() []BusEvent
	Functions func() []FunctionState
	Queues    func() []QueueState
	// Redrive sends the messages of a dead-letter queue to where they came from.
	Redrive   func(queue string) error
	Schedules func() []ScheduleState
	// RunSchedule sets a schedule off now, and returns when its target has.
	RunSchedule func(ctx context.Context, name string) error
	// Demos are the accounts that the stack makes by itself, by playing their
	// stories.
	Demos func() []Demo
	// Links are further places worth a visit.
	Links []Link
}

// Demo is a demo account and how far its story is.
type Demo struct {
	// System is the story's name, Account the account's.
	System, Title, Account string
	// Email, First and Last are of whom the account was opened for, who is offered on the sign-in page once State is "there".
	Email, First, Last string
	// State is "waiting", "playing", "there" or "failed".
	State string
	// Try says what to try in the account.
	Try []string
	// Done of Steps are played, now those of Chapter.
	Done, Steps int
	Chapter     string
	// Problem is why it failed.
	Problem string
}

// Mailbox is the local SES; *ses.Server is one.
type Mailbox interface {
	Mails() []ses.Mail
	Mode() ses.Mode
	SetMode(mode ses.Mode) error
	Clear()
}

// Person is somebody to sign in as who is in no account, such as an operator.
type Person struct {
	Email string
	Name  string
	Role  string
}

// Link is a place and what is to be found there.
type Link struct {
	Title string
	URL   string
	About string
}

// BusEvent is one event as it was put on the bus.
type BusEvent struct {
	ID         string
	Source     string
	DetailType string
	Time       time.Time
	Detail     json.RawMessage
	// Targets are the rules or targets that it was delivered to.
	Targets []string
}

// FunctionState is what one function has done since the start.
type FunctionState struct {
	Name string
	// Trigger says what sets it going: "HTTP", "schedule", "queue", "stream".
	Trigger string
	// State is "idle", "starting", "running" or "failed".
	State       string
	Processes   int
	Invocations int
	Errors      int
	StartedAt   time.Time
	LastAt      time.Time
	// LastMillis is how long the last invocation took.
	LastMillis  float64
	LastError   string
	LastErrorAt time.Time
}

// QueueState is one queue now.
type QueueState struct {
	Name     string
	Visible  int
	InFlight int
	Delayed  int
	// DeadLettersOf is the queue whose failed messages end here; empty for a
	// queue that is worked off.
	DeadLettersOf string
	// Messages are the first few messages, for a look at what is stuck.
	Messages []QueueMessage
}

// QueueMessage is one waiting message.
type QueueMessage struct {
	ID        string
	Body      string
	SentAt    time.Time
	Receives  int
	LastError string
}

// ScheduleState is one schedule of the template.
type ScheduleState struct {
	Name       string
	Expression string
	TimeZone   string
	Function   string
	NextAt     time.Time
	LastAt     time.Time
	LastError  string
}
