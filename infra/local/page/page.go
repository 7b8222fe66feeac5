// Package page is the web page of the local stack.
package page

import "net/http"

// New returns the pages: /, /mailbox, /events, /accept, /signed-in and their
// files.
func New(deps Deps) http.Handler { return http.NotFoundHandler() }
