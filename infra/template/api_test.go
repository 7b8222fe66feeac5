package template_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-seats/usher/infra/template"
)

// publicRoutes are the routes without a token, each with its reason.
func publicRoutes() map[string]string {
	return map[string]string{
		"GET /":                       "the console's page is the same for everybody, and is where people sign in",
		"GET /{path+}":                "the console's pages and files, and everything that there is not",
		"GET /.well-known/jwks.json":  "whoever checks a license offline needs the keys, and they are no secret",
		"POST /v1/invitations/lookup": "who opens an invitation has not signed in yet",
	}
}

// pages is the function whose routes are pages and no operations of the API.
const pages = "console"

func checkRoutes(p *problems, tpl *template.Template, repo repository) {
	owner := map[string]string{}
	routes := map[template.Route]bool{}
	for _, f := range tpl.Functions() {
		for _, r := range f.Routes {
			if other, taken := owner[r.String()]; taken {
				p.add(f.ID, "and", other, "both answer", r.String())
			}
			owner[r.String()] = f.ID
			routes[r] = true
			if !repo.routes[r] && f.Name != pages {
				p.add(f.ID, "answers", describe(r), "which the OpenAPI document does not have")
			}
		}
	}
	for r := range repo.routes {
		if !routes[r] {
			p.add("no function answers", describe(r))
		}
	}
}

func describe(r template.Route) string {
	if r.Public {
		return r.String() + " (public)"
	}
	return r.String()
}

func checkAPI(p *problems, tpl *template.Template, _ repository) {
	api, _ := tpl.Resource("Api")
	auth := template.MapAt(api.Properties, "Auth")
	authorizer := template.MapAt(auth, "Authorizers", template.StringAt(auth, "DefaultAuthorizer"))
	if authorizer["IdentitySource"] != "$request.header.Authorization" {
		p.add("Api does not read the token from the Authorization header")
	}
	jwt := template.MapAt(authorizer, "JwtConfiguration")
	if jwt["issuer"] == nil || len(template.ListAt(jwt, "audience")) == 0 {
		p.add("Api does not check issuer and audience")
	}
	checkCORS(p, tpl, template.MapAt(api.Properties, "CorsConfiguration"))
	if template.At(api.Properties, "DefaultRouteSettings", "ThrottlingRateLimit") == nil {
		p.add("Api has no throttling")
	}
	for _, f := range tpl.Functions() {
		for _, e := range template.MapAt(f.Properties, "Events") {
			m, _ := e.(template.Map)
			if template.StringAt(m, "Type") == "HttpApi" && template.Target(template.At(m, "Properties", "ApiId")) != "Api" {
				p.add(f.ID, "has a route on another API")
			}
		}
		for _, r := range f.Routes {
			if r.Public && publicRoutes()[r.String()] == "" {
				p.add(f.ID, "answers", r.String(), "to anybody")
			}
			if r.Public && template.At(api.Properties, "RouteSettings", r.String(), "ThrottlingRateLimit") == nil {
				p.add("Api does not throttle the public", r.String())
			}
		}
	}
}

func checkCORS(p *problems, tpl *template.Template, cors template.Map) {
	origins := template.ListAt(cors, "AllowOrigins")
	if len(origins) != 1 || template.Target(origins[0]) != "ConsoleOrigin" {
		p.add("Api may be called from", fmt.Sprint(origins))
	}
	parameter := template.MapAt(tpl.Tree, "Parameters", "ConsoleOrigin")
	pattern, err := regexp.Compile(template.StringAt(parameter, "AllowedPattern"))
	if err != nil || pattern.String() == "" {
		p.add("ConsoleOrigin takes anything")
		return
	}
	for _, wrong := range []string{"*", "https://*.example.com", "https://a.example/", "null", "https://a.example, https://b.example"} {
		if pattern.MatchString(wrong) {
			p.add("ConsoleOrigin takes", wrong)
		}
	}
	if right := template.StringAt(parameter, "Default"); !pattern.MatchString(right) {
		p.add("ConsoleOrigin does not take its own default", right)
	}
	if cors["AllowCredentials"] == true {
		p.add("Api takes cookies from other origins")
	}
	allowed := template.ListAt(cors, "AllowMethods")
	used := map[string]bool{}
	for _, f := range tpl.Functions() {
		for _, r := range f.Routes {
			used[r.Method] = true
			if !slices.Contains(allowed, any(r.Method)) {
				p.add(f.ID, "answers", r.String(), "but CORS does not let it through")
			}
		}
	}
	for _, m := range allowed {
		if !used[fmt.Sprint(m)] {
			p.add("CORS lets", fmt.Sprint(m), "through, which no route has")
		}
	}
}

// checkSignIn wants the user pool to know the addresses that the console asks it to send people to.
func checkSignIn(p *problems, tpl *template.Template, _ repository) {
	client, _ := tpl.Resource("UserPoolClient")
	for key, want := range map[string]string{"CallbackURLs": "${ConsoleUrl}/signed-in", "LogoutURLs": "${ConsoleUrl}/"} {
		if got := fmt.Sprint(template.ListAt(client.Properties, key)); got != fmt.Sprint([]any{template.Map{"Fn::Sub": want}}) {
			p.add("UserPoolClient has the", key, got)
		}
	}
	if client.Properties["GenerateSecret"] != false {
		p.add("UserPoolClient has a secret, which a browser cannot keep")
	}
}

// checkReferences wants every !Ref, !GetAtt and !Sub to name a resource, a
// parameter or a value of CloudFormation's own, and every parameter and condition
// to be used.
func checkReferences(p *problems, tpl *template.Template, _ repository) {
	known := map[string]bool{}
	for _, section := range []string{"Resources", "Parameters"} {
		for id := range template.MapAt(tpl.Tree, section) {
			known[id] = true
		}
	}
	used := map[string]bool{}
	walk(tpl.Tree, func(id string) {
		used[id] = true
		if !known[id] && !strings.HasPrefix(id, "AWS::") {
			p.add("a reference leads to", id, "which there is not")
		}
	})
	for id := range template.MapAt(tpl.Tree, "Parameters") {
		if !used[id] {
			p.add("parameter", id, "is not used")
		}
	}
	conditions := template.MapAt(tpl.Tree, "Conditions")
	for _, r := range tpl.Resources("") {
		if name := template.StringAt(r.Attributes, "Condition"); name != "" && conditions[name] == nil {
			p.add(r.ID, "has the condition", name, "which there is not")
		}
	}
}

var variableOfSub = regexp.MustCompile(`\$\{([^!}.]+)(\.[^}]+)?\}`)

func walk(v any, found func(id string)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(e, found)
		}
	case template.Map:
		if id := template.Target(v); id != "" {
			found(id)
			return
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			for _, m := range variableOfSub.FindAllStringSubmatch(text, -1) {
				found(m[1])
			}
			return
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(v[k], found)
		}
	}
}
