package page

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// shownEvents bounds one list of events.
const shownEvents = 200

type eventsBody struct {
	Types   []typeCount
	Type    string
	Account string
	Events  []eventView
	// Total counts what matches, of which Events are the newest.
	Total int
	// Query is the filter, for the refreshing of the list.
	Query string
}

type typeCount struct {
	Type  string
	Count int
	On    bool
}

type eventView struct {
	BusEvent
	AccountID string
	Actor     string
}

func (p *pages) eventsBody(r *http.Request) eventsBody {
	body := eventsBody{Type: visible(r.URL.Query().Get("type")), Account: visible(r.URL.Query().Get("account"))}
	body.Query = url.Values{"type": {body.Type}, "account": {body.Account}}.Encode()
	counts := map[string]int{}
	for _, event := range p.deps.Events() {
		event.DetailType = visible(event.DetailType) // as it is shown and asked for
		view := viewEvent(event)
		if body.Account != "" && view.AccountID != body.Account {
			continue
		}
		counts[event.DetailType]++
		if body.Type != "" && event.DetailType != body.Type {
			continue
		}
		if body.Total++; body.Total <= shownEvents {
			body.Events = append(body.Events, view)
		}
	}
	for name, count := range counts {
		body.Types = append(body.Types, typeCount{name, count, name == body.Type})
	}
	slices.SortFunc(body.Types, func(a, b typeCount) int { return strings.Compare(a.Type, b.Type) })
	return body
}

// viewEvent reads what the list shows from an event's detail. A detail of
// another shape is shown all the same.
func viewEvent(event BusEvent) eventView {
	var detail struct {
		AccountID string `json:"account_id"`
		Actor     struct{ Kind, ID string }
	}
	view := eventView{BusEvent: event}
	if json.Unmarshal(event.Detail, &detail) == nil {
		view.AccountID = visible(detail.AccountID)
		view.Actor = strings.TrimSpace(detail.Actor.Kind + " " + detail.Actor.ID)
	}
	return view
}

func (p *pages) events(w http.ResponseWriter, r *http.Request) {
	if p.deps.Events == nil {
		p.problem(w, http.StatusNotFound, "No events", "This stack has no bus.")
		return
	}
	p.show(w, http.StatusOK, "events.html", "Events", "events", p.eventsBody(r))
}

func (p *pages) partEvents(w http.ResponseWriter, r *http.Request) {
	if p.deps.Events == nil {
		http.NotFound(w, r)
		return
	}
	p.part(w, "eventlist", p.eventsBody(r))
}

// signedIn is where a sign-in from the start page ends.
func (p *pages) signedIn(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, "signed-in.html", "Signed in", "", nil)
}
