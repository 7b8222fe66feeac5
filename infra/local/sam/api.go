package sam

import (
	"slices"
	"strings"
)

// API is the HTTP API.
type API struct {
	ID   string
	Line int
	// Authorizers are the JWT authorizers by name; Default is the one of routes that name none, or empty.
	Authorizers map[string]*Authorizer
	Default     string
	CORS        *CORS
	// Routes are the routes of all functions.
	Routes []*Route
}

// Authorizer is a JWT authorizer.
type Authorizer struct {
	Name     string
	Line     int
	Issuer   string
	Audience []string
	// Header is the header with the token, "Authorization" as a rule.
	Header string
	// Scopes that every route of the authorizer asks for.
	Scopes []string
}

// CORS is the API's answer to pages of other origins.
type CORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	AllowCredentials                                        bool
	MaxAgeSeconds                                           int
}

// Route is an HttpApi event of a function.
type Route struct {
	Event      string
	Line       int
	FunctionID string
	// Method is upper case or ANY; Path has {name} and {name+} segments, or is $default.
	Method, Path string
	// Authorizer is its authorizer's name; empty for a public route.
	Authorizer string
	// Scopes of which a token needs one; none means any token will do.
	Scopes []string

	api string
}

// Key is the route's key as API Gateway writes it.
func (r *Route) Key() string {
	if r.Path == "$default" {
		return r.Path
	}
	return r.Method + " " + r.Path
}

