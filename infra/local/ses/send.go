package ses

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Limits of SendEmail, from the API reference and the service quotas.
const (
	// MaxRecipients counts To, Cc and Bcc together.
	MaxRecipients = 50
	// MaxMessageBytes is the whole message after encoding: 40 MB.
	MaxMessageBytes = 40 << 20
	// requestOverheadBytes is room for the JSON around a message.
	requestOverheadBytes = 1 << 20
	// maxHeaders is how many headers a Simple message may add.
	maxHeaders = 15
	// maxHeaderNameBytes, maxHeaderValueBytes and maxHeaderBytes keep a header
	// within the line length of RFC 5322.
	maxHeaderNameBytes  = 126
	maxHeaderValueBytes = 995
	maxHeaderBytes      = 996
	// maxTags and maxTagBytes are the limits of EmailTags.
	maxTags     = 50
	maxTagBytes = 256
)

type content struct{ Data, Charset string }

type attachment struct {
	FileName                string
	RawContent              []byte
	ContentDescription      string
	ContentDisposition      string
	ContentID               string `json:"ContentId"`
	ContentTransferEncoding string
	ContentType             string
}

type simpleMessage struct {
	Subject     *content
	Body        *struct{ Text, Html *content }
	Headers     []Header
	Attachments []attachment
}

// sendRequest is the body of SendEmail. Members that Usher has no use for are
// ignored.
type sendRequest struct {
	FromEmailAddress string
	Destination      struct{ ToAddresses, CcAddresses, BccAddresses []string }
	ReplyToAddresses []string
	Content          struct {
		Simple   *simpleMessage
		Raw      *struct{ Data []byte }
		Template *json.RawMessage
	}
	EmailTags            []Tag
	ConfigurationSetName string
}

func (s *Server) sendEmail(w http.ResponseWriter, r *http.Request) {
	mode := s.takeMode()
	if mode == ModeDown {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	request, failure := s.decodeSend(w, r)
	if failure == nil {
		failure = modeError(mode)
	}
	if failure != nil {
		refuse(w, failure)
		return
	}
	accepted, failure := s.accept(request)
	if failure != nil {
		refuse(w, failure)
		return
	}
	s.keep(accepted)
	if mode == ModeAcceptThenDrop {
		panic(http.ErrAbortHandler)
	}
	answer(w, http.StatusOK, map[string]string{"MessageId": accepted.ID})
}

func (s *Server) decodeSend(w http.ResponseWriter, r *http.Request) (*sendRequest, *apiError) {
	var request sendRequest
	// The request carries a file as base64, as the message does.
	limit := int64(s.options.MaxMessageBytes)*4/3 + requestOverheadBytes
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(&request)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, s.tooLong()
	case err != nil:
		return nil, badRequest("The body is no SendEmail request: %s", err.Error())
	}
	return &request, nil
}

func (s *Server) tooLong() *apiError {
	return badRequest("Message length is more than %d bytes long.", s.options.MaxMessageBytes)
}

// accept checks a request as Amazon SES does and makes the mail of it.
func (s *Server) accept(request *sendRequest) (Mail, *apiError) {
	if name := request.ConfigurationSetName; name != "" && !slices.Contains(s.options.ConfigurationSets, name) {
		return Mail{}, notFound("Configuration set <%s> does not exist.", shorten(name))
	}
	if err := checkTags(request.EmailTags); err != nil {
		return Mail{}, err
	}
	now := s.options.Now().UTC()
	accepted := Mail{
		ID:               messageID(now),
		ReceivedAt:       now,
		From:             request.FromEmailAddress,
		To:               request.Destination.ToAddresses,
		Cc:               request.Destination.CcAddresses,
		Bcc:              request.Destination.BccAddresses,
		ReplyTo:          request.ReplyToAddresses,
		Tags:             request.EmailTags,
		ConfigurationSet: request.ConfigurationSetName,
	}
	var err *apiError
	switch body := request.Content; {
	case body.Template != nil:
		return Mail{}, badRequest("Templates are not supported here. Send Simple or Raw content.")
	case (body.Simple == nil) == (body.Raw == nil):
		return Mail{}, badRequest("Content must hold one of Simple and Raw.")
	case body.Simple != nil:
		err = accepted.fromSimple(body.Simple)
	default:
		err = accepted.fromRaw(body.Raw.Data)
	}
	if err == nil {
		err = accepted.checkEnvelope()
	}
	if err == nil {
		err = s.checkSender(accepted.From)
	}
	if err != nil {
		return Mail{}, err
	}
	if len(accepted.Source) > s.options.MaxMessageBytes {
		return Mail{}, s.tooLong()
	}
	return accepted, nil
}

