// Why an invitation cannot be accepted, and what to do next: a page for each reason.
import type { ComponentChildren } from "preact";

import { type Problem } from "../lib/api";
import { visible } from "../lib/format";
import type { Offer } from "../lib/invitation";
import { identity } from "../lib/session";
import { Typed } from "../ui/bits";
import { Button, ButtonLink } from "../ui/button";
import { Front } from "../ui/front";

interface Advice {
  title: string;
  text: ComponentChildren;
  /** What the button does: look again, sign in as the invited person, or go to the accounts. */
  next?: "again" | "as-invited" | "accounts";
}

function advice(problem: Problem, offer?: Offer): Advice {
  const inviter = offer?.inviter_name ? visible(offer.inviter_name) : "the person who invited you";
  const who = identity.value?.email ?? "";
  switch (problem.code) {
    case "invitation_expired":
      return { title: "This invitation has expired", text: <>A link is good for seven days. Ask {inviter} to send it again.</> };
    case "invitation_superseded":
      return { title: "There is a newer invitation", text: "Only its newest link works: open the one in the latest mail." };
    case "invitation_used":
      return { title: "This invitation was accepted already", text: "A link works once. If it was not you who accepted, tell the administrators of the account at once.", next: "accounts" };
    case "invitation_cancelled":
      return { title: "This invitation was withdrawn", text: <>An administrator cancelled it. If that was a mistake, ask {inviter} for a new one.</> };
    case "email_mismatch":
      return {
        title: "This invitation is for somebody else", next: "as-invited",
        text: <>You are signed in as <Typed>{who}</Typed>{offer ? <>, but it was sent to <Typed>{offer.email}</Typed></> : ""}. Sign in with the address that was invited. If this page comes again, that address is not verified yet: verify it at the sign-in service.</>,
      };
    case "forbidden":
      return { title: "The vendor’s staff cannot join", text: <>You are signed in as <Typed>{who}</Typed>, who is of the vendor’s staff. Sign in as the person who was invited.</>, next: "as-invited" };
    case "account_parked":
      return { title: "This account is on hold", text: "The vendor is looking into its billing. Your invitation stays open: try again later.", next: "again" };
    case "too_many_requests":
      return { title: "That was a little too often", text: `Many links were opened from your network. Wait ${problem.retryAfterSeconds > 1 ? `${problem.retryAfterSeconds} seconds` : "a minute"} and try again; the invitation is untouched.`, next: "again" };
    case "state_conflict":
      return { title: "You are in this account already", text: "You joined it under another address and do not need this invitation.", next: "accounts" };
    case "not_found":
    case "invalid":
      return { title: "This link is not whole", text: "A part of it was lost on the way. Open it from the mail again, or copy all of it." };
    case "unauthorized":
      return { title: "Your sign-in has ended", text: "Sign in again; then the invitation is accepted.", next: "as-invited" };
    case "sign_in_away":
      return { title: "The sign-in service does not answer", text: "Nothing is lost: the invitation stays open. Try again in a moment.", next: "again" };
  }
  if (problem.status === 0) {
    return navigator.onLine
      ? { title: "The server does not answer", text: "Nothing is lost, and trying again accepts at most once.", next: "again" }
      : { title: "You are offline", text: "Nothing is lost, and trying again accepts at most once.", next: "again" };
  }
  return { title: "That did not work", text: <>{problem.message}{problem.requestID && <> If it stays, tell support this number: <code>{problem.requestID}</code></>}</>, next: "again" };
}

export function Refused({ problem, offer, onAgain, onSignIn }: { problem: Problem; offer?: Offer; onAgain: () => void; onSignIn: () => void }) {
  const { title, text, next } = advice(problem, offer);
  const home = identity.value ? "To your accounts" : "Sign in";
  return (
    <Front title={title} tone="bad" lead={<p>{text}</p>}
      actions={<>
        {next === "again" && <Button kind="primary" onClick={onAgain}>Try again</Button>}
        {next === "as-invited" && <Button kind="primary" onClick={onSignIn}>{offer ? "Sign in as the invited person" : "Sign in as somebody else"}</Button>}
        <ButtonLink kind={next === "accounts" ? "primary" : "quiet"} href="/">{home}</ButtonLink>
      </>} />
  );
}
