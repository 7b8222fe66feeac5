package page

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// maxPrettyBytes keeps one odd document from making a page that no browser
// shows; an event is at most 256 KB.
const maxPrettyBytes = 300 << 10

// token is a piece of JSON with the class that colours it.
type token struct{ Class, Text string }

// prettyText indents JSON; what is no JSON stays as it is.
func prettyText(data []byte) string {
	out := &bytes.Buffer{}
	if err := json.Indent(out, data, "", "  "); err != nil {
		return string(data)
	}
	return out.String()
}

// tokens indents JSON and cuts it into keys, strings, numbers and words. Joined
// again they are the text, whatever it was.
func tokens(data json.RawMessage) []token {
	text := visible(prettyText(data))
	if len(text) > maxPrettyBytes {
		text = strings.ToValidUTF8(text[:maxPrettyBytes], "") + "\n…"
	}
	var list []token
	piece := regexp.MustCompile(`("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b`)
	at := 0
	for _, m := range piece.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > at {
			list = append(list, token{"", text[at:m[0]]})
		}
		found := text[m[0]:m[1]]
		switch {
		case m[4] >= 0:
			list = append(list, token{"key", text[m[2]:m[3]]}, token{"", text[m[4]:m[5]]})
		case m[2] >= 0:
			list = append(list, token{"string", found})
		case found == "true" || found == "false" || found == "null":
			list = append(list, token{"word", found})
		default:
			list = append(list, token{"number", found})
		}
		at = m[1]
	}
	return append(list, token{"", text[at:]})
}
