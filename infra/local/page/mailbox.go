package page

import (
	"encoding/base64"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-seats/usher/infra/local/ses"
)

const (
	// shownMails bounds one list; older mails are found by searching.
	shownMails = 200
	// maxShownSource keeps a mail with a large file readable as source; the
	// whole is a download.
	maxShownSource = 200 << 10
)

type mailboxBody struct {
	Query string
	Mails []ses.Mail
	// Total counts what matches, of which Mails are the newest.
	Total int
	Mode  string
	Modes []modeView
}

type modeView struct {
	Mode  string
	Name  string
	About string
	On    bool
}

// modeAbout says what each fault mode of SES does.
func modeAbout() []modeView {
	return []modeView{
		{Mode: string(ses.ModeOK), Name: "Works", About: "Every valid mail is accepted."},
		{Mode: string(ses.ModeThrottle), Name: "Throttles", About: "TooManyRequestsException: mails wait in the queue and go out later."},
		{Mode: string(ses.ModePaused), Name: "Sending paused", About: "SendingPausedException, as after too many bounces."},
		{Mode: string(ses.ModeSuspended), Name: "Account suspended", About: "AccountSuspendedException: AWS has closed the account for mail."},
		{Mode: string(ses.ModeReject), Name: "Rejects", About: "MessageRejected: this mail will never be taken."},
		{Mode: string(ses.ModeMailFromUnverified), Name: "MAIL FROM unverified", About: "MailFromDomainNotVerifiedException: a DNS record is missing."},
		{Mode: string(ses.ModeError), Name: "Internal error", About: "InternalServiceErrorException, status 500."},
		{Mode: string(ses.ModeAcceptThenDrop), Name: "Accepts, then drops", About: "The mail is taken and the answer is lost: a retry may send it twice."},
		{Mode: string(ses.ModeDown), Name: "Down", About: "The connection ends without an answer."},
	}
}

func (p *pages) mailboxBody(query string) mailboxBody {
	body := mailboxBody{Query: query, Mode: string(p.deps.Mailbox.Mode()), Modes: modeAbout()}
	for i := range body.Modes {
		body.Modes[i].On = body.Modes[i].Mode == body.Mode
	}
	body.Mails = slices.DeleteFunc(p.deps.Mailbox.Mails(), func(m ses.Mail) bool { return !matches(m, query) })
	body.Total = len(body.Mails)
	body.Mails = body.Mails[:min(body.Total, shownMails)]
	return body
}

