package apigw_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/apigw"
)

func caller(claims map[string]string) apigw.Caller {
	e := event("GET", "/", "", "", nil)
	e.RequestContext.Authorizer.JWT.Claims = claims
	return rights().Caller(e.RequestContext)
}

func TestATokenHasOneKindOfRight(t *testing.T) {
	const groups = "cognito:groups"
	cases := []struct {
		name   string
		claims map[string]string
		want   apigw.CallerKind
	}{
		{"a person", map[string]string{"sub": "ada", "client_id": "web"}, apigw.Person},
		{"the only group, in brackets", map[string]string{"sub": "ada", groups: "[operators]"}, apigw.Operator},
		{"one of several groups", map[string]string{"sub": "ada", groups: "[staff operators]"}, apigw.Operator},
		{"a group without brackets", map[string]string{"sub": "ada", groups: "operators"}, apigw.Operator},
		{"a JSON list", map[string]string{"sub": "ada", groups: `["staff","operators"]`}, apigw.Operator},
		{"another group that contains the name", map[string]string{"sub": "ada", groups: "[no-operators operators2]"}, apigw.Person},
		{"a JSON group whose name contains the word", map[string]string{"sub": "ada", groups: `["the operators"]`}, apigw.Person},
		{"a group of two words", map[string]string{"sub": "ada", groups: "not operators"}, apigw.Person},
		{"brackets that do not close", map[string]string{"sub": "ada", groups: "[operators"}, apigw.Person},
		{"another case", map[string]string{"sub": "ada", groups: "[Operators]"}, apigw.Person},
		{"an empty list", map[string]string{"sub": "ada", groups: "[]"}, apigw.Person},
		{"the group in another claim", map[string]string{"sub": "ada", "groups": "[operators]"}, apigw.Person},
		{"the vendor's server", map[string]string{"sub": "srv", "client_id": "srv", "scope": "entitlements:read"}, apigw.Vendor},
		{"the vendor's server at Cognito", map[string]string{"sub": "srv", "client_id": "srv", "scope": "usher/entitlements:read"}, apigw.Vendor},
		{"a server with another scope", map[string]string{"sub": "srv", "client_id": "srv", "scope": "entitlements:read:all xentitlements:read"}, apigw.Person},
		{"the vendor's server at Auth0", map[string]string{"sub": "srv@clients", "azp": "srv", "scope": "x entitlements:read"}, apigw.Vendor},
		{"a person with the server's scope", map[string]string{"sub": "ada", "client_id": "web", "scope": "openid entitlements:read"}, apigw.Person},
		{"a server without the scope", map[string]string{"sub": "srv", "client_id": "srv", "scope": "entitlements:reader"}, apigw.Person},
		{"a server in some group", map[string]string{"sub": "srv", "client_id": "srv", "scope": "entitlements:read", groups: "[staff]"}, apigw.Person},
		{"a server in the operators' group", map[string]string{"sub": "srv", "client_id": "srv", "scope": "entitlements:read", groups: "[operators]"}, apigw.Operator},
		{"no subject", map[string]string{groups: "[operators]"}, apigw.Anonymous},
	}
	for _, c := range cases {
		if got := caller(c.claims).Kind; got != c.want {
			t.Errorf("%s is %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWithoutATokenTheCallerIsAnonymousWhateverTheHeadersSay(t *testing.T) {
	e := event("GET", "/", "", "", map[string]string{"authorization": "Bearer eyJ.eyJ.x", "x-forwarded-for": "203.0.113.9"})
	e.RequestContext.Authorizer = nil
	c := rights().Caller(e.RequestContext)
	if c.Kind != apigw.Anonymous || c.Subject != "" || c.SubjectHash() != "" || c.SourceIP != "192.0.2.7" {
		t.Errorf("got %+v", c)
	}
}

func TestAnUnsetOperatorGroupMakesNobodyAnOperator(t *testing.T) {
	e := event("GET", "/", "", "", nil)
	e.RequestContext.Authorizer.JWT.Claims = map[string]string{"sub": "ada", "": ""}
	if got := (apigw.Rights{}).Caller(e.RequestContext).Kind; got != apigw.Person {
		t.Errorf("got %s", got)
	}
}

func TestTheCallerIsReadFromTheClaims(t *testing.T) {
	e := event("GET", "/", "", "", nil)
	e.RequestContext.Authorizer.JWT = &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
		Claims: map[string]string{
			"iss": "https://i", "sub": "ada", "azp": "web", "auth_time": "1764000000", "iat": "1.764000060e+09",
		},
		Scopes: []string{"openid"},
	}
	c := rights().Caller(e.RequestContext)
	if c.Issuer != "https://i" || c.Subject != "ada" || c.ClientID != "web" || c.RequestID != "gw-1" || len(c.Scopes) != 1 ||
		!c.AuthTime.Equal(time.Unix(1764000000, 0)) || !c.IssuedAt.Equal(time.Unix(1764000060, 0)) || c.AuthTime.Location() != time.UTC {
		t.Errorf("got %+v", c)
	}
	for _, bad := range []string{"", "soon", "-5", "NaN", "Inf", "1e300"} {
		if got := caller(map[string]string{"sub": "ada", "auth_time": bad}).AuthTime; !got.IsZero() {
			t.Errorf("auth_time %q is %s", bad, got)
		}
	}
}

func TestTheHashOfASubjectCannotBeMadeByAnotherIssuer(t *testing.T) {
	if apigw.SubjectHash("https://a", "bc") == apigw.SubjectHash("https://ab", "c") {
		t.Error("two identities have one hash")
	}
	sum := sha256.Sum256([]byte("\x00\x00\x00\x01i\x00\x00\x00\x03ada"))
	if got := (apigw.Caller{Kind: apigw.Person, Issuer: "i", Subject: "ada"}).SubjectHash(); got != hex.EncodeToString(sum[:]) {
		t.Errorf("the documented form has changed: %s", got)
	}
}

func TestAContextCarriesItsCaller(t *testing.T) {
	if got := apigw.CallerFrom(context.Background()).Kind; got != apigw.Anonymous {
		t.Errorf("nobody is %s", got)
	}
	ctx := apigw.WithCaller(context.Background(), apigw.Caller{Kind: apigw.Vendor})
	if got := apigw.CallerFrom(ctx).Kind; got != apigw.Vendor {
		t.Errorf("got %s", got)
	}
}
