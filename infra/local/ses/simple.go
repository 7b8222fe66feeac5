package ses

import (
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// ownHeaders are set by Amazon SES or by members of the request; a Simple
// message may not add them.
var ownHeaders = []string{
	"bcc", "cc", "content-disposition", "content-id", "content-transfer-encoding", "content-type", "date", "from",
	"message-id", "mime-version", "reply-to", "return-path", "sender", "subject", "to",
}

// refusedExtensions is an extract of Amazon SES's list of unsupported
// attachments (docs.aws.amazon.com/ses/latest/dg/mime-types.html).
var refusedExtensions = []string{
	".ade", ".adp", ".app", ".asp", ".bas", ".bat", ".cer", ".chm", ".cmd", ".com", ".cpl", ".crt", ".dll", ".exe", ".hlp",
	".hta", ".inf", ".ins", ".js", ".jse", ".lnk", ".mht", ".msc", ".msi", ".msp", ".pif", ".ps1", ".reg", ".scr", ".sct",
	".sys", ".vb", ".vbe", ".vbs", ".wsc", ".wsf", ".wsh",
}

// fromSimple checks a Simple message and builds its source.
func (m *Mail) fromSimple(message *simpleMessage) *apiError {
	// The envelope is checked first, since the source is built from it.
	if err := m.checkEnvelope(); err != nil {
		return err
	}
	if message.Subject == nil || message.Body == nil || (message.Body.Text == nil && message.Body.Html == nil) {
		return badRequest("Simple content needs a Subject, and a Body with Text, Html or both.")
	}
	if strings.ContainsAny(message.Subject.Data, "\r\n\x00") {
		return badRequest("Subject: line breaks are not allowed.")
	}
	m.Subject = message.Subject.Data
	for _, part := range []struct {
		name string
		from *content
		to   *string
	}{{"Subject", message.Subject, nil}, {"Body.Text", message.Body.Text, &m.Text}, {"Body.Html", message.Body.Html, &m.HTML}} {
		if part.from == nil {
			continue
		}
		if err := checkCharset(part.name, *part.from); err != nil {
			return err
		}
		if part.to != nil {
			*part.to = part.from.Data
		}
	}
	if err := checkHeaders(message.Headers); err != nil {
		return err
	}
	m.Headers = slices.Clone(message.Headers)
	for i, file := range message.Attachments {
		checked, err := checkAttachment(fmt.Sprintf("Attachments[%d]", i), file)
		if err != nil {
			return err
		}
		m.Attachments = append(m.Attachments, checked)
	}
	source, err := m.build(message)
	if err != nil {
		return badRequest("The message cannot be built: %s.", err.Error())
	}
	m.Source = source
	return nil
}

// checkCharset wants what arrives whole: Amazon SES takes text without a
// character set for 7-bit ASCII.
func checkCharset(name string, c content) *apiError {
	if c.Charset == "" {
		if isASCII(c.Data) {
			return nil
		}
		return badRequest("%s has characters beyond ASCII and no Charset. Say Charset: UTF-8.", name)
	}
	encoding, err := htmlindex.Get(c.Charset)
	if err != nil {
		return badRequest("%s: there is no character set %q.", name, shorten(c.Charset))
	}
	if _, err := encoding.NewEncoder().String(c.Data); err != nil {
		return badRequest("%s cannot be written in %s.", name, c.Charset)
	}
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 }) < 0
}

func checkHeaders(headers []Header) *apiError {
	if len(headers) > maxHeaders {
		return badRequest("Headers: at most %d headers are allowed.", maxHeaders)
	}
	for _, header := range headers {
		printable := func(s string, from rune) bool {
			return strings.IndexFunc(s, func(r rune) bool { return r < from || r > 126 }) < 0
		}
		switch {
		case header.Name == "" || len(header.Name) > maxHeaderNameBytes || strings.Contains(header.Name, ":") || !printable(header.Name, 33):
			return badRequest("Headers: %q is no header name. It has 1-%d printable ASCII characters without a colon.", shorten(header.Name), maxHeaderNameBytes)
		case slices.Contains(ownHeaders, strings.ToLower(header.Name)):
			return badRequest("Headers: %s is set by Amazon SES or by another member of the request.", header.Name)
		case !printable(header.Value, 32):
			return badRequest("Headers: the value of %s has a line break or a character beyond printable ASCII.", header.Name)
		case header.Value == "" || len(header.Value) > maxHeaderValueBytes || len(header.Name)+len(header.Value) > maxHeaderBytes:
			return badRequest("Headers: the value of %s must have 1-%d characters, and %d with its name.", header.Name, maxHeaderValueBytes, maxHeaderBytes)
		}
	}
	return nil
}

func checkAttachment(field string, file attachment) (Attachment, *apiError) {
	if file.FileName == "" || len(file.RawContent) == 0 {
		return Attachment{}, badRequest("%s: FileName and RawContent are required.", field)
	}
	if err := checkFileName(file.FileName); err != nil {
		return Attachment{}, err
	}
	checked := Attachment{FileName: file.FileName, ContentType: file.ContentType, ContentID: file.ContentID, Data: file.RawContent}
	if checked.ContentType == "" {
		checked.ContentType = mime.TypeByExtension(path.Ext(file.FileName))
	}
	if checked.ContentType == "" {
		checked.ContentType = "application/octet-stream"
	}
	if _, _, err := mime.ParseMediaType(checked.ContentType); err != nil {
		return Attachment{}, badRequest("%s: %q is no content type.", field, shorten(checked.ContentType))
	}
	switch file.ContentDisposition {
	case "", "ATTACHMENT":
	case "INLINE":
		checked.Inline = true
	default:
		return Attachment{}, badRequest("%s: ContentDisposition must be ATTACHMENT or INLINE.", field)
	}
	if strings.IndexFunc(checked.ContentID+checked.ContentType+file.ContentDescription, func(r rune) bool { return r < 32 || r > 126 }) >= 0 {
		return Attachment{}, badRequest("%s: ContentId, ContentType and ContentDescription must be printable ASCII.", field)
	}
	switch file.ContentTransferEncoding {
	case "", "BASE64", "QUOTED_PRINTABLE":
	case "SEVEN_BIT":
		if !isASCII(string(file.RawContent)) || hasLongLine(file.RawContent) {
			return Attachment{}, badRequest("%s: a SEVEN_BIT attachment must be ASCII in lines of at most %d characters.", field, maxLineBytes)
		}
	default:
		return Attachment{}, badRequest("%s: ContentTransferEncoding must be BASE64, QUOTED_PRINTABLE or SEVEN_BIT.", field)
	}
	return checked, nil
}

func checkFileName(name string) *apiError {
	if strings.ContainsAny(name, "/\\\r\n\x00") || slices.Contains(refusedExtensions, strings.ToLower(path.Ext(name))) {
		return rejected("Illegal filename '%s'.", shorten(name))
	}
	return nil
}
