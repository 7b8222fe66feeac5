package oidc

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed files
var files embed.FS

// pageTemplate parses the issuer's pages; a few hundred lines, parsed where
// they are shown, so that nothing happens at start.
func pageTemplate() (*template.Template, error) {
	return template.ParseFS(files, "files/*.html")
}

type signInPage struct {
	Base    string
	Request string
	// Continue is the host that the person is sent back to.
	Continue string
	Email    string
	Problem  string
	Hinted   *offer
	Groups   []offerGroup
}

// offerGroup is the people of one account.
type offerGroup struct {
	Account string
	Offers  []offer
}

type offer struct {
	Person
	Name     string
	Initials string
	// Tint is one of eight colours.
	Tint int
}

type messagePage struct{ Base, Title, Text string }

func (s *Server) showSignIn(w http.ResponseWriter, status int, id string, asked request, email, problem string) {
	target, err := url.Parse(asked.redirectURI)
	if err != nil {
		s.showProblem(w, "Unknown redirect", "The redirect is no URL.")
		return
	}
	page := signInPage{Base: s.base, Request: id, Continue: target.Host, Email: email, Problem: problem}
	for _, person := range s.options.People() {
		offered := newOffer(person)
		if problem == "" && strings.EqualFold(person.Email, asked.loginHint) {
			page.Hinted, page.Email = &offered, ""
		}
		last := len(page.Groups) - 1
		if last < 0 || page.Groups[last].Account != visible(person.Account) {
			page.Groups = append(page.Groups, offerGroup{Account: visible(person.Account)})
			last++
		}
		page.Groups[last].Offers = append(page.Groups[last].Offers, offered)
	}
	// Browsers hold the redirect after a form's answer against form-action too.
	s.show(w, status, "sign-in.html", page, target.Scheme+"://"+target.Host)
}

func newOffer(person Person) offer {
	name := visible(person.name())
	person.Role = strings.ReplaceAll(person.Role, "_", " ")
	tint := 0
	for _, c := range []byte(strings.ToLower(person.Email)) {
		tint = (tint*31 + int(c)) % 8
	}
	return offer{Person: person, Name: name, Initials: initials(name), Tint: tint}
}

// visible replaces what would reorder or hide the text around it, so that a name
// is seen for what it is.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// initials are the first letters of the first and the last word.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	letters := string(unicode.ToUpper(first))
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		letters += string(unicode.ToUpper(last))
	}
	return letters
}

func (s *Server) showProblem(w http.ResponseWriter, title, text string) {
	s.showMessage(w, http.StatusBadRequest, title, text)
}

func (s *Server) showMessage(w http.ResponseWriter, status int, title, text string) {
	s.show(w, status, "message.html", messagePage{s.base, title, text}, "")
}

// show renders a page whole before it answers, under a policy that allows the
// issuer's own style sheet and form and nothing else.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any, formTarget string) {
	pages, err := pageTemplate()
	out := &bytes.Buffer{}
	if err == nil {
		err = pages.ExecuteTemplate(out, name, data)
	}
	if err != nil {
		slog.Error("issuer's page", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+formTarget))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

func (s *Server) stylesheet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, files, "files/sign-in.css")
}
