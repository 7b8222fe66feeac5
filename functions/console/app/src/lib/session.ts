// Who is signed in: the OIDC code flow with PKCE (RFC 7636) at the vendor's identity
// provider. Tokens stay in this tab's session storage, so another tab signs in by itself
// (without a question where the provider still knows the person) and closing the tab
// forgets them.
import { signal } from "./signal";
import { store, stored } from "./stored";

export interface Config {
  issuer: string;
  client_id: string;
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint?: string;
  redirect_uri: string;
  console_url: string;
  scope: string;
  operator_group: string;
  groups_claim: string;
}

interface Tokens {
  access_token: string;
  id_token: string;
  refresh_token?: string;
  /** When the access token ends, in milliseconds of the wall clock. */
  until: number;
}

export interface Identity {
  sub: string;
  email: string;
  name: string;
  operator: boolean;
}

const tokensKey = "usher.tokens";
const leavingKey = "usher.leaving";
/** A token is renewed so long before it ends, in milliseconds. */
const margin = 30_000;

let known: Promise<Config> | undefined;

/** The addresses of the identity provider, from the server that this page comes from. */
export function config(): Promise<Config> {
  known ??= fetch("/config.json", { headers: { Accept: "application/json" } }).then(async (answer) => {
    if (!answer.ok) throw new Error("The sign-in service does not answer. Try again in a moment.");
    return (await answer.json()) as Config;
  });
  known.catch(() => (known = undefined)); // so that trying again asks again
  return known;
}

const read = () => stored<Tokens>(tokensKey);
const keep = (tokens: Tokens) => store(tokensKey, tokens);

const claims = (jwt: string): Record<string, unknown> => {
  const bytes = Uint8Array.from(atob((jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
};

/** The signed-in person, or null. What they may do is for the API to say; the operator flag only chooses what to show first. */
export const identity = signal<Identity | null>(null);

export async function restore(): Promise<void> {
  const tokens = read();
  identity.value = tokens ? await identify(tokens) : null;
}

async function identify(tokens: Tokens): Promise<Identity | null> {
  try {
    const who = claims(tokens.id_token);
    const { groups_claim, operator_group } = await config();
    const groups = claims(tokens.access_token)[groups_claim];
    const name = [who.given_name, who.family_name].filter((part) => typeof part === "string" && part).join(" ");
    return {
      sub: String(who.sub ?? ""), email: String(who.email ?? ""), name: name || String(who.name ?? who.email ?? ""),
      operator: Array.isArray(groups) && groups.includes(operator_group),
    };
  } catch {
    return null;
  }
}

const base64url = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Leaves for the sign-in page and comes back to `back`, a path of this console. */
export async function signIn(back: string, options: { hint?: string; again?: boolean } = {}): Promise<void> {
  const c = await config();
  const state = random(), nonce = random(), verifier = random();
  store(leavingKey, { state, nonce, verifier, back });
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
  const query = new URLSearchParams({
    response_type: "code", client_id: c.client_id, redirect_uri: c.redirect_uri, scope: c.scope, state, nonce, code_challenge: challenge, code_challenge_method: "S256",
  });
  if (options.hint) query.set("login_hint", options.hint);
  if (options.again) query.set("prompt", "login");
  location.assign(`${c.authorization_endpoint}?${query}`);
}

/** Takes the answer of the sign-in page at /signed-in and returns the path to go on with. */
export async function arrive(): Promise<string> {
  const query = new URLSearchParams(location.search);
  const left = stored<{ state: string; nonce: string; verifier: string; back: string }>(leavingKey);
  sessionStorage.removeItem(leavingKey);
  if (query.get("error")) throw new Error(query.get("error_description") || "The sign-in was not completed.");
  if (!left || query.get("state") !== left.state) throw new Error("This sign-in was begun in another tab. Sign in again.");
  const c = await config();
  const tokens = await exchange(c, { grant_type: "authorization_code", code: query.get("code") ?? "", redirect_uri: c.redirect_uri, code_verifier: left.verifier });
  if (claims(tokens.id_token).nonce !== left.nonce) throw new Error("This sign-in was begun in another tab. Sign in again.");
  keep(tokens);
  identity.value = await identify(tokens);
  return left.back.startsWith("/") && !left.back.startsWith("//") ? left.back : "/";
}

async function exchange(c: Config, form: Record<string, string>): Promise<Tokens> {
  const answer = await fetch(c.token_endpoint, { method: "POST", body: new URLSearchParams({ ...form, client_id: c.client_id }) });
  const body = (await answer.json()) as { access_token: string; id_token?: string; refresh_token?: string; expires_in: number; error_description?: string };
  if (!answer.ok) throw new Error(body.error_description || "The sign-in service refused. Sign in again.");
  const before = form.grant_type === "refresh_token" ? read() : null;
  return {
    access_token: body.access_token, id_token: body.id_token ?? before?.id_token ?? "", refresh_token: body.refresh_token ?? before?.refresh_token,
    until: Date.now() + body.expires_in * 1000,
  };
}

let renewing: Promise<Tokens> | undefined;

/** The access token, renewed where it is about to end. Null: nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  const tokens = read();
  if (!tokens) return null;
  if (Date.now() < tokens.until - margin) return tokens.access_token;
  if (!tokens.refresh_token) return Date.now() < tokens.until ? tokens.access_token : null;
  renewing ??= config().then((c) => exchange(c, { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" })).finally(() => (renewing = undefined));
  try {
    const fresh = await renewing;
    keep(fresh);
    return fresh.access_token;
  } catch {
    return null;
  }
}

/** The id token of this sign-in, which binds a verified email. */
export const idToken = () => read()?.id_token ?? "";

/** A word for the welcome page about why nobody is signed in any more. */
export const farewell = signal("");

export function forget(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("usher.")) sessionStorage.removeItem(key);
  identity.value = null;
}

/** Signs out here and at the identity provider. */
export async function signOut(): Promise<void> {
  const c = await config();
  const hint = idToken();
  forget();
  const back = `${c.console_url.replace(/\/$/, "")}/`;
  if (!c.end_session_endpoint) return location.assign(back);
  // Cognito wants logout_uri; the standard's name is post_logout_redirect_uri.
  const query = new URLSearchParams({ client_id: c.client_id, logout_uri: back, post_logout_redirect_uri: back });
  if (hint) query.set("id_token_hint", hint);
  location.assign(`${c.end_session_endpoint}?${query}`);
}
