package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// event is a request in payload format 2.0.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *authorized `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type authorized struct {
	JWT *identity `json:"jwt"`
}

// hopByHop headers belong to the connection and are not handed on.
var hopByHop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true, "Proxy-Connection": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

func newRequestID() string { return rand.Text()[:16] + "=" }

func (g *Gateway) event(r *http.Request, id string, found *route, path string, parameters map[string]string, who *identity, body []byte) event {
	now := g.options.Now().UTC()
	ip := sourceIP(r)
	host, _, _ := strings.Cut(r.Host, ":")
	prefix, _, _ := strings.Cut(host, ".")
	e := event{
		Version: "2.0", RouteKey: found.Key(), RawPath: path, RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{"host": r.Host}, QueryStringParameters: query(r.URL.RawQuery), PathParameters: parameters,
		RequestContext: requestContext{
			AccountID: g.options.AccountID, APIID: apiID, DomainName: host, DomainPrefix: prefix,
			HTTP:      httpContext{r.Method, path, r.Proto, ip, r.UserAgent()},
			RequestID: id, RouteKey: found.Key(), Stage: "$default",
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
	}
	for name, values := range r.Header {
		switch {
		case hopByHop[name]:
		case name == "Cookie":
			for _, v := range values {
				for c := range strings.SplitSeq(v, ";") {
					e.Cookies = append(e.Cookies, strings.TrimSpace(c))
				}
			}
		default:
			e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if before := e.Headers["x-forwarded-for"]; before != "" {
		ip = before + ", " + ip
	}
	e.Headers["x-forwarded-for"] = ip
	e.Headers["x-forwarded-proto"] = "https"
	e.Headers["x-forwarded-port"] = "443"
	e.Headers["content-length"] = strconv.Itoa(len(body))
	if who != nil {
		e.RequestContext.Authorizer = &authorized{who}
	}
	if isText(r.Header.Get("Content-Type")) && utf8.Valid(body) {
		e.Body = string(body)
	} else if len(body) > 0 {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// query decodes the query's parameters; several values of one name are joined by a comma.
func query(raw string) map[string]string {
	var out map[string]string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if name == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if before, ok := out[name]; ok {
			value = before + "," + value
		}
		out[name] = value
	}
	return out
}

// unescape leaves what is not well escaped as it is.
func unescape(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// isText tells whether a body of this type goes as text. Forms do not.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch kind {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// answer is what a function returns in payload format 2.0.
type answer struct {
	StatusCode      int                        `json:"statusCode"`
	Headers         map[string]json.RawMessage `json:"headers"`
	Cookies         []string                   `json:"cookies"`
	Body            string                     `json:"body"`
	IsBase64Encoded bool                       `json:"isBase64Encoded"`
}

// writeAnswer writes a function's answer. One without a statusCode is itself the body, as API Gateway reads it.
func writeAnswer(w http.ResponseWriter, payload []byte) error {
	if !json.Valid(payload) {
		return errors.New("it is no JSON")
	}
	var probe map[string]json.RawMessage
	if err := json.Unmarshal(payload, &probe); err != nil || probe["statusCode"] == nil {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(payload) // a client that is gone needs no answer
		return nil
	}
	var a answer
	if err := json.Unmarshal(payload, &a); err != nil {
		return err
	}
	if a.StatusCode < 200 || a.StatusCode > 599 {
		return fmt.Errorf("its statusCode is %d", a.StatusCode)
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			return fmt.Errorf("its body is no base64: %w", err)
		}
		body = decoded
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain;charset=UTF-8")
	for name, value := range a.Headers {
		if !strings.HasPrefix(strings.ToLower(name), "access-control-") { // the gateway's CORS settings rule
			h.Set(name, headerText(value))
		}
	}
	for _, c := range a.Cookies {
		h.Add("Set-Cookie", c)
	}
	h.Del("Content-Length") // the server sets it
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(body)
	return nil
}

// headerText reads a header value, which may be any scalar.
func headerText(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		return s
	}
	return string(raw)
}
