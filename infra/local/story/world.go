package story

import "context"

// World is where a script is played: a running stack, or the API in a test.
type World interface {
	// SignIn signs a person in anew. The names operator and server are those of the
	// vendor's staff and of the vendor's server, whose email is empty; nobody has no
	// token.
	SignIn(ctx context.Context, name, email string) (Session, error)
	// Send sends a request. A refusal is an answer and no error.
	Send(ctx context.Context, as Session, r Request) (Answer, error)
	// Letter waits for a mail about the account, to the address, whose subject or text
	// has the words and which is not among those seen, and adds it to them.
	Letter(ctx context.Context, account, address, words string, seen map[string]bool) (*Letter, error)
	// Second lets one second of the wall clock pass: issuers tell time in seconds.
	Second(ctx context.Context) error
}

// Session is somebody's sign-in. Its tokens are empty for nobody.
type Session struct {
	Name, Email          string
	AccessToken, IDToken string
}

// Request is one request to the API. Body is JSON or empty.
type Request struct {
	Method, Path, Body string
}

// Answer is what came back.
type Answer struct {
	Status int
	Type   string
	Body   []byte
}

// Letter is a mail that arrived.
type Letter struct {
	Subject, Text, HTML string
	Files               []string
}

// value is the letter as checks look into it.
func (l *Letter) value() map[string]any {
	files := make([]any, len(l.Files))
	for i, name := range l.Files {
		files[i] = name
	}
	return map[string]any{"subject": l.Subject, "text": l.Text, "html": l.HTML, "files": files}
}

// Names that are nobody of the account.
const (
	operatorName = "operator"
	serverName   = "server"
	nobodyName   = "nobody"
)

// Progress tells how far a story has come.
type Progress struct {
	Done, Steps int
	// Chapter is the one that is played.
	Chapter string
}
