package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// accountsPerPage and maxAccountPages bound what the start page shows; a
	// demo has a handful.
	accountsPerPage = 50
	maxAccountPages = 4
	// maxAnswerBytes is above what Lambda can answer (6 MB).
	maxAnswerBytes = 8 << 20
	// maxClockCalls ends a move that makes no way. A call does what it can in
	// 25 s, so this is more than anybody waits for.
	maxClockCalls = 40
)

// account is one of GET /v1/operator/accounts, as far as the page shows it.
// Whatever is absent stays empty.
type account struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	Currency      string         `json:"currency"`
	TimeZone      string         `json:"time_zone"`
	Status        string         `json:"status"`
	Test          bool           `json:"test"`
	Clock         *time.Time     `json:"clock"`
	NextDue       *time.Time     `json:"next_due"`
	Owner         user           `json:"owner"`
	Subscriptions []subscription `json:"subscriptions"`
	Users         []user         `json:"users"`
}

type user struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Role      string `json:"role"`
	Status    string `json:"status"`
}

type subscription struct {
	ID        string `json:"id"`
	ProductID string `json:"product_id"`
	PlanID    string `json:"plan_id"`
	Seats     int    `json:"seats"`
	InUse     int    `json:"in_use"`
	Reserved  int    `json:"reserved"`
	Available int    `json:"available"`
	Period    struct {
		Start *time.Time `json:"start"`
		End   *time.Time `json:"end"`
	} `json:"period"`
}

// accounts reads the accounts page by page.
func (p *pages) accounts(ctx context.Context) ([]account, error) {
	var all []account
	cursor := ""
	for range maxAccountPages {
		query := url.Values{"limit": {fmt.Sprint(accountsPerPage)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var answer struct {
			Items      []account `json:"items"`
			NextCursor string    `json:"next_cursor"`
		}
		if err := p.operator(ctx, http.MethodGet, "/v1/operator/accounts?"+query.Encode(), nil, &answer); err != nil {
			return all, err
		}
		all = append(all, answer.Items...)
		if cursor = answer.NextCursor; cursor == "" {
			break
		}
	}
	return all, nil
}

// advance moves an account's clock, which takes as many calls as it takes.
// It returns where the clock stands, also with an error.
func (p *pages) advance(ctx context.Context, id string, to time.Time) (time.Time, error) {
	var answer struct {
		Clock time.Time `json:"clock"`
		Done  bool      `json:"done"`
	}
	for range maxClockCalls {
		body := map[string]string{"to": to.UTC().Format(time.RFC3339)}
		if err := p.operator(ctx, http.MethodPost, "/v1/operator/accounts/"+url.PathEscape(id)+"/clock", body, &answer); err != nil {
			return answer.Clock, err
		}
		if answer.Done {
			return answer.Clock, nil
		}
	}
	return answer.Clock, fmt.Errorf("the clock has come as far as %s and has work left; move it again", answer.Clock.UTC().Format(time.RFC3339))
}

// operator calls the API with an operator's token.
func (p *pages) operator(ctx context.Context, method, path string, body, into any) error {
	if p.deps.OperatorToken == nil || p.deps.APIURL == "" {
		return errors.New("the stack has no API yet")
	}
	token, err := p.deps.OperatorToken(ctx)
	if err != nil {
		return fmt.Errorf("sign the operator in: %w", err)
	}
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.deps.APIURL+path, content)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("the API does not answer: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("the API's answer broke off: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return refusalOf(response.StatusCode, data)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the API's answer to %s %s is not what belongs there: %w", method, path, err)
	}
	return nil
}

// refusalOf makes a sentence of a problem document, or of anything else.
func refusalOf(status int, data []byte) error {
	var problem struct{ Code, Detail, Message string }
	if json.Unmarshal(data, &problem) == nil && problem.Detail != "" {
		return fmt.Errorf("%s (%d %s)", problem.Detail, status, problem.Code)
	}
	text := problem.Message
	if text == "" {
		text = shorten(strings.TrimSpace(string(data)), 200)
	}
	return fmt.Errorf("the API answered %d: %s", status, text)
}

// through passes a read on to the API as it came, so that the browser needs no
// permission of the API to call it from here.
func (p *pages) through(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/through")
	request, err := http.NewRequestWithContext(r.Context(), r.Method, p.deps.APIURL+path, http.NoBody)
	if err != nil {
		p.throughFailed(w, err)
		return
	}
	for _, name := range []string{"Authorization", "Accept"} {
		if value := r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.throughFailed(w, err)
		return
	}
	defer response.Body.Close()
	for _, name := range []string{"Content-Type", "Retry-After", "WWW-Authenticate"} {
		if value := response.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(response.Body, maxAnswerBytes))
}

func (p *pages) throughFailed(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusBadGateway)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"title": "Bad Gateway", "status": http.StatusBadGateway, "code": "stack_unreachable",
		"detail": "The API of the stack does not answer (" + err.Error() + "). See whether the stack still runs.",
	})
}
