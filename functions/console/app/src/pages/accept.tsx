// From the link in an invitation's mail to the account: what is offered, the sign-in, the
// acceptance, and for each way in which it can fail a page that says what to do next.
import { useEffect, useState } from "preact/hooks";

import { path, Problem, problemOf, type Schema } from "../lib/api";
import { dateTime, roleNames, visible } from "../lib/format";
import { accept, allowed, forgetInvitation, invitation, lookUp, note, type Accepted, type Offer } from "../lib/invitation";
import { invalidate } from "../lib/query";
import { go } from "../lib/router";
import { identity, signIn } from "../lib/session";
import { Chip, Fact, Facts, Typed } from "../ui/bits";
import { Button, ButtonLink } from "../ui/button";
import { Front } from "../ui/front";
import { Skeleton } from "../ui/notice";
import { Refused } from "./accept-refused";

type Step =
  | { at: "waiting"; text: string }
  | { at: "nothing" }
  | { at: "offer"; offer: Offer }
  | { at: "refused"; problem: Problem; offer?: Offer }
  | { at: "welcome"; done: Accepted; offer?: Offer; may: Schema<"EntitlementCheck"> | null };

export function AcceptPage() {
  const [step, setStep] = useState<Step>({ at: "waiting", text: "The invitation is looked up" });

  const begin = async (now = false) => {
    const kept = invitation();
    if (!kept) return setStep({ at: "nothing" });
    const accepting = (now || kept.accepting) && identity.peek();
    setStep({ at: "waiting", text: accepting ? "One moment, you are joining" : "The invitation is looked up" });
    try {
      if (!accepting) return setStep({ at: "offer", offer: await lookUp(kept) });
      note({ accepting: true });
      const done = await accept(kept);
      forgetInvitation();
      await invalidate("/v1/me");
      return setStep({ at: "welcome", done, offer: kept.offer, may: await allowed(done) });
    } catch (reason) {
      const problem = problemOf(reason);
      // Where no answer came, or a sign-in has to be renewed, the same acceptance goes on.
      if (!problem.again && problem.status !== 401) note({ accepting: false });
      return setStep({ at: "refused", problem, offer: kept.offer });
    }
  };
  useEffect(() => {
    const again = () => void begin();
    again();
    addEventListener("hashchange", again); // another link in the same tab
    return () => removeEventListener("hashchange", again);
  }, []);

  const leave = (offer?: Offer) => {
    note({ accepting: true });
    signIn("/accept", { hint: offer?.email, again: true }).catch((reason: unknown) => {
      note({ accepting: false });
      setStep({ at: "refused", problem: new Problem(0, "sign_in_away", String(reason)), offer });
    });
  };

  switch (step.at) {
    case "waiting":
      return <Front title={step.text}><Skeleton rows={3} /></Front>;
    case "nothing":
      return (
        <Front title="No invitation is here" tone="info" lead={<p>This page opens from the link in an invitation’s mail.</p>}
          actions={<ButtonLink kind="primary" href="/">{identity.value ? "To your accounts" : "Sign in"}</ButtonLink>} />
      );
    case "offer":
      return <OfferPage offer={step.offer} onAccept={() => void begin(true)} onSignIn={() => leave(step.offer)} />;
    case "refused":
      return <Refused problem={step.problem} offer={step.offer} onAgain={() => void begin()} onSignIn={() => leave(step.offer)} />;
    case "welcome":
      return <Joined {...step} />;
  }
}

function OfferPage({ offer, onAccept, onSignIn }: { offer: Offer; onAccept: () => void; onSignIn: () => void }) {
  const who = identity.value?.email;
  const same = who?.toLowerCase() === offer.email;
  const account = visible(offer.account_name);
  return (
    <Front title={`Join ${account}`} tone="info"
      lead={<p>{offer.inviter_name ? <Typed>{offer.inviter_name}</Typed> : "An administrator"} invites you{offer.product_name ? <> to use <Typed>{offer.product_name}</Typed></> : ""}.</p>}
      actions={same
        ? <><Button kind="primary" onClick={onAccept}>Accept the invitation</Button><Button kind="quiet" onClick={onSignIn}>Sign in again</Button></>
        : <Button kind="primary" onClick={onSignIn}>Sign in and accept</Button>}>
      <Facts>
        <Fact name="For"><Typed>{offer.email}</Typed></Fact>
        {offer.product_name && <Fact name="Product"><Typed>{offer.product_name}</Typed></Fact>}
        {offer.vendor_name && <Fact name="From"><Typed>{offer.vendor_name}</Typed></Fact>}
        <Fact name="Good until">{dateTime(offer.expires_at)}</Fact>
      </Facts>
      <p class="soft">
        {same ? <>You are signed in as <Typed>{who ?? ""}</Typed>, to whom it was sent.</>
          : who ? <>You are signed in as <Typed>{who}</Typed>. The invitation was sent to another address: sign in with that one.</>
          : "You sign in with this address, as for the product itself."}
      </p>
    </Front>
  );
}

function Joined({ done, offer, may }: { done: Accepted; offer?: Offer; may: Schema<"EntitlementCheck"> | null }) {
  const product = visible(offer?.product_name ?? may?.product_id ?? "");
  const holds = done.licensed || !!may?.entitled;
  const manages = done.user.role !== "member";
  return (
    <Front title={`Welcome, ${visible(done.user.first_name)}`} tone="good"
      lead={<p>You are now in {offer ? <Typed>{offer.account_name}</Typed> : "the account"}.</p>}
      actions={<Button kind="primary" onClick={() => go(path`/accounts/${done.account_id}` + "/users", { replace: true })}>{manages ? "Open the console" : "See my licenses"}</Button>}>
      <Facts>
        <Fact name="You are">{roleNames[done.user.role]}</Fact>
        <Fact name="Your license">{holds ? <Chip tone="good">{product || "Yes"}</Chip> : "None yet"}</Fact>
      </Facts>
      {holds && !!may?.entitlements.length && <div><p class="group-label">What you may do now</p><ul class="points">{may.entitlements.map((e) => <li key={e.id}><Typed>{e.name}</Typed></li>)}</ul></div>}
      {!holds && done.user.invitation?.subscription_id && <p>No seat was free, so there is no license yet. Whoever invited you has been told.</p>}
      {!holds && !done.user.invitation?.subscription_id && <p>The invitation came without a license. Ask an admin of the account when you need one.</p>}
    </Front>
  );
}
