// Command console serves the web console: one page with its script and styles, and how to sign in.
//
// Trigger: the HTTP API; every GET that no other function answers, without a token.
//
// Duplicate: reads change nothing.
//
// Failure: while the issuer does not answer, the page comes and its sign-in says that it
// cannot be reached; the next request tries again.
package main

import (
	"embed"
	"net/http"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
)

const function = "console"

// dist is what make console makes of app.
//
//go:embed dist
var dist embed.FS

func main() {
	cfg, err := boot.Load[boot.Console]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	files, err := readFiles(dist, "dist")
	if err != nil {
		boot.Fail(function, err)
	}
	h := newHandler(cfg, files, newDiscovery(cfg.Issuer.URL, &http.Client{Timeout: discoveryTimeout}, rt.Now))
	boot.HTTP(rt, apigw.Adapt(h, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}