// checkEnvelope looks at every address, once it is known whether the request or
// the raw message names them.
func (m *Mail) checkEnvelope() *apiError {
	if m.From == "" {
		return badRequest("FromEmailAddress is missing.")
	}
	count := len(m.To) + len(m.Cc) + len(m.Bcc)
	if count == 0 {
		return badRequest("Destination has no recipient. Give at least one of ToAddresses, CcAddresses and BccAddresses.")
	}
	if count > MaxRecipients {
		return badRequest("Recipient count exceeds %d.", MaxRecipients)
	}
	if _, err := parseAddress("FromEmailAddress", m.From); err != nil {
		return err
	}
	return firstError(
		parseAll("ToAddresses", m.To),
		parseAll("CcAddresses", m.Cc),
		parseAll("BccAddresses", m.Bcc),
		parseAll("ReplyToAddresses", m.ReplyTo),
	)
}

func firstError(errs ...*apiError) *apiError {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) checkSender(from string) *apiError {
	if len(s.options.VerifiedIdentities) == 0 {
		return nil
	}
	address := strings.ToLower(bareAddress(from))
	_, domain, _ := cutLast(address, "@")
	for _, identity := range s.options.VerifiedIdentities {
		identity = strings.ToLower(identity)
		if address == identity || domain == identity || strings.HasSuffix(domain, "."+identity) {
			return nil
		}
	}
	return rejected("Email address is not verified. The following identities failed the check: %s", shorten(address))
}

func checkTags(tags []Tag) *apiError {
	if len(tags) > maxTags {
		return badRequest("EmailTags: at most %d tags are allowed.", maxTags)
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		if !validTag(tag.Name, "_-") || !validTag(tag.Value, "_-.@") {
			return badRequest("EmailTags: %q=%q is no tag. A name has 1-%d ASCII letters, digits, _ or -; a value may also have . and @.", shorten(tag.Name), shorten(tag.Value), maxTagBytes)
		}
		if seen[tag.Name] {
			return badRequest("EmailTags: the tag %q is given twice.", tag.Name)
		}
		seen[tag.Name] = true
	}
	return nil
}

func validTag(s, punctuation string) bool {
	if s == "" || len(s) > maxTagBytes {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(punctuation, rune(c)) {
			return false
		}
	}
	return true
}

// messageID has the shape of Amazon SES's: milliseconds, then randomness.
func messageID(now time.Time) string {
	random := make([]byte, 18)
	_, _ = rand.Read(random) // never fails, by its documentation
	h := hex.EncodeToString(random)
	return fmt.Sprintf("0102%012x-%s-%s-%s-%s-%s-000000", now.UnixMilli(), h[:8], h[8:12], h[12:16], h[16:20], h[20:32])
}

// fromRaw takes a message that the client has built.
func (m *Mail) fromRaw(data []byte) *apiError {
	parsed, err := parseMessage(data)
	if err != nil {
		return badRequest("The raw message is not valid: %s.", err.Error())
	}
	header := parsed.header
	if m.From == "" {
		m.From = header.Get("From")
	}
	if header.Get("From") == "" {
		return badRequest("The raw message has no From header.")
	}
	if len(m.To)+len(m.Cc)+len(m.Bcc) == 0 {
		for field, list := range map[string]*[]string{"To": &m.To, "Cc": &m.Cc, "Bcc": &m.Bcc} {
			if *list, err = headerAddresses(header, field); err != nil {
				return badRequest("The raw message's %s header is not valid: %s.", field, err.Error())
			}
		}
	}
	m.Subject, m.Text, m.HTML = parsed.subject, parsed.text, parsed.html
	m.Headers, m.Attachments = parsed.fields, parsed.attachments
	for _, file := range m.Attachments {
		if err := checkFileName(file.FileName); err != nil {
			return err
		}
	}
	m.Source = restamp(data, m.ID, m.ReceivedAt)
	return nil
}

func headerAddresses(header mail.Header, field string) ([]string, error) {
	if header.Get(field) == "" {
		return nil, nil
	}
	list, err := header.AddressList(field)
	if err != nil {
		return nil, err
	}
	addresses := make([]string, len(list))
	for i, address := range list {
		addresses[i] = address.String()
	}
	return addresses, nil
}
