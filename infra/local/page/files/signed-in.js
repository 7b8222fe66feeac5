// Where a sign-in from the start page ends: who this is for the API, and the
// token to go on with.
import { bdi, copyButton, h, show } from "./dom.js";
import { arrive, cameBack, claims, leave, read, settings } from "./sign-in.js";

const ticket = document.querySelector("#signed-in");
const anchor = (label, href, primary = false) => h("a", { class: primary ? "button primary" : "button", href }, label);

function fail(heading, text) {
  show(
    ticket, h("span", { class: "sign bad", "aria-hidden": "true" }, "!"), h("h1", {}, heading), h("p", { class: "lead" }, bdi(text)),
    h("p", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: again }, "Sign in"), anchor("Start page", "/")),
  );
}

const again = () => leave("/signed-in").catch((error) => fail("The sign-in did not work", error.message));
const json = (value) => JSON.stringify(value, null, 2);
const block = (text, kind = "") => h("pre", { class: `said ${kind}`, tabindex: "0" }, bdi(text));
const titled = (title, text, kind) => [h("h2", {}, title, copyButton(text)), block(text, kind)];

async function main() {
  if (!cameBack()) return fail("Nobody is signed in here", "Tokens are shown once and kept nowhere. Sign in again to see new ones.");
  let tokens;
  try {
    tokens = await arrive();
  } catch (error) {
    return fail("The sign-in did not work", error.message);
  }
  const me = await read("/v1/me", tokens.access_token);
  const access = claims(tokens.access_token);
  const groups = Object.entries(access).find(([name]) => name.endsWith("groups"))?.[1];
  const { consoleURL, api } = settings();
  const path = groups ? "/v1/operator/accounts" : "/v1/me";
  const curl = `curl -H "Authorization: Bearer ${tokens.access_token}" ${api}${path}`;
  const name = tokens.identity.name || tokens.identity.email;
  show(
    ticket, h("span", { class: "sign good", "aria-hidden": "true" }, "✓"), h("h1", {}, "Signed in as ", bdi(name)),
    h("p", { class: "lead" }, bdi(tokens.identity.email), groups ? " is one of the vendor’s staff and uses only /v1/operator." : " holds a token that says who, and nothing of what may be done: that is read from the account at each request."),
    h("p", { class: "actions" }, consoleURL ? anchor("Open the console", `${consoleURL}/?login_hint=${encodeURIComponent(tokens.identity.email)}`, true) : null, h("button", { type: "button", onclick: again }, "Sign in as somebody else"), anchor("Start page", "/")),
    ...titled(`GET /v1/me answers ${me.status}`, json(me.body)),
    ...titled("Call the API yourself", curl, "token"),
    ...titled("Access token", tokens.access_token, "token"),
    ...titled("What it says", json(access)),
    ...titled("id_token", tokens.id_token, "token"),
    ...titled("What it says", json(tokens.identity)),
  );
}

main().catch((error) => fail("The stack does not answer", error.message));
