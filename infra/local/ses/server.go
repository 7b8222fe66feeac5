package ses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultMaxMails is how many mails are kept where the options do not say: more
// than anybody reads, and at a few kilobytes each no burden on the memory.
const DefaultMaxMails = 2000

// Server is an http.Handler that answers as Amazon SES does. It is safe for
// concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu sync.Mutex
	// mails are kept oldest first.
	mails      []Mail
	suppressed map[string]Suppression
	mode       Mode
	// modeCalls counts down the calls that mode still applies to; negative
	// means for good.
	modeCalls int
	// changed is closed and replaced whenever a mail is kept.
	changed chan struct{}
}

// Suppression is one entry of the suppression list.
type Suppression struct {
	Address string    `json:"address"`
	Reason  string    `json:"reason"` // BOUNCE or COMPLAINT
	At      time.Time `json:"at"`
}

// New returns a server with an empty mailbox, in ModeOK.
func New(options Options) *Server {
	if options.MaxMails <= 0 {
		options.MaxMails = DefaultMaxMails
	}
	if options.MaxMessageBytes <= 0 || options.MaxMessageBytes > MaxMessageBytes {
		options.MaxMessageBytes = MaxMessageBytes
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{
		options:    options,
		mux:        http.NewServeMux(),
		suppressed: map[string]Suppression{},
		mode:       ModeOK,
		modeCalls:  -1,
		changed:    make(chan struct{}),
	}
	for _, address := range options.Suppressed {
		s.suppressed[strings.ToLower(address)] = Suppression{Address: address, Reason: "BOUNCE", At: options.Now().UTC()}
	}
	s.mux.HandleFunc("POST /v2/email/outbound-emails", signed(s.sendEmail))
	s.mux.HandleFunc("PUT /v2/email/suppression/addresses", signed(s.putSuppressed))
	s.mux.HandleFunc("GET /v2/email/suppression/addresses/{address}", signed(s.getSuppressed))
	s.mux.HandleFunc("DELETE /v2/email/suppression/addresses/{address}", signed(s.deleteSuppressed))
	s.mux.HandleFunc("GET /control/mode", s.controlGetMode)
	s.mux.HandleFunc("PUT /control/mode", s.controlPutMode)
	s.mux.HandleFunc("GET /control/mails", s.controlGetMails)
	s.mux.HandleFunc("DELETE /control/mails", s.controlDeleteMails)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &apiError{http.StatusNotFound, "UnknownOperationException", "There is no operation " + r.Method + " " + r.URL.Path + " here. This server knows SendEmail and the suppression list of SES v2."})
	})
	return s
}

// ServeHTTP answers one request of the protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Modes lists every mode, ModeOK first.
func Modes() []Mode {
	return []Mode{ModeOK, ModeThrottle, ModePaused, ModeSuspended, ModeReject, ModeMailFromUnverified, ModeError, ModeAcceptThenDrop, ModeDown}
}

// Mode returns the present mode.
func (s *Server) Mode() Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode
}

// SetMode changes how SendEmail is answered from now on. It returns an error
// that lists the modes if there is none of that name.
func (s *Server) SetMode(mode Mode) error { return s.setMode(mode, -1) }

// SetModeFor changes how the next calls of SendEmail are answered; after them
// the mode is ModeOK again. calls must be at least 1.
func (s *Server) SetModeFor(mode Mode, calls int) error { return s.setMode(mode, max(calls, 0)) }

// setMode sets a mode for a number of calls, or for good where that is negative.
func (s *Server) setMode(mode Mode, calls int) error {
	if calls == 0 {
		return errors.New("a mode is set for 1 call or more")
	}
	if !slices.Contains(Modes(), mode) {
		return fmt.Errorf("there is no mode %q; choose one of %v", mode, Modes())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.modeCalls = mode, calls
	return nil
}

// takeMode returns the mode of one call and counts the call.
func (s *Server) takeMode() Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	mode := s.mode
	if s.modeCalls > 0 {
		s.modeCalls--
		if s.modeCalls == 0 {
			s.mode, s.modeCalls = ModeOK, -1
		}
	}
	return mode
}

// Mails returns the kept mails, newest first. Their contents are shared: read
// them, do not change them.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	mails := slices.Clone(s.mails)
	slices.Reverse(mails)
	return mails
}

// WaitFor returns the newest mail that matches, as soon as there is one.
// It returns the context's error if that ends first.
func (s *Server) WaitFor(ctx context.Context, match func(Mail) bool) (Mail, error) {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		for _, mail := range s.Mails() {
			if match(mail) {
				return mail, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Mail{}, fmt.Errorf("wait for a mail: %w", context.Cause(ctx))
		}
	}
}

// Clear forgets every mail.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = nil
}

func (s *Server) keep(mail Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range slices.Concat(mail.To, mail.Cc, mail.Bcc) {
		if _, found := s.suppressed[strings.ToLower(bareAddress(address))]; found {
			mail.Bounced = append(mail.Bounced, address)
		}
	}
	s.mails = append(s.mails, mail)
	if over := len(s.mails) - s.options.MaxMails; over > 0 {
		s.mails = slices.Delete(s.mails, 0, over)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

type snapshot struct {
	Mails      []Mail        `json:"mails"`
	Suppressed []Suppression `json:"suppressed"`
}

// Snapshot returns mails and suppression list, for Restore after a restart. The
// mode is not part of it: a new start is healthy.
func (s *Server) Snapshot() ([]byte, error) {
	s.mu.Lock()
	state := snapshot{Mails: slices.Clone(s.mails)}
	for _, entry := range s.suppressed {
		state.Suppressed = append(state.Suppressed, entry)
	}
	s.mu.Unlock()
	slices.SortFunc(state.Suppressed, func(a, b Suppression) int { return strings.Compare(a.Address, b.Address) })
	data, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("snapshot of the mailbox: %w", err)
	}
	return data, nil
}

// Restore replaces the state by what Snapshot returned.
func (s *Server) Restore(data []byte) error {
	var state snapshot
	if err := json.Unmarshal(data, &state); err != nil {
		return fmt.Errorf("restore the mailbox: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = state.Mails
	if over := len(s.mails) - s.options.MaxMails; over > 0 {
		s.mails = slices.Delete(s.mails, 0, over)
	}
	s.suppressed = map[string]Suppression{}
	for _, entry := range state.Suppressed {
		s.suppressed[strings.ToLower(entry.Address)] = entry
	}
	return nil
}
