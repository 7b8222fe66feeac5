package story

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// call sends a request and holds the answer against what is expected.
func (p *player) call(ctx context.Context, s *Step) error {
	session, err := p.session(ctx, s.Who)
	if err != nil {
		return err
	}
	r, err := p.request(ctx, s)
	if err != nil {
		return err
	}
	answer, err := p.World.Send(ctx, session, r)
	if err != nil {
		return err
	}
	body := decode(answer.Body)
	p.learn(body)
	if err := p.checks(ctx, s, &answer, body); err != nil {
		return fmt.Errorf("%s %s %s: %w\nthe answer is %d %.2000s", s.Who, r.Method, r.Path, err, answer.Status, answer.Body)
	}
	return nil
}

func (p *player) request(ctx context.Context, s *Step) (Request, error) {
	path, err := p.fill(ctx, s.Path, text)
	if err != nil {
		return Request{}, err
	}
	switch {
	case path == ".":
		path = "/v1/accounts/" + p.account
	case !strings.HasPrefix(path, "/"):
		path = "/v1/accounts/" + p.account + "/" + path
	}
	r := Request{Method: s.Method, Path: path}
	if s.Body == "" {
		return r, nil
	}
	filled, err := p.fill(ctx, s.Body, text)
	if err != nil {
		return r, err
	}
	var body any
	if err := yaml.Unmarshal([]byte(filled), &body); err != nil {
		return r, fmt.Errorf("the body is no YAML: %w: %s", err, filled)
	}
	sent, err := json.Marshal(body)
	r.Body = string(sent)
	return r, err
}

// $name is a value that was kept, a person's user id, $name.link and $name.id_token
// what a person accepts an invitation with; @name is a person's email.
var variable = regexp.MustCompile(`\$([a-z][a-z0-9_]*)(?:\.(link|id_token))?|(^|[^A-Za-z0-9.])@([a-z][a-z0-9]*)\b`)

// fill puts values in the place of their names.
func (p *player) fill(ctx context.Context, in string, write func(any) string) (string, error) {
	var wrong error
	out := variable.ReplaceAllStringFunc(in, func(found string) string {
		m := variable.FindStringSubmatch(found)
		if m[4] != "" {
			return m[3] + p.email(m[4])
		}
		value, err := p.value(ctx, m[1], m[2])
		if err != nil {
			wrong = err
		}
		return write(value)
	})
	return out, wrong
}

func (p *player) value(ctx context.Context, name, part string) (any, error) {
	switch part {
	case "link":
		if link := p.links[name]; link != "" {
			return link, nil
		}
		return nil, fmt.Errorf("no mail has brought %s a link", name)
	case "id_token":
		session, err := p.session(ctx, name)
		return session.IDToken, err
	}
	if v, ok := p.kept[name]; ok {
		return v, nil
	}
	return p.user(ctx, name)
}

// user is the id of a person of the account.
func (p *player) user(ctx context.Context, name string) (string, error) {
	if id := p.users[name]; id != "" {
		return id, nil
	}
	var overview any
	if err := p.operate(ctx, http.MethodGet, "/v1/operator/accounts/"+p.account, nil, &overview); err != nil {
		return "", err
	}
	p.learn(overview)
	if id := p.users[name]; id != "" {
		return id, nil
	}
	return "", fmt.Errorf("nothing was kept as %s, and nobody of the account has the email %s", name, p.email(name))
}

// learn notes the ids of the people in an answer. Somebody who was removed and
// invited again is a new user.
func (p *player) learn(v any) {
	switch v := v.(type) {
	case []any:
		for _, entry := range v {
			p.learn(entry)
		}
	case map[string]any:
		email, _ := v["email"].(string)
		id, _ := v["user_id"].(string)
		if id == "" {
			id, _ = v["id"].(string)
		}
		name, domain, _ := strings.Cut(email, "@")
		if domain == p.domain && strings.HasPrefix(id, "usr_") && v["status"] != "removed" {
			p.users[name] = id
		}
		for _, inner := range v {
			p.learn(inner)
		}
	}
}

