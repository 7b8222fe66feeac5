package ses

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// maxControlBytes is ample for a mode or an address.
const maxControlBytes = 4 << 10

func (s *Server) controlGetMode(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"mode": s.Mode(), "modes": Modes()})
}

func (s *Server) controlPutMode(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Mode  Mode `json:"mode"`
		Times int  `json:"times"`
	}
	if err := decodeSmall(w, r, &body); err != nil {
		refuse(w, err)
		return
	}
	calls := -1
	if body.Times != 0 {
		calls = max(body.Times, 0)
	}
	if err := s.setMode(body.Mode, calls); err != nil {
		refuse(w, badRequest("%s", err.Error()))
		return
	}
	s.controlGetMode(w, r)
}

func (s *Server) controlGetMails(w http.ResponseWriter, _ *http.Request) {
	mails := s.Mails()
	for i := range mails {
		mails[i].Source = nil
		files := make([]Attachment, len(mails[i].Attachments))
		for j, file := range mails[i].Attachments {
			file.Data = nil
			files[j] = file
		}
		mails[i].Attachments = files
	}
	answer(w, http.StatusOK, map[string]any{"items": mails})
}

func (s *Server) controlDeleteMails(w http.ResponseWriter, _ *http.Request) {
	s.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) putSuppressed(w http.ResponseWriter, r *http.Request) {
	var body struct{ EmailAddress, Reason string }
	if err := decodeSmall(w, r, &body); err != nil {
		refuse(w, err)
		return
	}
	if _, err := parseAddress("EmailAddress", body.EmailAddress); err != nil {
		refuse(w, err)
		return
	}
	if body.Reason != "BOUNCE" && body.Reason != "COMPLAINT" {
		refuse(w, badRequest("Reason must be BOUNCE or COMPLAINT."))
		return
	}
	s.mu.Lock()
	s.suppressed[strings.ToLower(body.EmailAddress)] = Suppression{body.EmailAddress, body.Reason, s.options.Now().UTC()}
	s.mu.Unlock()
	answer(w, http.StatusOK, struct{}{})
}

func (s *Server) getSuppressed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	entry, found := s.suppressed[strings.ToLower(r.PathValue("address"))]
	s.mu.Unlock()
	if !found {
		refuse(w, notFound("Email address %s does not exist on your suppression list.", r.PathValue("address")))
		return
	}
	answer(w, http.StatusOK, map[string]any{"SuppressedDestination": map[string]any{
		"EmailAddress": entry.Address, "Reason": entry.Reason, "LastUpdateTime": entry.At.Unix(),
	}})
}

func (s *Server) deleteSuppressed(w http.ResponseWriter, r *http.Request) {
	address := strings.ToLower(r.PathValue("address"))
	s.mu.Lock()
	_, found := s.suppressed[address]
	delete(s.suppressed, address)
	s.mu.Unlock()
	if !found {
		refuse(w, notFound("Email address %s does not exist on your suppression list.", r.PathValue("address")))
		return
	}
	answer(w, http.StatusOK, struct{}{})
}

// decodeSmall reads a JSON body. It insists on the content type, which a page of
// another origin cannot send without being asked first.
func decodeSmall(w http.ResponseWriter, r *http.Request, into any) *apiError {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return badRequest("Send the body as Content-Type: application/json.")
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBytes)).Decode(into); err != nil {
		return badRequest("The body is not the JSON object that belongs here: %s", err.Error())
	}
	return nil
}
