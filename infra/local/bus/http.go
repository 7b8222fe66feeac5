package bus

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// wireEntry is an entry as it comes over the wire; a missing text differs from an empty one only in AWS's wording.
type wireEntry struct {
	Source, DetailType, Detail, EventBusName string
	Resources                                []string
	Time                                     *float64 // seconds since 1970
}

type resultEntry struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// maxBodyBytes leaves room for JSON around the largest request.
const maxBodyBytes = 4 * MaxRequestBytes

// ServeHTTP answers PutEvents in EventBridge's JSON protocol.
func (b *Bus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if target := r.Header.Get("X-Amz-Target"); target != "AWSEvents.PutEvents" {
		refuse(w, "UnknownOperationException", "the local bus answers AWSEvents.PutEvents alone, not "+target)
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		refuse(w, "MissingAuthenticationTokenException", "Missing Authentication Token")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		refuse(w, "ValidationException", "the request is too large or was not sent to its end")
		return
	}
	var in struct {
		Entries []wireEntry
	}
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, "SerializationException", err.Error())
		return
	}
	if n := len(in.Entries); n < 1 || n > MaxEntries {
		refuse(w, "ValidationException", "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10")
		return
	}
	size := 0
	for _, e := range in.Entries {
		size += e.size()
	}
	if size > MaxRequestBytes {
		refuse(w, "ValidationException", "Total size of the entries in the request is over the limit.")
		return
	}
	out := struct {
		FailedEntryCount int
		Entries          []resultEntry
	}{}
	for _, e := range in.Entries {
		result := b.put(e)
		if result.ErrorCode != "" {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out) // a client that is gone needs no answer
}

// size is an entry's size as EventBridge counts it: 14 bytes for a time, and the texts.
func (e wireEntry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

func (b *Bus) put(e wireEntry) resultEntry {
	for _, required := range []struct{ name, value string }{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if required.value == "" {
			return resultEntry{
				ErrorCode:    "InvalidArgument",
				ErrorMessage: "Parameter " + required.name + " is not valid. Reason: " + required.name + " is a required argument.",
			}
		}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(e.Detail), &object); err != nil || object == nil {
		return resultEntry{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	if strings.HasPrefix(e.Source, "aws.") {
		return resultEntry{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
	}
	name := e.EventBusName
	if i := strings.Index(name, ":event-bus/"); i >= 0 {
		name = name[i+len(":event-bus/"):]
	}
	if name != "" && name != defaultBus && !slices.Contains(b.options.Buses, name) {
		return resultEntry{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter EventBusName is not valid. Reason: the event bus " + name + " does not exist here."}
	}
	entry := Entry{Source: e.Source, DetailType: e.DetailType, Detail: e.Detail, EventBusName: name, Resources: e.Resources}
	if e.Time != nil {
		entry.Time = time.UnixMilli(int64(*e.Time * 1000))
	}
	id, err := b.Put(entry)
	if err != nil {
		return resultEntry{ErrorCode: "InternalFailure", ErrorMessage: err.Error()}
	}
	return resultEntry{EventID: id}
}

func refuse(w http.ResponseWriter, kind, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": message})
}
