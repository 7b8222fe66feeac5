package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
)

const consoleURL = "https://seats.example.com"

// rig is the function with an issuer, which down makes answer 503.
type rig struct {
	t       *testing.T
	issuer  string
	down    bool
	asked   int
	now     time.Time
	handler func(*http.Request) (*http.Response, []byte)
	files   files
}

func sample() fstest.MapFS {
	return fstest.MapFS{
		"dist/index.html":   {Data: []byte(`<script src="/assets/{{version}}/app.js"></script><link href="/assets/{{version}}/app.css">`)},
		"dist/app.js":       {Data: []byte(strings.Repeat("console.log('…');", 100))},
		"dist/app.css":      {Data: []byte("body{}")},
		"dist/icon.svg":     {Data: []byte("<svg/>")},
		"dist/licenses.txt": {Data: []byte("MIT")},
	}
}

// newRig serves the sample files. edit may change what the issuer answers to discovery.
func newRig(t *testing.T, edit func(document map[string]any)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	var provider http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.asked++
		if r.down {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		if edit == nil {
			provider.ServeHTTP(w, q)
			return
		}
		rec := httptest.NewRecorder()
		provider.ServeHTTP(rec, q)
		document := map[string]any{}
		if err := json.Unmarshal(rec.Body.Bytes(), &document); err != nil {
			t.Error(err)
		}
		edit(document)
		if err := json.NewEncoder(w).Encode(document); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	r.issuer = server.URL + "/issuer"
	var err error
	if provider, err = oidc.New(oidc.Options{IssuerURL: r.issuer, ClientID: "web", RedirectPrefixes: []string{consoleURL}}); err != nil {
		t.Fatal(err)
	}
	if r.files, err = readFiles(sample(), "dist"); err != nil {
		t.Fatal(err)
	}
	config := boot.Console{
		Issuer: boot.Issuer{URL: r.issuer, ClientID: "web"}, Operators: boot.Operators{Group: "operators", GroupsClaim: "groups"}, ConsoleURL: consoleURL,
	}
	h := newHandler(config, r.files, newDiscovery(r.issuer, server.Client(), func() time.Time { return r.now }))
	r.handler = func(q *http.Request) (*http.Response, []byte) { return invoke(t, h, q) }
	return r
}

// invoke sends a request through the adapter of API Gateway's events.
func invoke(t *testing.T, h http.Handler, q *http.Request) (*http.Response, []byte) {
	t.Helper()
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: q.URL.EscapedPath(), RawQueryString: q.URL.RawQuery, Headers: map[string]string{},
	}
	e.RequestContext.HTTP.Method = q.Method
	for name, values := range q.Header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	got, err := apigw.Adapt(h, apigw.Rights{GroupsClaim: "groups", OperatorGroup: "operators"})(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	out := &http.Response{StatusCode: got.StatusCode, Header: http.Header{}}
	for name, value := range got.Headers {
		out.Header.Set(name, value)
	}
	body := []byte(got.Body)
	if got.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(got.Body); err != nil {
			t.Fatal(err)
		}
	}
	return out, body
}

func (r *rig) get(path string, headers ...string) (*http.Response, []byte) {
	r.t.Helper()
	q := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	return r.handler(q)
}

func TestEveryPathOfAPageIsTheOnePage(t *testing.T) {
	r := newRig(t, nil)
	want := strings.ReplaceAll(string(sample()["dist/index.html"].Data), "{{version}}", r.files.version)
	for _, path := range []string{
		"/", "/accounts/acc_1/users", "/accounts/acc_1/users/", "/signed-in?code=x&state=y", "/accept", "//double", "/a%2Fb", "/x?q=%zz", "/v1x", "/config.json/more", "/assetsx",
	} {
		got, body := r.get(path)
		if got.StatusCode != http.StatusOK || string(body) != want || got.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %v %s", path, got.StatusCode, got.Header, body)
		}
		if c := got.Header.Get("Cache-Control"); c != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, c)
		}
	}
}

func TestAnAddressOfTheAPIIsNoPage(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{
		"/v1", "/v1/", "/v1/nothing", "/v1/me/", "/.well-known/security.txt", "/assets", "/assets/", "/assets/app.js", "/assets/0000000000000000/app.js",
		"/assets/" + r.files.version + "/nothing.js", "/assets/" + r.files.version + "/index.html", "/assets/" + r.files.version + "/../app.js",
	} {
		got, body := r.get(path)
		var p apigw.ProblemBody
		if err := json.Unmarshal(body, &p); err != nil || got.StatusCode != http.StatusNotFound || p.Code != "not_found" || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %v", path, got.StatusCode, body, err)
		}
		if c := got.Header.Get("Cache-Control"); c != "no-store" {
			t.Errorf("%s: Cache-Control %q", path, c)
		}
	}
}

