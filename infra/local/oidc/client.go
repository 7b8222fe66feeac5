package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// maxAnswerBytes bounds what the helpers read of any answer.
const maxAnswerBytes = 1 << 20

type endpoints struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
}

// SignIn signs a person in by the real code flow over HTTP: it reads the
// discovery document, opens the authorization page, posts its form with the
// email, and exchanges the code with its PKCE verifier. State, issuer and nonce
// are checked as a client has to. Redirects are not followed, so nothing needs
// to listen at redirectURI; the issuer must allow it. The scopes are openid,
// email and profile.
func SignIn(ctx context.Context, client *http.Client, issuerURL, clientID, redirectURI, email string) (Tokens, error) {
	tokens, err := signIn(ctx, client, issuerURL, clientID, redirectURI, email)
	if err != nil {
		return Tokens{}, fmt.Errorf("sign in %s at %s: %w", email, issuerURL, err)
	}
	return tokens, nil
}

func signIn(ctx context.Context, client *http.Client, issuerURL, clientID, redirectURI, email string) (Tokens, error) {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	found, err := discover(ctx, &own, issuerURL)
	if err != nil {
		return Tokens{}, err
	}
	state, nonce, verifier := random(), random(), random()
	challenge := sha256.Sum256([]byte(verifier))
	page, err := openPage(ctx, &own, found.Authorization+"?"+url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI},
		"scope": {"openid email profile"}, "state": {state}, "nonce": {nonce}, "prompt": {"login"}, "login_hint": {email},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	if err != nil {
		return Tokens{}, err
	}
	page.fields.Set("email", email)
	code, err := submit(ctx, &own, page, state, found.Issuer)
	if err != nil {
		return Tokens{}, err
	}
	tokens, err := postToken(ctx, &own, found.Token, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "redirect_uri": {redirectURI},
		"code": {code}, "code_verifier": {verifier},
	}, nil)
	if err != nil {
		return Tokens{}, err
	}
	return tokens, checkNonce(tokens.IDToken, nonce)
}

// ClientCredentials gets a token for a vendor's server. An empty scope asks for
// all that the server may have.
func ClientCredentials(ctx context.Context, client *http.Client, issuerURL, clientID, secret, scope string) (Tokens, error) {
	found, err := discover(ctx, client, issuerURL)
	if err != nil {
		return Tokens{}, fmt.Errorf("client credentials of %s: %w", clientID, err)
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	tokens, err := postToken(ctx, client, found.Token, form, url.UserPassword(url.QueryEscape(clientID), url.QueryEscape(secret)))
	if err != nil {
		return Tokens{}, fmt.Errorf("client credentials of %s: %w", clientID, err)
	}
	return tokens, nil
}

func discover(ctx context.Context, client *http.Client, issuerURL string) (endpoints, error) {
	var found endpoints
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuerURL+"/.well-known/openid-configuration", nil)
	if err != nil {
		return found, err
	}
	_, _, body, err := do(client, request, http.StatusOK)
	if err != nil {
		return found, fmt.Errorf("discovery: %w", err)
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return found, fmt.Errorf("discovery: %w", err)
	}
	if found.Issuer != issuerURL {
		return found, fmt.Errorf("discovery: the issuer calls itself %q", found.Issuer)
	}
	return found, nil
}

// form is the sign-in form: where it goes and its hidden fields.
type form struct {
	action string
	fields url.Values
}

func openPage(ctx context.Context, client *http.Client, address string) (form, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return form{}, err
	}
	status, header, body, err := do(client, request, http.StatusOK, http.StatusSeeOther)
	if err != nil {
		return form{}, fmt.Errorf("authorization page: %w", err)
	}
	if status == http.StatusSeeOther {
		return form{}, fmt.Errorf("authorization page: %w", redirectError(header.Get("Location")))
	}
	root, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		return form{}, fmt.Errorf("authorization page: %w", err)
	}
	found := form{fields: url.Values{}}
	for node := range root.Descendants() {
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form":
			action, err := request.URL.Parse(attribute(node, "action"))
			if err != nil {
				return form{}, fmt.Errorf("authorization page: %w", err)
			}
			found.action = action.String()
		case node.Data == "input" && attribute(node, "type") == "hidden":
			found.fields.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	if found.action == "" {
		return form{}, errors.New("authorization page: it has no form")
	}
	return found, nil
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// submit posts the form and reads the code from the redirect.
func submit(ctx context.Context, client *http.Client, page form, state, issuer string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, page.action, strings.NewReader(page.fields.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, header, _, err := do(client, request, http.StatusSeeOther)
	if err != nil {
		return "", fmt.Errorf("sign-in form: %w", err)
	}
	location, err := url.Parse(header.Get("Location"))
	if err != nil {
		return "", fmt.Errorf("sign-in form: %w", err)
	}
	query := location.Query()
	switch {
	case query.Get("state") != state:
		return "", errors.New("sign-in form: the state came back changed")
	case query.Has("iss") && query.Get("iss") != issuer:
		return "", fmt.Errorf("sign-in form: the code is of another issuer, %q", query.Get("iss"))
	case query.Get("code") == "":
		return "", fmt.Errorf("sign-in form: %w", redirectError(location.String()))
	}
	return query.Get("code"), nil
}

func redirectError(location string) error {
	parsed, err := url.Parse(location)
	if err != nil {
		return err
	}
	return fmt.Errorf("the issuer refused: %s: %s", parsed.Query().Get("error"), parsed.Query().Get("error_description"))
}

func postToken(ctx context.Context, client *http.Client, endpoint string, values url.Values, basic *url.Userinfo) (Tokens, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(values.Encode()))
	if err != nil {
		return Tokens{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret, ok := basic.Password(); ok {
		request.SetBasicAuth(basic.Username(), secret)
	}
	_, _, body, err := do(client, request, http.StatusOK)
	if err != nil {
		return Tokens{}, fmt.Errorf("token: %w", err)
	}
	var tokens Tokens
	if err := json.Unmarshal(body, &tokens); err != nil {
		return Tokens{}, fmt.Errorf("token: %w", err)
	}
	return tokens, nil
}

// checkNonce reads the nonce of an id_token. It came from the token endpoint
// itself, so its signature need not be checked here (OpenID Connect Core,
// 3.1.3.7, 6).
func checkNonce(idToken, nonce string) error {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return errors.New("token: the id_token is no JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	var claims struct{ Nonce string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	if claims.Nonce != nonce {
		return errors.New("token: the id_token has another nonce")
	}
	return nil
}

// do sends a request and returns status, header and body, or an error that shows
// the answer if it has none of the wanted statuses.
func do(client *http.Client, request *http.Request, wanted ...int) (status int, header http.Header, body []byte, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return 0, nil, nil, err
	}
	for _, status := range wanted {
		if response.StatusCode == status {
			return status, response.Header, body, nil
		}
	}
	text := string(body)
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return 0, nil, nil, fmt.Errorf("%s %s answered %d: %s", request.Method, request.URL.Redacted(), response.StatusCode, text)
}
