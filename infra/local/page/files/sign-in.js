// Signing in as any client does: authorization code flow with PKCE (RFC 7636).
// What has to outlast the way to the issuer and back is kept in this tab only.

const kept = "usher.sign-in";

/** The issuer and the client id that the page was made with. */
export function settings() {
  const { issuer, client, console: consoleURL, api } = document.body.dataset;
  return { issuer, client, consoleURL, api };
}

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function endpoints() {
  const { issuer } = settings();
  const answer = await fetch(issuer + "/.well-known/openid-configuration");
  if (!answer.ok) throw new Error(`The issuer answered ${answer.status}.`);
  const found = await answer.json();
  if (found.issuer !== issuer) throw new Error(`The issuer calls itself ${found.issuer}, not ${issuer}.`);
  return found;
}

/** Leaves for the issuer. The browser comes back to path with a code. */
export async function leave(path, { hint = "", prompt = "select_account" } = {}) {
  if (!crypto.subtle) throw new Error("This browser signs in only on a page of 127.0.0.1, localhost or https. Open the page under one of these.");
  const found = await endpoints();
  const flow = { path, verifier: random(), state: random(), nonce: random(), redirect: location.origin + path };
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(flow.verifier)));
  sessionStorage.setItem(kept, JSON.stringify(flow));
  const query = new URLSearchParams({
    response_type: "code", client_id: settings().client, redirect_uri: flow.redirect, scope: "openid email profile",
    state: flow.state, nonce: flow.nonce, code_challenge: challenge, code_challenge_method: "S256", prompt,
  });
  if (hint) query.set("login_hint", hint);
  location.assign(`${found.authorization_endpoint}?${query}`);
}

/** Whether the browser has just come back from the issuer. */
export function cameBack() {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
}

/** Exchanges the code for tokens, once. Address and tab forget it. */
export async function arrive() {
  const query = new URLSearchParams(location.search);
  const flow = JSON.parse(sessionStorage.getItem(kept) ?? "null");
  sessionStorage.removeItem(kept);
  history.replaceState(null, "", location.pathname);
  if (!flow || flow.state !== query.get("state")) throw new Error("This sign-in was not begun in this tab, or is over already. Begin again.");
  if (query.has("error")) throw new Error(query.get("error_description") || query.get("error"));
  const found = await endpoints();
  if (query.has("iss") && query.get("iss") !== found.issuer) throw new Error("The code is of another issuer. Begin again.");
  const answer = await fetch(found.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code", client_id: settings().client, redirect_uri: flow.redirect, code: query.get("code"), code_verifier: flow.verifier,
    }),
  });
  const tokens = await answer.json();
  if (!answer.ok) throw new Error(tokens.error_description || tokens.error);
  const identity = claims(tokens.id_token);
  if (identity.nonce !== flow.nonce) throw new Error("The id_token belongs to another sign-in. Begin again.");
  return { ...tokens, identity };
}

/** What a token says. It came from the issuer itself and is only shown here. */
export function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
}

/** Reads from the API through this server. Answers {status, body}. */
export async function read(path, token) {
  const answer = await fetch("/through" + path, { headers: { Accept: "application/json", Authorization: `Bearer ${token}` } });
  const text = await answer.text();
  try {
    return { status: answer.status, body: text ? JSON.parse(text) : {} };
  } catch {
    return { status: answer.status, body: { code: "unreadable", detail: text.slice(0, 300) } };
  }
}
