package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// allowOrigin adds the CORS headers of an answer, if the page may see it.
func (g *Gateway) allowOrigin(w http.ResponseWriter, r *http.Request) {
	c := g.options.API.CORS
	if c == nil {
		return
	}
	origin := r.Header.Get("Origin")
	switch {
	case origin == "":
		return
	case slices.Contains(c.AllowOrigins, "*"):
		origin = "*"
	case !slices.Contains(c.AllowOrigins, origin):
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
	}
}

// preflight answers OPTIONS where no route does. Without an allowed origin the answer has no CORS headers and the browser
// refuses by itself.
func (g *Gateway) preflight(w http.ResponseWriter, _ *http.Request) {
	c := g.options.API.CORS
	h := w.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		if c.MaxAgeSeconds > 0 {
			h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAgeSeconds))
		}
	}
	w.WriteHeader(http.StatusNoContent)
}
