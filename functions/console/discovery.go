package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	// discoveryTimeout: who opens the console waits for it once per process.
	discoveryTimeout = 2 * time.Second
	// discoveryPause is how long a failure stands, so that a page and its parts do not each wait for an issuer that is away.
	discoveryPause = 2 * time.Second
	// maxDiscoveryBytes is ten times the largest document that is known.
	maxDiscoveryBytes = 64 << 10
)

// endpoints are where an issuer does its work, as its discovery document says.
type endpoints struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	// EndSession is empty where the issuer offers none.
	EndSession string `json:"end_session_endpoint"`
}

// discovery finds the issuer's endpoints and keeps them for the life of the process.
type discovery struct {
	issuer string
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex
	found    *endpoints
	failed   error
	failedAt time.Time
}

func newDiscovery(issuer string, client *http.Client, now func() time.Time) *discovery {
	return &discovery{issuer: issuer, client: client, now: now}
}

// endpoints returns what was found, now or before.
func (d *discovery) endpoints(ctx context.Context) (endpoints, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found != nil {
		return *d.found, nil
	}
	if d.failed != nil && d.now().Sub(d.failedAt) < discoveryPause {
		return endpoints{}, d.failed
	}
	found, err := d.fetch(ctx)
	if err != nil {
		d.failed, d.failedAt = fmt.Errorf("discovery of %s: %w", d.issuer, err), d.now()
		return endpoints{}, d.failed
	}
	d.found = &found
	return found, nil
}

func (d *discovery) fetch(ctx context.Context) (endpoints, error) {
	var found endpoints
	address := strings.TrimSuffix(d.issuer, "/") + "/.well-known/openid-configuration"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return found, err
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return found, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDiscoveryBytes+1))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return found, err
	}
	switch {
	case answer.StatusCode != http.StatusOK:
		return found, fmt.Errorf("it answers %d", answer.StatusCode)
	case len(body) > maxDiscoveryBytes:
		return found, fmt.Errorf("its document has more than %d bytes", maxDiscoveryBytes)
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return found, fmt.Errorf("its document: %w", err)
	}
	if found.Issuer != d.issuer {
		return found, fmt.Errorf("it calls itself %q", found.Issuer)
	}
	return found, d.check(found)
}

// check wants addresses that a browser may be sent to. An issuer behind TLS has all of them behind TLS.
func (d *discovery) check(e endpoints) error {
	for _, one := range []struct {
		name, address string
		optional      bool
	}{
		{"authorization_endpoint", e.Authorization, false},
		{"token_endpoint", e.Token, false},
		{"end_session_endpoint", e.EndSession, true},
	} {
		if one.optional && one.address == "" {
			continue
		}
		origin := originOf(one.address)
		if origin == "" || (strings.HasPrefix(d.issuer, "https:") && !strings.HasPrefix(origin, "https:")) {
			return fmt.Errorf("its %s is %q, where an address as safe as its own is expected", one.name, one.address)
		}
	}
	return nil
}

// plainHost keeps everything out that would end a source in a Content-Security-Policy.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// originOf is scheme, host and port of an http or https address, or "" of anything else.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || !plainHost.MatchString(u.Host) || u.User != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
