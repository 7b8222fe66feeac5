package story

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Play is how a script is played.
type Play struct {
	World World
	// Catalog is the text of the script's catalog.
	Catalog string
	// Fresh gives the account a name and its people emails that nobody has yet.
	Fresh bool
	// Out is told the story; nil is nobody.
	Out io.Writer
	// Progress is told of every step; nil is nobody.
	Progress func(Progress)
}

// Run plays a script to its end, or to the first thing that is not as it should be,
// which the error names with its line.
func (s *Script) Run(ctx context.Context, play Play) error {
	p := &player{
		Play: play, script: s, domain: s.Domain, sessions: map[string]Session{}, seen: map[string]bool{},
		users: map[string]string{}, kept: map[string]any{}, links: map[string]string{},
	}
	if p.Out == nil {
		p.Out = io.Discard
	}
	if p.Fresh {
		p.suffix = strings.ToLower(rand.Text()[:5])
		p.domain = p.suffix + "." + s.Domain
	}
	if err := p.begin(ctx); err != nil {
		return fmt.Errorf("%s:%d: %w", s.File, s.openLine, err)
	}
	chapter := ""
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.Kind == Chapter {
			chapter = step.Text
		}
		if p.Progress != nil {
			p.Progress(Progress{Done: i, Steps: len(s.Steps), Chapter: chapter})
		}
		if err := p.step(ctx, step); err != nil {
			return fmt.Errorf("%s:%d: %w", s.File, step.Line, err)
		}
	}
	if p.Progress != nil {
		p.Progress(Progress{Done: len(s.Steps), Steps: len(s.Steps), Chapter: chapter})
	}
	return nil
}

type player struct {
	Play
	script   *Script
	suffix   string
	domain   string
	zone     *time.Location
	account  string
	sessions map[string]Session
	seen     map[string]bool   // mails told of
	users    map[string]string // ids by the name before the @
	kept     map[string]any
	links    map[string]string // secrets of the newest invitation links, by name
}

func (p *player) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Out, "  "+format+"\n", args...)
}

func (p *player) email(name string) string { return name + "@" + p.domain }

// begin publishes the catalog, opens the account and signs its owner in.
func (p *player) begin(ctx context.Context) error {
	_, _ = fmt.Fprintf(p.Out, "\n%s\n", p.script.Title)
	if err := p.operate(ctx, http.MethodPost, "/v1/operator/catalog/publish", map[string]string{"catalog": p.Catalog}, nil); err != nil {
		return fmt.Errorf("publish %s: %w", p.script.Catalog, err)
	}
	body, err := p.opening()
	if err != nil {
		return err
	}
	var opened struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		SubscriptionID string `json:"subscription_id"`
		Owner          struct {
			ID string `json:"id"`
		} `json:"owner"`
	}
	if err := p.operate(ctx, http.MethodPost, "/v1/operator/accounts", body, &opened); err != nil {
		return fmt.Errorf("open the account: %w", err)
	}
	p.account = opened.Account.ID
	p.kept["account"], p.kept["sub"] = p.account, opened.SubscriptionID
	owner := p.script.Owner.Name
	p.users[owner] = opened.Owner.ID
	session, err := p.session(ctx, owner)
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]string{"id_token": session.IDToken})
	if err != nil {
		return err
	}
	return p.demand(ctx, session, Request{http.MethodPost, "/v1/me", string(text)}, nil)
}

// AccountName is the name of the script's account.
func (s *Script) AccountName() (string, error) {
	body, err := s.openBody()
	name, _ := body["name"].(string)
	if err == nil && name == "" {
		err = fmt.Errorf("%s:%d: open needs a name", s.File, s.openLine)
	}
	return name, err
}

func (s *Script) openBody() (map[string]any, error) {
	var body map[string]any
	if err := yaml.Unmarshal([]byte(s.Open), &body); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", s.File, s.openLine, err)
	}
	return body, nil
}

// opening is the body that opens the account.
func (p *player) opening() (map[string]any, error) {
	body, err := p.script.openBody()
	if err != nil {
		return nil, err
	}
	zone, _ := body["time_zone"].(string)
	if p.zone, err = time.LoadLocation(zone); err != nil || zone == "" {
		return nil, fmt.Errorf("open needs a time_zone, not %q", zone)
	}
	starts, err := time.ParseInLocation(localTime, p.script.Starts, p.zone)
	if err != nil {
		return nil, err
	}
	if p.Fresh {
		body["name"] = fmt.Sprint(body["name"], " ", p.suffix)
	}
	owner := p.script.Owner
	body["owner"] = map[string]string{"email": p.email(owner.Name), "first_name": owner.First, "last_name": owner.Last}
	body["test"], body["clock"] = true, starts.UTC().Format(time.RFC3339)
	return body, nil
}