func TestAFileIsKeptForGoodUnderItsVersion(t *testing.T) {
	r := newRig(t, nil)
	for name, kind := range map[string]string{
		"app.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml", "licenses.txt": "text/plain; charset=utf-8",
	} {
		got, body := r.get("/assets/" + r.files.version + "/" + name)
		if got.StatusCode != http.StatusOK || !bytes.Equal(body, sample()["dist/"+name].Data) || got.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
		if c := got.Header.Get("Cache-Control"); c != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", name, c)
		}
	}
	changed := sample()
	changed["dist/licenses.txt"] = &fstest.MapFile{Data: []byte("MIT, too")}
	other, err := readFiles(changed, "dist")
	if err != nil || other.version == r.files.version {
		t.Errorf("other files have the version %s too: %v", other.version, err)
	}
}

func TestThePageIsNotSentAgainToWhoHasIt(t *testing.T) {
	r := newRig(t, nil)
	got, _ := r.get("/")
	tag := got.Header.Get("ETag")
	for header, want := range map[string]int{tag: 304, `W/"other", ` + tag: 304, "*": 304, `W/"other"`: 200, "": 200} {
		got, body := r.get("/users", "If-None-Match", header)
		if got.StatusCode != want || (want == 304) != (len(body) == 0) || got.Header.Get("ETag") != tag || got.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%q: %d %v %d bytes", header, got.StatusCode, got.Header, len(body))
		}
	}
}

func TestFilesGoCompressedToWhoReadsThat(t *testing.T) {
	r := newRig(t, nil)
	plain := sample()["dist/app.js"].Data
	for accept, zipped := range map[string]bool{
		"gzip": true, "gzip, deflate, br, zstd": true, "br;q=1.0, gzip;q=0.8": true, "*": true, "GZIP": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false, "*, gzip;q=0": false, "gzip;q=x": false, "*;q=0": false,
	} {
		got, body := r.get("/assets/"+r.files.version+"/app.js", "Accept-Encoding", accept)
		if got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: Vary %q", accept, got.Header.Get("Vary"))
		}
		if (got.Header.Get("Content-Encoding") == "gzip") != zipped {
			t.Errorf("%q: Content-Encoding %q", accept, got.Header.Get("Content-Encoding"))
			continue
		}
		if zipped {
			if len(body) >= len(plain) {
				t.Errorf("%q: %d bytes of %d", accept, len(body), len(plain))
			}
			reader, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(reader); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, plain) {
			t.Errorf("%q: another file arrives", accept)
		}
	}
}

func TestEveryAnswerSaysWhatThePageMayDo(t *testing.T) {
	r := newRig(t, nil)
	origin := strings.TrimSuffix(r.issuer, "/issuer")
	for _, path := range []string{"/", "/users", "/config.json", "/v1/nothing", "/assets/" + r.files.version + "/app.js", "/assets/x/y"} {
		got, _ := r.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' " + origin +
				"; manifest-src 'self'; form-action 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got.Header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.Header.Get(name))
			}
		}
		if p := got.Header.Get("Permissions-Policy"); !strings.Contains(p, "camera=()") || strings.Contains(p, "*") {
			t.Errorf("%s: Permissions-Policy %q", path, p)
		}
	}
}

func TestTheConsoleIsToldHowToSignIn(t *testing.T) {
	r := newRig(t, nil)
	got, body := r.get("/config.json?x=1")
	want := fmt.Sprintf(`{"issuer":%q,"client_id":"web","authorization_endpoint":%q,"token_endpoint":%q,"end_session_endpoint":%q,`+
		`"redirect_uri":"https://seats.example.com/signed-in","console_url":"https://seats.example.com","scope":"openid email profile","operator_group":"operators","groups_claim":"groups"}`,
		r.issuer, r.issuer+"/authorize", r.issuer+"/token", r.issuer+"/logout")
	if got.StatusCode != http.StatusOK || string(body) != want || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v\n got %s\nwant %s", got.StatusCode, got.Header, body, want)
	}
	r.get("/config.json")
	r.get("/")
	if r.asked != 1 {
		t.Errorf("the issuer was asked %d times", r.asked)
	}
}

func TestAnIssuerWithoutSignOutIsTakenAsItIs(t *testing.T) {
	r := newRig(t, func(d map[string]any) { delete(d, "end_session_endpoint") })
	got, body := r.get("/config.json")
	if got.StatusCode != http.StatusOK || strings.Contains(string(body), "end_session") {
		t.Errorf("%d %s", got.StatusCode, body)
	}
}