// matches reports whether a mail has every word of the query in its subject or
// addresses.
func matches(m ses.Mail, query string) bool {
	text := strings.ToLower(strings.Join(slices.Concat([]string{m.From, m.Subject}, m.To, m.Cc, m.Bcc), " "))
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func (p *pages) mailbox(w http.ResponseWriter, r *http.Request) {
	if p.deps.Mailbox == nil {
		p.problem(w, http.StatusNotFound, "No mailbox", "This stack has no mail server.")
		return
	}
	p.show(w, http.StatusOK, "mailbox.html", "Mailbox", "mailbox", p.mailboxBody(visible(r.URL.Query().Get("q"))))
}

func (p *pages) partMails(w http.ResponseWriter, r *http.Request) {
	if p.deps.Mailbox == nil {
		http.NotFound(w, r)
		return
	}
	p.part(w, "mails", p.mailboxBody(visible(r.URL.Query().Get("q"))))
}

func (p *pages) setMode(w http.ResponseWriter, r *http.Request) {
	err := error(&inputError{"This stack has no mail server."})
	mode := ses.Mode(r.PostFormValue("mode"))
	if p.deps.Mailbox != nil {
		if err = p.deps.Mailbox.SetMode(mode); err != nil {
			err = &inputError{err.Error()}
		}
	}
	p.done(w, r, "/mailbox", "From now on SES: "+strings.ReplaceAll(string(mode), "_", " ")+".", err)
}

func (p *pages) clearMails(w http.ResponseWriter, r *http.Request) {
	err := error(&inputError{"This stack has no mail server."})
	if p.deps.Mailbox != nil {
		p.deps.Mailbox.Clear()
		err = nil
	}
	p.done(w, r, "/mailbox", "The mailbox is empty.", err)
}

type mailBody struct {
	Mail ses.Mail
	// View is "html", "text", "headers" or "source".
	View string
	// Fields are the header's fields, of the "headers" view.
	Fields []ses.Header
	Source string
	// Cut says that Source is not the whole.
	Cut          bool
	Newer, Older string
}

// find returns the mail that the path names, or answers that there is none.
func (p *pages) find(w http.ResponseWriter, r *http.Request) (ses.Mail, mailBody, bool) {
	if p.deps.Mailbox != nil {
		mails := p.deps.Mailbox.Mails()
		if i := slices.IndexFunc(mails, func(m ses.Mail) bool { return m.ID == r.PathValue("id") }); i >= 0 {
			body := mailBody{Mail: mails[i]}
			if i > 0 {
				body.Newer = mails[i-1].ID
			}
			if i+1 < len(mails) {
				body.Older = mails[i+1].ID
			}
			return mails[i], body, true
		}
	}
	p.problem(w, http.StatusNotFound, "This mail is gone", "The mailbox was emptied, or newer mails have taken its place. Go back to the mailbox.")
	return ses.Mail{}, mailBody{}, false
}

func (p *pages) mail(w http.ResponseWriter, r *http.Request) {
	mail, body, ok := p.find(w, r)
	if !ok {
		return
	}
	body.View = r.URL.Query().Get("view")
	if !slices.Contains([]string{"html", "text", "headers", "source"}, body.View) {
		body.View = "html"
	}
	if body.View == "html" && mail.HTML == "" {
		body.View = "text"
	}
	if body.View == "headers" {
		body.Fields = mail.Fields()
	}
	if body.View == "source" {
		body.Source, body.Cut = string(mail.Source), len(mail.Source) > maxShownSource
		if body.Cut {
			body.Source = body.Source[:maxShownSource]
		}
		body.Source = visible(strings.ReplaceAll(strings.ToValidUTF8(body.Source, "\uFFFD"), "\r\n", "\n"))
	}
	p.show(w, http.StatusOK, "mail.html", mail.Subject, "mailbox", body)
}

// mailHTML answers with the HTML as it was sent, for the frame: no script runs,
// no form is sent, nothing is loaded from the network, and links open in a new
// tab. Only here are inline styles allowed, since mails have no others.
func (p *pages) mailHTML(w http.ResponseWriter, r *http.Request) {
	mail, _, ok := p.find(w, r)
	if !ok {
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	_, _ = w.Write([]byte(forFrame(mail)))
}

// forFrame makes every link open a tab of its own, and puts inline files into
// the document.
func forFrame(mail ses.Mail) string {
	document := mail.HTML
	for _, file := range mail.Attachments {
		if file.ContentID == "" || !strings.HasPrefix(file.ContentType, "image/") {
			continue
		}
		data := "data:" + template.HTMLEscapeString(file.ContentType) + ";base64," + base64.StdEncoding.EncodeToString(file.Data)
		document = strings.ReplaceAll(document, "cid:"+strings.Trim(file.ContentID, "<>"), data)
	}
	link := regexp.MustCompile(`(?i)<(a|area)\b([^>]*)>`)
	target := regexp.MustCompile(`(?i)\starget\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)`)
	return link.ReplaceAllStringFunc(document, func(tag string) string {
		parts := link.FindStringSubmatch(tag)
		return "<" + parts[1] + ` target="_blank" rel="noopener"` + target.ReplaceAllString(parts[2], "") + ">"
	})
}

func (p *pages) mailSource(w http.ResponseWriter, r *http.Request) {
	mail, _, ok := p.find(w, r)
	if !ok {
		return
	}
	download(w, "message/rfc822", mail.ID+".eml", mail.Source)
}

func (p *pages) mailFile(w http.ResponseWriter, r *http.Request) {
	mail, _, ok := p.find(w, r)
	if !ok {
		return
	}
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || number < 0 || number >= len(mail.Attachments) {
		p.problem(w, http.StatusNotFound, "No such file", "The mail has no file of this number.")
		return
	}
	file := mail.Attachments[number]
	download(w, file.ContentType, file.FileName, file.Data)
}

// download sends a file that the browser saves and does not open here.
func download(w http.ResponseWriter, contentType, name string, data []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(data)
}

// mailURL is the page of a mail.
func mailURL(id string) string { return "/mailbox/" + url.PathEscape(id) }