// session is a person's, signed in at their first step.
func (p *player) session(ctx context.Context, name string) (Session, error) {
	if s, ok := p.sessions[name]; ok {
		return s, nil
	}
	email := ""
	if name != operatorName && name != serverName && name != nobodyName {
		email = p.email(name)
	}
	s, err := p.World.SignIn(ctx, name, email)
	if err != nil {
		return s, fmt.Errorf("sign in %s: %w", name, err)
	}
	p.sessions[name] = s
	return s, nil
}

// operate does something as the vendor's staff, which the script does not tell of.
func (p *player) operate(ctx context.Context, method, path string, in, out any) error {
	session, err := p.session(ctx, operatorName)
	if err != nil {
		return err
	}
	body := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = string(text)
	}
	return p.demand(ctx, session, Request{method, path, body}, out)
}

// demand sends a request that has to succeed.
func (p *player) demand(ctx context.Context, as Session, r Request, out any) error {
	answer, err := p.World.Send(ctx, as, r)
	if err != nil {
		return err
	}
	if answer.Status > 299 {
		return fmt.Errorf("%s %s answers %d %.600s", r.Method, r.Path, answer.Status, answer.Body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Body, out)
}

func (p *player) step(ctx context.Context, s *Step) error {
	switch s.Kind {
	case Chapter:
		_, _ = fmt.Fprintf(p.Out, "\n%s\n", s.Text)
		return nil
	case Say:
		said, err := p.fill(ctx, s.Text, told)
		if err != nil {
			return err
		}
		p.say("%s", said)
		return nil
	case Clock:
		return p.clock(ctx, s)
	case SignIn:
		return p.signIn(ctx, s)
	case Mail:
		return p.mail(ctx, s)
	case Call:
		return p.call(ctx, s)
	}
	return errors.New("no such step")
}

// clock moves the account's clock, in as many calls as it takes.
func (p *player) clock(ctx context.Context, s *Step) error {
	to, err := time.ParseInLocation(localTime, s.Text, p.zone)
	if err != nil {
		return err
	}
	if err := advance(ctx, p.operate, p.account, to); err != nil {
		return err
	}
	p.say("The account's clock moves to %s.", to.Format("2 January 2006, 15:04"))
	return p.checks(ctx, s, nil, nil)
}

// advance moves an account's clock, in as many calls as it takes.
func advance(ctx context.Context, operate func(context.Context, string, string, any, any) error, account string, to time.Time) error {
	for {
		var at struct {
			Done bool `json:"done"`
		}
		body := map[string]string{"to": to.UTC().Format(time.RFC3339)}
		if err := operate(ctx, http.MethodPost, "/v1/operator/accounts/"+account+"/clock", body, &at); err != nil {
			return err
		}
		if at.Done {
			return nil
		}
	}
}

// signInTries is how many seconds a sign-in may count as older than what signed
// the person out.
const signInTries = 5

// signIn signs a person in until the sign-in is later than what signed them out:
// issuers tell its time in whole seconds.
func (p *player) signIn(ctx context.Context, s *Step) error {
	for range signInTries {
		delete(p.sessions, s.Who)
		session, err := p.session(ctx, s.Who)
		if err != nil {
			return err
		}
		answer, err := p.World.Send(ctx, session, Request{Method: http.MethodGet, Path: "/v1/accounts/" + p.account})
		if err != nil {
			return err
		}
		if answer.Status < http.StatusBadRequest {
			return p.checks(ctx, s, &answer, decode(answer.Body))
		}
		if code, _, _ := find(decode(answer.Body), "code"); code != "signed_out" {
			return fmt.Errorf("%s signs in and is answered %d %.300s", s.Who, answer.Status, answer.Body)
		}
		if err := p.World.Second(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s stays signed out", s.Who)
}

var acceptLink = regexp.MustCompile(`/accept#(\S+)`)

// mail waits for a mail and keeps the link of an invitation.
func (p *player) mail(ctx context.Context, s *Step) error {
	words, err := p.fill(ctx, s.Text, told)
	if err != nil {
		return err
	}
	letter, err := p.World.Letter(ctx, p.account, p.email(s.Who), words, p.seen)
	if err != nil {
		return err
	}
	if found := acceptLink.FindStringSubmatch(letter.Text); found != nil {
		p.links[s.Who] = found[1]
	}
	p.say("%s gets a mail: %q.", s.Who, letter.Subject)
	return p.checks(ctx, s, nil, letter.value())
}
