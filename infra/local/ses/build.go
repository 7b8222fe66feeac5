package ses

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"
)

const (
	// maxLineBytes is the limit of RFC 5322, 2.1.1, without the line break.
	maxLineBytes = 998
	// foldBytes is where RFC 5322 would have lines end.
	foldBytes = 76
)

// part is a piece of a message: its own header fields, then either a body that
// is encoded already or further parts.
type part struct {
	contentType string
	fields      []Header
	body        []byte
	parts       []part
}

// build writes the message as Amazon SES would: text and HTML as alternatives,
// inline files beside the HTML that shows them, attachments around all of it.
func (m *Mail) build(message *simpleMessage) ([]byte, error) {
	var alternatives []part
	if text := message.Body.Text; text != nil {
		p, err := textPart("text/plain", *text)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, p)
	}
	if html := message.Body.Html; html != nil {
		p, err := textPart("text/html", *html)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, p)
	}
	var inline, attached []part
	for i, file := range m.Attachments {
		p, err := filePart(file, message.Attachments[i])
		if err != nil {
			return nil, err
		}
		if file.Inline {
			inline = append(inline, p)
		} else {
			attached = append(attached, p)
		}
	}
	last := len(alternatives) - 1
	alternatives[last] = around("multipart/related", append([]part{alternatives[last]}, inline...))
	root := around("multipart/mixed", append([]part{around("multipart/alternative", alternatives)}, attached...))

	out := &bytes.Buffer{}
	if err := m.writeHeader(out); err != nil {
		return nil, err
	}
	boundaries := 0
	root.write(out, func() string {
		boundaries++
		// "=_" occurs neither in quoted-printable nor in base64.
		return fmt.Sprintf("=_%s.%d", m.ID, boundaries)
	})
	return out.Bytes(), nil
}

func (m *Mail) writeHeader(out *bytes.Buffer) error {
	for _, field := range []struct {
		name      string
		addresses []string
	}{{"From", []string{m.From}}, {"Reply-To", m.ReplyTo}, {"To", m.To}, {"Cc", m.Cc}} {
		if len(field.addresses) == 0 {
			continue
		}
		formatted := make([]string, len(field.addresses))
		for i, value := range field.addresses {
			address, err := mail.ParseAddress(value)
			if err != nil {
				return err
			}
			formatted[i] = address.String()
		}
		writeField(out, field.name, strings.Join(formatted, ", "))
	}
	writeField(out, "Subject", mime.QEncoding.Encode("UTF-8", m.Subject))
	writeField(out, "Date", m.ReceivedAt.Format(time.RFC1123Z))
	writeField(out, "Message-ID", "<"+m.ID+"@"+messageDomain+">")
	writeField(out, "MIME-Version", "1.0")
	for _, header := range m.Headers {
		writeField(out, header.Name, header.Value)
	}
	return nil
}

// messageDomain is the right side of every Message-ID, as Amazon SES writes it.
const messageDomain = "eu-west-1.amazonses.com"

// around wraps parts into a multipart, or returns the only part as it is.
func around(contentType string, parts []part) part {
	if len(parts) == 1 {
		return parts[0]
	}
	return part{contentType: contentType, parts: parts}
}

func (p part) write(out *bytes.Buffer, boundary func() string) {
	if p.parts == nil {
		writeField(out, "Content-Type", p.contentType)
		for _, field := range p.fields {
			writeField(out, field.Name, field.Value)
		}
		out.WriteString("\r\n")
		out.Write(p.body)
		return
	}
	line := boundary()
	writeField(out, "Content-Type", mime.FormatMediaType(p.contentType, map[string]string{"boundary": line}))
	out.WriteString("\r\n")
	for _, child := range p.parts {
		out.WriteString("--" + line + "\r\n")
		child.write(out, boundary)
		out.WriteString("\r\n")
	}
	out.WriteString("--" + line + "--\r\n")
}

// writeField writes a header field and folds it at spaces.
func writeField(out *bytes.Buffer, name, value string) {
	out.WriteString(name + ":")
	column := len(name) + 1
	for word := range strings.SplitSeq(value, " ") {
		if column+1+len(word) > foldBytes && column > len(name)+1 && word != "" {
			out.WriteString("\r\n")
			column = 0
		}
		out.WriteString(" " + word)
		column += 1 + len(word)
	}
	out.WriteString("\r\n")
}

func textPart(contentType string, c content) (part, error) {
	charset := c.Charset
	if charset == "" {
		charset = "UTF-8"
	}
	encoding, err := htmlindex.Get(charset)
	if err != nil {
		return part{}, err
	}
	data, err := encoding.NewEncoder().Bytes([]byte(c.Data))
	if err != nil {
		return part{}, err
	}
	body, err := quotedPrintable(data, false)
	if err != nil {
		return part{}, err
	}
	return part{
		contentType: mime.FormatMediaType(contentType, map[string]string{"charset": charset}),
		fields:      []Header{{"Content-Transfer-Encoding", "quoted-printable"}},
		body:        body,
	}, nil
}

func filePart(file Attachment, sent attachment) (part, error) {
	disposition := "attachment"
	if file.Inline {
		disposition = "inline"
	}
	p := part{contentType: file.ContentType}
	encoding := "base64"
	var err error
	switch sent.ContentTransferEncoding {
	case "QUOTED_PRINTABLE":
		encoding = "quoted-printable"
		p.body, err = quotedPrintable(file.Data, true)
	case "SEVEN_BIT":
		encoding = "7bit"
		p.body = file.Data
	default:
		p.body = base64Lines(file.Data)
	}
	p.fields = []Header{
		{"Content-Transfer-Encoding", encoding},
		{"Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": file.FileName})},
	}
	if file.ContentID != "" {
		p.fields = append(p.fields, Header{"Content-ID", "<" + strings.Trim(file.ContentID, "<>") + ">"})
	}
	if sent.ContentDescription != "" {
		p.fields = append(p.fields, Header{"Content-Description", sent.ContentDescription})
	}
	return p, err
}

func quotedPrintable(data []byte, binary bool) ([]byte, error) {
	out := &bytes.Buffer{}
	w := quotedprintable.NewWriter(out)
	w.Binary = binary
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func base64Lines(data []byte) []byte {
	text := base64.StdEncoding.EncodeToString(data)
	out := &bytes.Buffer{}
	for len(text) > foldBytes {
		out.WriteString(text[:foldBytes] + "\r\n")
		text = text[foldBytes:]
	}
	out.WriteString(text)
	return out.Bytes()
}

func hasLongLine(data []byte) bool {
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		if len(bytes.TrimSuffix(line, []byte("\r"))) > maxLineBytes {
			return true
		}
	}
	return false
}
