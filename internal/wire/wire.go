// Package wire hands requests to the network in one piece.
//
// The AWS SDK closes a request's body as soon as the answer's head is there. Where
// the goroutine that has written the body comes to look for its end only then, it
// takes the end for an error and closes the connection under the answer: "use of
// closed network connection". On a busy machine this meets one call in twenty; the
// SDK tries again, but each time costs a new connection. A body that net/http knows
// to be in memory is written together with the head and never read again.
package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Whole returns a transport that gives next every request with its body in memory.
// It is for requests of a few megabytes at most.
func Whole(next http.RoundTripper) http.RoundTripper { return whole{next} }

type whole struct{ next http.RoundTripper }

// RoundTrip sends a copy of the request, since a transport must not change it.
func (w whole) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return w.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	same := r.WithContext(r.Context())
	same.Body = io.NopCloser(bytes.NewReader(body))
	return w.next.RoundTrip(same)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the connections.
func (w whole) CloseIdleConnections() {
	if next, ok := w.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
