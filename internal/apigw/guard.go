package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const jsonType = "application/json"

// guard checks what huma does not: that the body is JSON of bounded size and
// depth in UTF-8 with each field once and none unknown, by exact case (huma and
// encoding/json compare field names in any case, so that {"role": …, "Role": …}
// would be checked by one and read by the other), and that no query parameter is
// given twice. It leaves the body to be read again.
func guard(registry huma.Registry) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		body, p := readBody(r)
		if p == nil {
			p = checkIdempotencyKey(r.Header)
		}
		if p == nil {
			p = checkQuery(r)
		}
		if p == nil {
			p = checkBody(registry, hc.Operation(), r, body)
		}
		if p != nil {
			writeProblem(r.Context(), w, p)
			return
		}
		r.Body = readCloser{bytes.NewReader(body)}
		r.Header.Del("Accept") // answers are JSON, whatever is asked for
		sent := sentRequest{method: r.Method, path: r.URL.EscapedPath(), body: body}
		next(huma.WithContext(hc, context.WithValue(hc.Context(), sentKey{}, sent)))
	}
}

func readBody(r *http.Request) ([]byte, *ProblemBody) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBodyBytes+1))
	if err != nil {
		return nil, problemOf(http.StatusBadRequest, codeMalformed, "The body did not arrive whole. Send the request again.")
	}
	if len(body) > MaxBodyBytes {
		return nil, problemOf(http.StatusRequestEntityTooLarge, codeTooLarge,
			fmt.Sprintf("The body has more than %d bytes. Send it in parts.", MaxBodyBytes))
	}
	return body, nil
}

func checkQuery(r *http.Request) *ProblemBody {
	var fields []ProblemField
	for name, values := range r.URL.Query() {
		if len(values) > 1 {
			fields = append(fields, ProblemField{Location: "query." + name, Message: "is given more than once"})
		}
	}
	return invalid(fields)
}

func checkBody(registry huma.Registry, op *huma.Operation, r *http.Request, body []byte) *ProblemBody {
	if len(body) == 0 {
		return nil
	}
	if op.RequestBody == nil {
		if string(bytes.TrimSpace(body)) == "{}" {
			return nil
		}
		return problemOf(http.StatusUnprocessableEntity, codeInvalid, "This operation takes no body. Send it without one.")
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return problemOf(http.StatusUnsupportedMediaType, codeUnsupportedMedia,
			"The body must be JSON. Send it with Content-Type: application/json.")
	}
	if !utf8.Valid(body) {
		return problemOf(http.StatusBadRequest, codeMalformed, "The body is not UTF-8. Encode it as UTF-8 and send it again.")
	}
	s := scan{dec: json.NewDecoder(bytes.NewReader(body)), registry: registry}
	s.dec.UseNumber()
	var schema *huma.Schema
	if m := op.RequestBody.Content[jsonType]; m != nil {
		schema = m.Schema
	}
	if err := s.value(schema, "body", 0); err != nil {
		return problemOf(http.StatusBadRequest, codeMalformed, "The body is not right: "+err.Error()+". Mend it and send it again.")
	}
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		return problemOf(http.StatusBadRequest, codeMalformed, "The body has something behind its JSON value. Send one JSON value.")
	}
	return invalid(s.fields)
}

// isJSON accepts application/json in UTF-8, and no media type at all.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != jsonType {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}

// scan walks a body's tokens along the operation's schema.
type scan struct {
	dec      *json.Decoder
	registry huma.Registry
	fields   []ProblemField
}

var (
	errSyntax  = errors.New("it stops being JSON")
	errTooDeep = fmt.Errorf("it is nested more than %d levels deep", MaxBodyDepth)
)

func (s *scan) value(schema *huma.Schema, at string, depth int) error {
	t, err := s.dec.Token()
	if err != nil {
		return fmt.Errorf("%w at byte %d", errSyntax, s.dec.InputOffset())
	}
	if n, ok := t.(json.Number); ok {
		if _, err := strconv.ParseFloat(string(n), 64); err != nil {
			s.mistake(at, "is a number too large to be read")
		}
	}
	if t == nil && schema != nil && !schema.Nullable {
		// Huma would take it for a field that is not there.
		s.mistake(at, "must not be null; send a value or leave it out")
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == MaxBodyDepth {
		return errTooDeep
	}
	for schema != nil && schema.Ref != "" {
		schema = s.registry.SchemaFromRef(schema.Ref)
	}
	if delim == '{' {
		err = s.object(schema, at, depth)
	} else {
		err = s.array(schema, at, depth)
	}
	if err != nil {
		return err
	}
	if _, err := s.dec.Token(); err != nil { // the closing one
		return fmt.Errorf("%w at byte %d", errSyntax, s.dec.InputOffset())
	}
	return nil
}

func (s *scan) object(schema *huma.Schema, at string, depth int) error {
	closed := schema != nil && schema.AdditionalProperties == false
	seen := map[string]bool{}
	for s.dec.More() {
		t, err := s.dec.Token()
		if err != nil {
			return fmt.Errorf("%w at byte %d", errSyntax, s.dec.InputOffset())
		}
		name, _ := t.(string)
		here := at + "." + printable(name)
		if seen[name] {
			s.mistake(here, "is given more than once")
		}
		seen[name] = true
		if err := s.value(s.member(schema, closed, name, here), here, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) member(schema *huma.Schema, closed bool, name, here string) *huma.Schema {
	if schema == nil {
		return nil
	}
	if p := schema.Properties[name]; p != nil {
		return p
	}
	if closed {
		s.mistake(here, "is not a field of this request")
	}
	inner, _ := schema.AdditionalProperties.(*huma.Schema)
	return inner
}

func (s *scan) array(schema *huma.Schema, at string, depth int) error {
	var items *huma.Schema
	if schema != nil {
		items = schema.Items
	}
	for i := 0; s.dec.More(); i++ {
		if err := s.value(items, fmt.Sprintf("%s[%d]", at, i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) mistake(location, message string) {
	if len(s.fields) < maxProblemFields {
		s.fields = append(s.fields, ProblemField{Location: location, Message: message})
	}
}

func marshalJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// unmarshalJSON words the errors of encoding/json anew, which name Go types.
func unmarshalJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		at := "body"
		if wrongType.Field != "" {
			at += "." + wrongType.Field
		}
		// The schema has held, so it is a number that only looks whole, or is too long.
		return &locatedError{at, "must be a whole number of 64 bits, without fraction or exponent"}
	default:
		return &locatedError{"body", "cannot be read"}
	}
}

// locatedError carries a place through huma, which has room for a text only.
type locatedError struct{ location, message string }

const locationMark = "\x00"

func (e *locatedError) Error() string { return e.location + locationMark + e.message }
