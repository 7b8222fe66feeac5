package story_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/story"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// inProcess is the API of a test as a World. Every answer is held against the API's
// document on the way, and the mails are those of the real mail function.
type inProcess struct {
	system *apitest.System
	people map[string]*apitest.Person // by access token, which is only a name here
	post   *post
}

func newInProcess(t *testing.T) *inProcess {
	t.Helper()
	system := apitest.New(t)
	return &inProcess{system: system, people: map[string]*apitest.Person{}, post: newPost(t, system)}
}

func (w *inProcess) SignIn(_ context.Context, name, email string) (story.Session, error) {
	var p *apitest.Person
	switch name {
	case "operator":
		p = w.system.Operator()
	case "server":
		p = w.system.Vendor()
	case "nobody":
		p = w.system.Nobody()
	default:
		p = w.system.SignIn(email)
	}
	key := w.system.Key()
	w.people[key] = p
	return story.Session{Name: name, Email: email, AccessToken: key, IDToken: p.IDToken}, nil
}

func (w *inProcess) Send(_ context.Context, as story.Session, r story.Request) (story.Answer, error) {
	sent := apitest.Request{Method: r.Method, Path: r.Path, Body: r.Body}
	if op, _, found := w.system.Document.Find(r.Method, r.Path); found && op.Keyed() {
		sent.Key = w.system.Key()
	}
	got := w.people[as.AccessToken].Send(sent)
	answer := story.Answer{Status: got.Status, Body: got.Body}
	for name, value := range got.Headers {
		if strings.EqualFold(name, "Content-Type") {
			answer.Type = value
		}
	}
	return answer, nil
}

func (w *inProcess) Letter(ctx context.Context, account, address, words string, seen map[string]bool) (*story.Letter, error) {
	if err := w.post.deliver(ctx, seats.AccountID(account)); err != nil {
		return nil, err
	}
	return w.post.letter(address, words, seen)
}

func (w *inProcess) Second(context.Context) error {
	w.system.Pass(time.Second)
	return nil
}

// TestEveryStoryPlaysOnTheAPI plays each script, and audits what it leaves.
func TestEveryStoryPlaysOnTheAPI(t *testing.T) {
	scripts, err := story.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		t.Run(script.ID, func(t *testing.T) {
			t.Parallel()
			world := newInProcess(t)
			var told strings.Builder
			err := script.Run(t.Context(), story.Play{World: world, Catalog: catalogText(t, script.Catalog), Out: &told})
			if err != nil {
				t.Fatalf("%v\nafter:\n%s", err, told.String())
			}
		})
	}
}