// checks holds an answer against a step's expectations. answer is nil for what is
// no call.
func (p *player) checks(ctx context.Context, s *Step, answer *Answer, body any) error {
	expectsStatus := false
	for _, c := range s.Checks {
		expectsStatus = expectsStatus || c.Verb == verbStatus || c.Verb == verbRefused
	}
	if answer != nil && !expectsStatus && answer.Status > 299 {
		return fmt.Errorf("it is refused")
	}
	for _, c := range s.Checks {
		if err := p.check(ctx, c, answer, body); err != nil {
			return fmt.Errorf("line %d: %w", c.Line, err)
		}
	}
	return nil
}

func (p *player) check(ctx context.Context, c Check, answer *Answer, body any) error {
	want, err := p.fill(ctx, c.Value, text)
	if err != nil {
		return err
	}
	switch c.Verb {
	case verbStatus, verbRefused, verbType:
		if answer == nil {
			return fmt.Errorf("%s says something of an answer, and there is none here", c.Verb)
		}
		return p.checkAnswer(c.Verb, unquoted(want), answer, body)
	}
	path, err := p.fill(ctx, c.Path, text)
	if err != nil {
		return err
	}
	got, found, err := find(body, path)
	if err != nil {
		return err
	}
	if c.Verb == verbAbsent {
		if found {
			return fmt.Errorf("%s is %s, want nothing there", path, text(got))
		}
		return nil
	}
	if !found {
		return fmt.Errorf("there is no %s", path)
	}
	if c.Verb == verbKeep {
		p.kept[c.Value] = got
		return nil
	}
	return p.compare(c.Verb, path, got, unquoted(want))
}

func (p *player) compare(verb, path string, got any, want string) error {
	holds := false
	switch verb {
	case verbEqual:
		holds = text(got) == want
	case verbHas:
		holds = contains(got, want)
	case verbLacks:
		holds = !contains(got, want)
	case verbCount:
		list, isList := got.([]any)
		if holds = isList && strconv.Itoa(len(list)) == want; isList && !holds {
			return fmt.Errorf("%s has %d entries, want %s", path, len(list), want)
		}
	case verbAt:
		at, err := time.Parse(time.RFC3339, text(got))
		if err != nil {
			return fmt.Errorf("%s is no time: %s", path, text(got))
		}
		// In the account's zone, so that a change of summer time shows.
		if local := at.In(p.zone).Format(localTime); local != want {
			return fmt.Errorf("%s is at %s, want %s", path, local, want)
		}
		return nil
	}
	if !holds {
		return fmt.Errorf("%s is %s, want %s %s", path, text(got), verb, want)
	}
	return nil
}

// checkAnswer checks what an answer has beside its body. A refusal is written as
// status, code and, in quotes, a part of its sentence, which is told.
func (p *player) checkAnswer(verb, want string, answer *Answer, body any) error {
	got := strconv.Itoa(answer.Status)
	switch verb {
	case verbType:
		media, _, err := mime.ParseMediaType(answer.Type)
		if err != nil {
			return fmt.Errorf("the type %q: %w", answer.Type, err)
		}
		got = media
	case verbRefused:
		code, _, _ := find(body, "code")
		detail, _, _ := find(body, "detail")
		head, piece, quoted := strings.Cut(want, ` "`)
		piece = strings.TrimSuffix(piece, `"`)
		if quoted && !strings.Contains(text(detail), piece) {
			return fmt.Errorf("the sentence is %q, want %q in it", text(detail), piece)
		}
		got, want = got+" "+text(code), head
		if got == want {
			p.say("Refused: %s", text(detail))
		}
	}
	if got != want {
		return fmt.Errorf("it is answered %s, want %s", got, want)
	}
	return nil
}
