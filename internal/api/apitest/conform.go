package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// everywhere are headers that any answer may have and no operation documents.
func everywhere() []string {
	return []string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "Retry-After", "Allow"}
}

// Check holds an answer, and the request where it was accepted, against the
// document: status, headers, media type, every field. A refusal must be a whole
// problem whatever the document says.
func (d *Document) Check(r Response) error {
	caching := "no-store"
	if r.Status == http.StatusOK && r.Request.Path == "/.well-known/jwks.json" {
		caching = "public, max-age=600" // the one answer that is the same for everybody
	}
	if header(r.Headers, "X-Content-Type-Options") != "nosniff" || header(r.Headers, "Cache-Control") != caching {
		return fmt.Errorf("a browser may take the answer for something else, or keep it: %v", r.Headers)
	}
	op, params, found := d.Find(r.Request.Method, r.Request.Path)
	if r.Status >= http.StatusBadRequest {
		if err := problem(r); err != nil || !found {
			return err
		}
		return d.checkBody(op.Responses.Default(), r)
	}
	if !found {
		return fmt.Errorf("the document has no operation for it, and it was answered with %d", r.Status)
	}
	response := op.Responses.Status(r.Status)
	if response == nil {
		return fmt.Errorf("status %d is not documented", r.Status)
	}
	return errors.Join(d.checkRequest(op, params, r.Request), d.checkBody(response, r))
}

// problem checks what every problem has.
func problem(r Response) error {
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	if err := json.Unmarshal(r.Body, &p); err != nil {
		return fmt.Errorf("the answer is no problem: %w", err)
	}
	if p.Type == "" || p.Title != http.StatusText(r.Status) || p.Status != r.Status || p.Code == "" || p.Detail == "" {
		return errors.New("the problem lacks type, title, status, code or detail")
	}
	if !strings.HasSuffix(p.Detail, ".") || !advises(p.Detail) || strings.Contains(p.Detail, "Z07:00") || strings.Contains(p.Detail, "e+0") {
		return fmt.Errorf("the detail does not say in plain words what to do: %q", p.Detail)
	}
	if got := header(r.Headers, "Content-Type"); got != problemType {
		return fmt.Errorf("the problem is sent as %q", got)
	}
	return nil
}

// advises reports whether a sentence or a part of one begins with what to do next.
func advises(detail string) bool {
	for _, part := range strings.FieldsFunc(detail, func(r rune) bool { return r == '.' || r == ';' || r == ':' || r == ',' }) {
		first, _, _ := strings.Cut(strings.TrimSpace(part), " ")
		switch strings.ToLower(first) {
		case "activate", "ask", "assign", "begin", "cancel", "change", "check", "choose", "close", "encode", "hand", "invite", "keep", "let", "look",
			"mend", "open", "publish", "read", "send", "sign", "split", "start", "subscribe", "take", "try", "verify", "wait", "write":
			return true
		}
	}
	// What a 405 says to do is to use one of the methods that it names.
	return strings.Contains(detail, "It knows ")
}

func (d *Document) checkBody(response *openapi3.ResponseRef, r Response) error {
	if response == nil || response.Value == nil {
		return errors.New("no answer is documented")
	}
	for name := range r.Headers {
		if response.Value.Headers[http.CanonicalHeaderKey(name)] == nil && !slices.Contains(everywhere(), http.CanonicalHeaderKey(name)) {
			return fmt.Errorf("the header %s is not documented", name)
		}
	}
	content := response.Value.Content
	if len(content) == 0 {
		if len(r.Body) > 0 {
			return fmt.Errorf("a body is sent where none is documented")
		}
		return nil
	}
	media := content[header(r.Headers, "Content-Type")]
	if media == nil {
		return fmt.Errorf("the media type %q is not documented", header(r.Headers, "Content-Type"))
	}
	if media.Schema != nil && media.Schema.Value.Format == "binary" {
		return nil // a file, which its own tests read
	}
	dec := json.NewDecoder(bytes.NewReader(r.Body))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	// The document keeps to what both visitors read alike; the one of JSON Schema
	// compiles the schema for each answer, which takes a hundred times as long.
	return media.Schema.Value.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation(), openapi3.VisitAsResponse())
}

// checkRequest checks that a request that was accepted is one that the document
// allows: it would be wrong to take more than is written.
func (d *Document) checkRequest(op Operation, params map[string]string, r Request) error {
	sent, err := http.NewRequest(r.Method, "https://api.example.com"+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return err
	}
	sent.Header.Set("Content-Type", jsonType)
	if r.Key != "" {
		sent.Header.Set("Idempotency-Key", r.Key)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: sent, PathParams: params, QueryParams: sent.URL.Query(), Options: &openapi3filter.Options{SkipSettingDefaults: true},
	}
	for name := range input.QueryParams {
		if op.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the query parameter %q was accepted and is not documented", name)
		}
	}
	for _, p := range op.Parameters {
		if err := openapi3filter.ValidateParameter(sent.Context(), input, p.Value); err != nil {
			return fmt.Errorf("the request was accepted and is not documented: %w", err)
		}
	}
	if op.RequestBody == nil {
		return nil
	}
	if err := openapi3filter.ValidateRequestBody(sent.Context(), input, op.RequestBody.Value); err != nil {
		return fmt.Errorf("the request was accepted and is not documented: %w", err)
	}
	return nil
}
