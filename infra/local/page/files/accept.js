// The page of an invitation: looks the link up, signs the person in, accepts.
import { bdi, h, show } from "./dom.js";
import { arrive, call, cameBack, leave, settings } from "./sign-in.js";

const ticket = document.querySelector("#accept");
const kept = "usher.invitation";

// What to say to each refusal: [heading, what to do, what to offer].
const refusals = {
  invitation_expired: ["This invitation has expired", "A link is good for a few days only. Ask the person who invited you to send it again; the new mail brings a new link.", "mailbox"],
  invitation_superseded: ["There is a newer invitation", "The invitation was sent again, and only the newest link works. Open the newest mail.", "mailbox"],
  invitation_used: ["This invitation was accepted already", "A link works once. If it was you, sign in as usual.", "sign-in"],
  invitation_cancelled: ["This invitation was withdrawn", "The person who invited you, or another administrator, cancelled it. Ask them if you think that it was a mistake.", ""],
  email_mismatch: ["This invitation is for somebody else", "Sign in with the very email that was invited. It has to be verified at the issuer.", "other"],
  account_parked: ["This account is on hold", "The vendor is looking into it. Try again later.", "again"],
  too_many_requests: ["That was a little too often", "Wait a moment and try again.", "again"],
  forbidden: ["You may not accept this", "You are signed in with rights that belong to the vendor and not to a customer. Sign in as the person invited.", "other"],
  unauthorized: ["Your sign-in is too old", "Sign in again and accept.", "other"],
  stack_unreachable: ["The stack does not answer", "See whether it still runs, then try again.", "again"],
};
const broken = ["This link is not whole", "Part of it may have been lost on the way. Open it from the mail again, by clicking rather than by copying.", "mailbox"];
const unknown = ["That did not work", "Try again. If it stays, look at the functions’ last errors on the start page.", "again"];

const link = {
  read() {
    const fragment = decodeURIComponent(location.hash.slice(1)).replace(/^token=/, "");
    if (fragment) {
      // Out of the address, so that it is not left in the history or copied along.
      sessionStorage.setItem(kept, JSON.stringify({ token: fragment, key: crypto.randomUUID?.() ?? String(Math.random()) }));
      history.replaceState(null, "", location.pathname + location.search);
    }
    return JSON.parse(sessionStorage.getItem(kept) ?? "null");
  },
  keep: (value) => sessionStorage.setItem(kept, JSON.stringify(value)),
  forget: () => sessionStorage.removeItem(kept),
};

const button = (label, action, primary = false) => h("button", { type: "button", class: primary ? "primary" : "", onclick: action }, label);
const anchor = (label, href, primary = false) => h("a", { class: primary ? "button primary" : "button", href }, label);
const sign = (text, kind = "") => h("span", { class: `sign ${kind}`, "aria-hidden": "true" }, text);
const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));

function codeOf(answer) {
  if (answer.body.code) return answer.body.code;
  return answer.status === 401 ? "unauthorized" : "unknown";
}

function refuse(answer, invitation) {
  const code = codeOf(answer);
  const isBroken = ["not_found", "invalid", "malformed", "invitation_invalid"].includes(code);
  const [heading, text, offer] = refusals[code] ?? (isBroken ? broken : unknown);
  const actions = {
    mailbox: [anchor("Open the mailbox", "/mailbox", true)],
    "sign-in": [button("Sign in", () => leave("/signed-in").catch(fail), true)],
    other: [button("Sign in as somebody else", () => begin(invitation), true)],
    again: [button("Try again", () => location.reload(), true)],
  }[offer] ?? [];
  show(
    ticket, sign("!", "bad"), h("h1", {}, heading), h("p", { class: "lead" }, text),
    answer.retryAfter ? h("p", { class: "notice" }, `In ${answer.retryAfter} seconds it may work.`) : null,
    invitation?.offer?.email && offer === "other" ? h("p", { class: "notice" }, "The invitation is for ", bdi(invitation.offer.email), ".") : null,
    h("p", { class: "actions" }, ...actions, anchor("Start page", "/")),
    h("p", { class: "code" }, "The API said: ", h("code", {}, code), " ", bdi(answer.body.detail ?? "")),
  );
}