// methods of routes.
var methods = []string{"ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// publicRoute is the authorizer name that takes a route out of the default authorizer.
const publicRoute = "NONE"

func (r *resolver) route(f *Function, where, name string, v, p *Value) *Route {
	r.only(p, where, []string{"ApiId", "Method", "Path", "Auth", "PayloadFormatVersion", "TimeoutInMillis", "RouteSettings"})
	r.only(p.Get("Auth"), where+".Auth", []string{"Authorizer", "AuthorizationScopes"})
	route := &Route{
		Event: name, Line: v.Line, FunctionID: f.ID,
		Method:     strings.ToUpper(r.text(p.Get("Method"))),
		Path:       r.text(p.Get("Path")),
		Authorizer: r.text(p.Get("Auth", "Authorizer")),
		Scopes:     p.Get("Auth", "AuthorizationScopes").Texts(),
		api:        r.text(p.Get("ApiId")),
	}
	if p == nil || (route.Path == "" && route.Method == "") {
		route.Method, route.Path = "ANY", "$default"
	}
	if !slices.Contains(methods, route.Method) {
		r.fail(v.Line, "%s: there is no method %q", where, route.Method)
	}
	if route.Path != "$default" {
		r.checkPath(v.Line, where, route.Path)
	}
	if version := p.Get("PayloadFormatVersion"); version != nil && version.Text() != "2.0" {
		r.fail(version.Line, "%s: only payload format 2.0 is supported", where)
	}
	return route
}

// checkPath reports a path that API Gateway would refuse or read differently.
func (r *resolver) checkPath(line int, where, s string) {
	if !strings.HasPrefix(s, "/") {
		r.fail(line, "%s: the path %q does not start with /", where, s)
		return
	}
	segments := strings.Split(s[1:], "/")
	for i, seg := range segments {
		variable := strings.HasPrefix(seg, "{") && strings.HasSuffix(seg, "}") && len(seg) > 2
		switch {
		case variable && strings.HasSuffix(seg, "+}") && i < len(segments)-1:
			r.fail(line, "%s: %s has something after the greedy %s", where, s, seg)
		case !variable && strings.ContainsAny(seg, "{}"):
			r.fail(line, "%s: in %s the segment %s mixes text and a variable", where, s, seg)
		}
	}
}

func (r *resolver) api(res *Resource) *API {
	p := res.Properties
	r.only(p, res.ID, []string{
		"Name", "Auth", "CorsConfiguration", "FailOnWarnings", "StageName", "AccessLogSettings", "DefaultRouteSettings",
		"RouteSettings", "Description", "Tags", "PropagateTags", "DisableExecuteApiEndpoint", "Domain",
	})
	if stage := p.Get("StageName"); stage != nil && stage.Text() != "$default" {
		r.fail(stage.Line, "%s: only the stage $default is supported", res.ID)
	}
	auth := p.Get("Auth")
	r.only(auth, res.ID+".Auth", []string{"DefaultAuthorizer", "Authorizers"})
	api := &API{ID: res.ID, Line: res.Line, Authorizers: map[string]*Authorizer{}, Default: r.text(auth.Get("DefaultAuthorizer"))}
	authorizers := auth.Get("Authorizers")
	for _, name := range authorizers.Keys() {
		api.Authorizers[name] = r.authorizer(res.ID, name, authorizers.Get(name))
	}
	if api.Default != "" && api.Authorizers[api.Default] == nil {
		r.fail(auth.Line, "%s: there is no authorizer %q", res.ID, api.Default)
	}
	api.CORS = r.cors(res.ID, p.Get("CorsConfiguration"))
	return api
}

func (r *resolver) authorizer(api, name string, v *Value) *Authorizer {
	where := path(api, "Auth", "Authorizers", name)
	r.only(v, where, []string{"IdentitySource", "JwtConfiguration", "AuthorizationScopes"})
	config := v.Get("JwtConfiguration")
	if config == nil {
		r.fail(v.Line, "%s: only JWT authorizers are supported", where)
		return &Authorizer{Name: name}
	}
	r.only(config, where+".JwtConfiguration", []string{"issuer", "audience"})
	a := &Authorizer{
		Name: name, Line: v.Line, Header: "Authorization",
		Issuer:   r.need(config.Get("issuer"), v.Line, where+".issuer"),
		Audience: config.Get("audience").Texts(),
		Scopes:   v.Get("AuthorizationScopes").Texts(),
	}
	if err := config.Err(); err != nil {
		r.errs = append(r.errs, err)
	}
	if source := r.text(v.Get("IdentitySource")); source != "" {
		header, ok := strings.CutPrefix(source, "$request.header.")
		if !ok {
			r.fail(v.Line, "%s: the identity source %q is not supported; use $request.header.<name>", where, source)
		}
		a.Header = header
	}
	return a
}

func (r *resolver) cors(api string, v *Value) *CORS {
	if v == nil {
		return nil
	}
	where := api + ".CorsConfiguration"
	r.only(v, where, []string{"AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "AllowCredentials", "MaxAge"})
	if err := v.Err(); err != nil {
		r.errs = append(r.errs, err)
	}
	return &CORS{
		AllowOrigins: v.Get("AllowOrigins").Texts(), AllowMethods: v.Get("AllowMethods").Texts(),
		AllowHeaders: v.Get("AllowHeaders").Texts(), ExposeHeaders: v.Get("ExposeHeaders").Texts(),
		AllowCredentials: r.flag(v.Get("AllowCredentials"), false), MaxAgeSeconds: r.number(v.Get("MaxAge"), 0),
	}
}

// attachRoutes gives the API its functions' routes and the routes their authorizers.
func (r *resolver) attachRoutes(t *Template) {
	taken := map[string]*Route{}
	for _, f := range t.Functions {
		for _, route := range f.Routes {
			if t.API == nil || (route.api != "" && route.api != r.options.StackName+"-"+t.API.ID) {
				r.fail(route.Line, "%s.Events.%s: set ApiId to the template's HTTP API", f.ID, route.Event)
				continue
			}
			if other := taken[route.Key()]; other != nil {
				r.fail(route.Line, "the route %q stands twice, the first time on line %d", route.Key(), other.Line)
			}
			taken[route.Key()] = route
			r.authorize(t.API, route)
			t.API.Routes = append(t.API.Routes, route)
		}
	}
}

func (r *resolver) authorize(api *API, route *Route) {
	switch route.Authorizer {
	case publicRoute:
		route.Authorizer = ""
		return
	case "":
		route.Authorizer = api.Default
	}
	if route.Authorizer == "" {
		return
	}
	a := api.Authorizers[route.Authorizer]
	if a == nil {
		r.fail(route.Line, "the route %q names the authorizer %q, which the API does not have", route.Key(), route.Authorizer)
		return
	}
	if len(route.Scopes) == 0 {
		route.Scopes = a.Scopes
	}
}
