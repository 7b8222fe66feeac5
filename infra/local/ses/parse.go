package ses

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"
)

// maxParts and maxDepth end the reading of a message that was built to be
// endless.
const (
	maxParts = 500
	maxDepth = 10
)

// parsed is what a raw message says.
type parsed struct {
	header      mail.Header
	fields      []Header
	subject     string
	text        string
	html        string
	attachments []Attachment
	parts       int
}

// parseMessage reads a raw message. Header fields and bodies come back decoded.
func parseMessage(data []byte) (*parsed, error) {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("its header cannot be read: %w", err)
	}
	p := &parsed{header: message.Header, fields: headerFields(data)}
	p.subject = decodeWords(message.Header.Get("Subject"))
	if err := p.walk(textproto.MIMEHeader(message.Header), message.Body, 0); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *parsed) walk(header textproto.MIMEHeader, body io.Reader, depth int) error {
	if p.parts++; p.parts > maxParts || depth > maxDepth {
		return fmt.Errorf("it has more than %d parts or nests them deeper than %d", maxParts, maxDepth)
	}
	value := header.Get("Content-Type")
	if value == "" {
		value = "text/plain"
	}
	kind, params, err := mime.ParseMediaType(value)
	if err != nil {
		return fmt.Errorf("the content type %q cannot be read: %w", shorten(value), err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return p.walkParts(multipart.NewReader(body, params["boundary"]), depth)
	}
	data, err := decodeBody(header.Get("Content-Transfer-Encoding"), body)
	if err != nil {
		return fmt.Errorf("a %s part cannot be decoded: %w", kind, err)
	}
	disposition, dispositionParams, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	name := dispositionParams["filename"]
	if name == "" {
		name = params["name"]
	}
	isText := (kind == "text/plain" || kind == "text/html") && disposition != "attachment" && name == ""
	switch {
	case isText && kind == "text/plain" && p.text == "":
		p.text = decodeCharset(params["charset"], data)
	case isText && kind == "text/html" && p.html == "":
		p.html = decodeCharset(params["charset"], data)
	default:
		p.attachments = append(p.attachments, Attachment{
			FileName:    decodeWords(name),
			ContentType: kind,
			ContentID:   strings.Trim(header.Get("Content-Id"), "<>"),
			Inline:      disposition == "inline",
			Data:        data,
		})
	}
	return nil
}

func (p *parsed) walkParts(reader *multipart.Reader, depth int) error {
	for {
		// The raw part: the plain one would decode quoted-printable by itself.
		child, err := reader.NextRawPart()
		// The end is the bare io.EOF; a wrapped one is a message that breaks off.
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("its parts cannot be read: %w", err)
		}
		if err := p.walk(child.Header, child, depth+1); err != nil {
			return err
		}
	}
}

func decodeBody(encoding string, body io.Reader) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return io.ReadAll(base64.NewDecoder(base64.StdEncoding, body))
	case "quoted-printable":
		return io.ReadAll(quotedprintable.NewReader(body))
	case "", "7bit", "8bit", "binary":
		return io.ReadAll(body)
	}
	return nil, fmt.Errorf("there is no transfer encoding %q", shorten(encoding))
}

// decodeCharset turns text into UTF-8; an unknown character set is left as it is.
func decodeCharset(charset string, data []byte) string {
	if encoding, err := htmlindex.Get(charset); err == nil {
		if decoded, err := encoding.NewDecoder().Bytes(data); err == nil {
			data = decoded
		}
	}
	return strings.ToValidUTF8(string(data), "\uFFFD")
}

func decodeWords(value string) string {
	decoder := mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
		encoding, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return encoding.NewDecoder().Reader(input), nil
	}}
	decoded, err := decoder.DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}

// headerFields lists the header in the order in which it was written, which a
// map would lose.
func headerFields(data []byte) []Header {
	var fields []Header
	for _, field := range splitHeader(data) {
		name, value, _ := strings.Cut(field, ":")
		value = strings.NewReplacer("\r\n", "", "\n", "").Replace(value)
		fields = append(fields, Header{Name: name, Value: decodeWords(strings.TrimSpace(value))})
	}
	return fields
}

// splitHeader returns the header's fields with their line breaks and folds.
func splitHeader(data []byte) []string {
	var fields []string
	for line := range strings.Lines(string(data)) {
		if strings.TrimRight(line, "\r\n") == "" {
			break
		}
		if (line[0] == ' ' || line[0] == '\t') && len(fields) > 0 {
			fields[len(fields)-1] += line
			continue
		}
		fields = append(fields, line)
	}
	return fields
}

// restamp does what Amazon SES does to a raw message before it sends it: the
// Bcc header goes, Message-ID and Date become its own.
func restamp(data []byte, id string, now time.Time) []byte {
	out := &bytes.Buffer{}
	length := 0
	for _, field := range splitHeader(data) {
		length += len(field)
		switch name, _, _ := strings.Cut(field, ":"); strings.ToLower(name) {
		case "bcc", "message-id", "date", "return-path":
		default:
			out.WriteString(field)
		}
	}
	writeField(out, "Date", now.Format(time.RFC1123Z))
	writeField(out, "Message-ID", "<"+id+"@"+messageDomain+">")
	out.Write(data[length:])
	return out.Bytes()
}
