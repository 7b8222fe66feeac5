package apigw

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/logsafe"
)

const (
	// maxProblemFields bounds errors[]: nobody mends more at once.
	maxProblemFields = 50
	// maxValueRunes bounds an echoed value.
	maxValueRunes = 64
	// maxNameRunes bounds an echoed field name, which the client has made up.
	maxNameRunes = 64
)

// toProblem is the last step before an answer is written: it turns huma's own
// errors into problems and gives every problem its request's id.
func toProblem(hc huma.Context, _ string, v any) (any, error) {
	var p *ProblemBody
	switch e := v.(type) {
	case *ProblemBody:
		p = e
	case *huma.ErrorModel:
		p = fromHuma(e)
	default:
		return v, nil
	}
	out := *p
	out.RequestID = CallerFrom(hc.Context()).RequestID
	logsafe.Set(hc.Context(), slog.String("code", out.Code))
	return &out, nil
}

// fromHuma words huma's errors anew. Huma has chosen the status already.
func fromHuma(e *huma.ErrorModel) *ProblemBody {
	switch e.Status {
	case http.StatusUnprocessableEntity:
		fields := make([]ProblemField, 0, len(e.Errors))
		for _, d := range e.Errors {
			fields = append(fields, fieldOf(d))
		}
		if p := invalid(fields); p != nil {
			return p
		}
		return problemOf(e.Status, codeInvalid, "The request is not valid. Mend it and send it again.")
	case http.StatusBadRequest:
		detail := "The body is not JSON. Mend it and send it again."
		if len(e.Errors) == 0 {
			detail = "The body is missing. Send it as JSON."
		}
		return problemOf(e.Status, codeMalformed, detail)
	case http.StatusRequestEntityTooLarge:
		return problemOf(e.Status, codeTooLarge, "The body is too large. Send it in parts.")
	case http.StatusUnsupportedMediaType:
		return problemOf(e.Status, codeUnsupportedMedia, "The body must be JSON. Send it with Content-Type: application/json.")
	}
	p := internalProblem()
	p.Status, p.Title = e.Status, http.StatusText(e.Status)
	return p
}

// invalid is the 422 for these mistakes, sorted by place; nil where there are none.
func invalid(fields []ProblemField) *ProblemBody {
	if len(fields) == 0 {
		return nil
	}
	slices.SortFunc(fields, func(a, b ProblemField) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Message, b.Message))
	})
	detail := fields[0].Location + " " + fields[0].Message
	if more := len(fields) - 1; more > 0 {
		detail += fmt.Sprintf(", and %d more", more)
	}
	p := problemOf(http.StatusUnprocessableEntity, codeInvalid, detail+". Mend what errors lists and send the request again.")
	p.Errors = fields[:min(len(fields), maxProblemFields)]
	return p
}

func fieldOf(d *huma.ErrorDetail) ProblemField {
	location, message := d.Location, d.Message
	if at, text, ok := strings.Cut(message, locationMark); ok {
		return ProblemField{Location: at, Message: text}
	}
	if name, ok := strings.CutPrefix(message, "expected required property "); ok {
		name = strings.TrimSuffix(name, " to be present")
		return ProblemField{Location: location + "." + name, Message: "is required"}
	}
	return ProblemField{Location: printable(location), Message: plain(message), Value: shortened(location, d.Value)}
}

// phrases words huma's messages so that they follow a field's name in a sentence.
// What stands behind the prefix goes in place of the %s.
var phrases = [...]struct{ prefix, words string }{
	{"unexpected property", "is not a field of this request"},
	{"unknown query parameter", "is not a parameter of this operation"},
	{"expected length >= ", "must have %s or more characters"},
	{"expected length <= ", "must have %s or fewer characters"},
	{"expected array length >= ", "must have %s or more entries"},
	{"expected array length <= ", "must have %s or fewer entries"},
	{"expected number >= ", "must be at least %s"},
	{"expected number <= ", "must be at most %s"},
	{"expected number > ", "must be more than %s"},
	{"expected number < ", "must be less than %s"},
	{"expected value to be one of ", "must be one of %s"},
	{"expected string to match pattern ", "must match the pattern %s"},
	{"expected string to be RFC 3339 date-time", "must be an instant such as 2026-11-22T09:00:00Z"},
	{"expected string to be RFC 3339 date", "must be a date such as 2026-11-22"},
	{"expected string to be ", "must be %s"},
	{"invalid date/time for format ", "must be an instant such as 2026-11-22T09:00:00Z"},
	{"expected array items to be unique", "must not hold the same entry twice"},
	{"expected boolean", "must be true or false"},
	{"expected integer", "must be a whole number"},
	{"invalid integer", "must be a whole number"},
	{"invalid boolean", "must be true or false"},
	{"expected string", "must be a text"},
	{"expected object", "must be an object"},
	{"expected array", "must be a list"},
	{"required ", "is required"},
}

func plain(message string) string {
	for _, p := range phrases {
		if rest, ok := strings.CutPrefix(message, p.prefix); ok {
			return strings.Replace(p.words, "%s", spelled(strings.Trim(rest, `"`)), 1)
		}
	}
	return message
}

// spelled writes out a number that huma has put as 1e+06.
func spelled(word string) string {
	if n, err := strconv.ParseFloat(word, 64); err == nil && strings.ContainsRune(word, 'e') {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return word
}

// shortened is a value as it may be shown back: one line, short, and nothing of
// fields that carry secrets. Objects and arrays are left out.
func shortened(location string, value any) string {
	lower := strings.ToLower(location)
	for _, secret := range [...]string{"token", "secret", "password", "key"} {
		if strings.Contains(lower, secret) {
			return ""
		}
	}
	switch v := value.(type) {
	case string:
		return clip(v, maxValueRunes)
	case bool, json.Number, int, int64, float64:
		return clip(fmt.Sprint(v), maxValueRunes)
	}
	return ""
}

// printable makes a name that a client has made up fit to be read.
func printable(name string) string {
	return clip(name, 4*maxNameRunes)
}

func clip(s string, runes int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes]) + "…"
}