func TestAnIssuerThatIsAwayIsAskedAgain(t *testing.T) {
	r := newRig(t, nil)
	r.down = true
	got, body := r.get("/config.json")
	var p apigw.ProblemBody
	if err := json.Unmarshal(body, &p); err != nil || got.StatusCode != http.StatusServiceUnavailable || p.Code != "sign_in_unreachable" || !strings.Contains(p.Detail, "Try again") || got.Header.Get("Retry-After") != "2" {
		t.Errorf("%d %v %s", got.StatusCode, got.Header, body)
	}
	// The page comes nevertheless, with the issuer in the place of its token endpoint.
	got, _ = r.get("/")
	if csp := got.Header.Get("Content-Security-Policy"); got.StatusCode != http.StatusOK || !strings.Contains(csp, "connect-src 'self' "+strings.TrimSuffix(r.issuer, "/issuer")+";") {
		t.Errorf("%d %s", got.StatusCode, csp)
	}
	if r.asked != 1 {
		t.Errorf("a failure of a moment ago was asked for %d times", r.asked)
	}
	r.down = false
	r.now = r.now.Add(discoveryPause - time.Nanosecond)
	if got, _ = r.get("/config.json"); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("before the pause is over: %d", got.StatusCode)
	}
	r.now = r.now.Add(time.Nanosecond)
	if got, body = r.get("/config.json"); got.StatusCode != http.StatusOK {
		t.Errorf("after the pause: %d %s", got.StatusCode, body)
	}
}

func TestADocumentThatCannotBeRightIsRefused(t *testing.T) {
	for name, edit := range map[string]func(map[string]any){
		"of another issuer":           func(d map[string]any) { d["issuer"] = "https://other.example.com" },
		"without authorization":       func(d map[string]any) { delete(d, "authorization_endpoint") },
		"without token":               func(d map[string]any) { delete(d, "token_endpoint") },
		"a script to be sent to":      func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"a source too many":           func(d map[string]any) { d["token_endpoint"] = "https://a.example;script-src*/token" },
		"a wildcard":                  func(d map[string]any) { d["token_endpoint"] = "https://*/token" },
		"with a password":             func(d map[string]any) { d["token_endpoint"] = "https://a:b@a.example/token" },
		"a sign-out that is no place": func(d map[string]any) { d["end_session_endpoint"] = "data:text/html,x" },
		"too long":                    func(d map[string]any) { d["more"] = strings.Repeat("x", maxDiscoveryBytes) },
		"no object":                   func(d map[string]any) { d["issuer"] = 7 },
	} {
		r := newRig(t, edit)
		if got, body := r.get("/config.json"); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", name, got.StatusCode, body)
		}
		got, _ := r.get("/")
		if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' "+strings.TrimSuffix(r.issuer, "/issuer")+"; manifest-src") {
			t.Errorf("%s: %s", name, csp)
		}
	}
}

func TestAnIssuerBehindTLSHasAllBehindTLS(t *testing.T) {
	d := newDiscovery("https://id.example.com", http.DefaultClient, time.Now)
	e := endpoints{Issuer: "https://id.example.com", Authorization: "https://id.example.com/a", Token: "https://tokens.example.com:8443/t"}
	if err := d.check(e); err != nil {
		t.Error(err)
	}
	e.Token = "http://id.example.com/t"
	if err := d.check(e); err == nil {
		t.Error("tokens go over a line that anybody can read")
	}
}

func TestFilesThatNobodyServesAreRefused(t *testing.T) {
	odd := sample()
	odd["dist/app.js.map"] = &fstest.MapFile{Data: []byte("{}")}
	if _, err := readFiles(odd, "dist"); err == nil {
		t.Error("a source map is served")
	}
	missing := sample()
	delete(missing, "dist/index.html")
	if _, err := readFiles(missing, "dist"); err == nil || !strings.Contains(err.Error(), "make console") {
		t.Errorf("without a page: %v", err)
	}
	if _, err := readFiles(sample(), "nowhere"); err == nil {
		t.Error("there is no folder, and nobody says so")
	}
}

func TestWhatIsEmbeddedIsServed(t *testing.T) {
	f, err := readFiles(dist, "dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app.js", "app.css", "icon.svg", "licenses.txt"} {
		if len(f.assets[name].plain) == 0 {
			t.Errorf("%s is not there", name)
		}
		if name != "licenses.txt" && !bytes.Contains(f.index.plain, []byte("/assets/"+f.version+"/"+name)) {
			t.Errorf("the page does not load %s", name)
		}
	}
}