function fail(error) {
  show(
    ticket, sign("!", "bad"), h("h1", {}, "The sign-in did not work"), h("p", { class: "lead" }, bdi(error.message)),
    h("p", { class: "actions" }, button("Back to the invitation", () => location.reload(), true), anchor("Start page", "/")),
  );
}

function begin(invitation) {
  leave("/accept", { hint: invitation.offer?.email ?? "" }).catch(fail);
}

const day = (instant) => new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" }).format(new Date(instant));

function offerPage(invitation) {
  const { offer } = invitation;
  show(
    ticket,
    h("h1", {}, "Join ", bdi(offer.account_name || "this account")),
    h("p", { class: "lead" }, offer.inviter_name ? bdi(offer.inviter_name) : "An administrator", " invited you", offer.product_name ? " to use " : "", offer.product_name ? bdi(offer.product_name) : "", "."),
    h("dl", { class: "offer" },
      fact("For", bdi(offer.email)),
      offer.product_name ? fact("Product", bdi(offer.product_name)) : "",
      offer.vendor_name ? fact("From", bdi(offer.vendor_name)) : "",
      offer.expires_at ? fact("Good until", day(offer.expires_at)) : ""),
    h("p", { class: "actions" }, button("Sign in and accept", () => begin(invitation), true)),
    h("p", { class: "code" }, "You sign in at the issuer of the local stack, which asks for no password."),
  );
}

function welcome(accepted, offer) {
  link.forget();
  const { consoleURL } = settings();
  const who = accepted.user ?? {};
  show(
    ticket, sign("✓", "good"),
    h("h1", {}, "Welcome", who.first_name ? ", " : "", who.first_name ? bdi(who.first_name) : ""),
    h("p", { class: "lead" }, "You are now an active ", (who.role ?? "member").replaceAll("_", " "), " of ", bdi(offer?.account_name ?? accepted.account_id),
      accepted.licensed ? " and hold a license" : "", accepted.licensed && offer?.product_name ? " of " : "", accepted.licensed && offer?.product_name ? bdi(offer.product_name) : "", "."),
    accepted.licensed || !offer?.product_name ? null : h("p", { class: "notice" }, "No seat was free, so there is no license yet. The person who invited you has been told."),
    h("p", { class: "actions" }, consoleURL ? anchor("Open the console", consoleURL, true) : anchor("Start page", "/", true), button("See my token", () => leave("/signed-in", { hint: who.email, prompt: "" }).catch(fail))),
  );
}

async function main() {
  const invitation = link.read();
  if (!invitation) {
    show(ticket, h("h1", {}, "No invitation here"), h("p", { class: "lead" }, "This page opens from the link in an invitation’s mail."), h("p", { class: "actions" }, anchor("Open the mailbox", "/mailbox", true)));
    return;
  }
  if (!cameBack()) {
    const answer = await call("POST", "/v1/invitations/lookup", { body: { token: invitation.token } });
    if (!answer.ok) return refuse(answer, invitation);
    link.keep({ ...invitation, offer: answer.body });
    return offerPage({ ...invitation, offer: answer.body });
  }
  let tokens;
  try {
    tokens = await arrive();
  } catch (error) {
    return fail(error);
  }
  show(ticket, h("h1", {}, "Accepting"), h("p", { class: "lead" }, "You are signed in as ", bdi(tokens.identity.email), "."));
  // One key for this person and link: a reload after an answer that was lost has one effect.
  const key = `${invitation.key}-${tokens.identity.sub}`;
  const answer = await call("POST", "/v1/invitations/accept", { token: tokens.access_token, key, body: { token: invitation.token, id_token: tokens.id_token } });
  if (!answer.ok) return refuse(answer, invitation);
  return welcome(answer.body, invitation.offer);
}

main().catch(() => refuse({ status: 0, body: { code: "stack_unreachable", detail: "" } }));
addEventListener("hashchange", () => location.reload());
