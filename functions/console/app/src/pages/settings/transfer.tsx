// Who the primary contact is, and handing that over.
import { useState } from "preact/hooks";

import { useAccount } from "../../lib/account";
import { path, Problem, type Schema } from "../../lib/api";
import { personName, visible } from "../../lib/format";
import { forgetAll, useQuery } from "../../lib/query";
import { go, here as place, Link, queryValue, setQuery } from "../../lib/router";
import { farewell, forget, identity, signIn } from "../../lib/session";
import { useWrite, write } from "../../lib/write";
import { Card, Person } from "../../ui/bits";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { Loaded, Notice } from "../../ui/notice";
import { PersonPicker } from "../../ui/person-picker";

type User = Schema<"User">;

/** Why somebody cannot become the primary contact. */
function unfit(u: User): string {
  if (u.role === "owner") return "Is the primary contact";
  return u.signed_in ? "" : "Has never signed in: let them sign in once";
}

export function PrimaryContact() {
  const here = useAccount();
  const owner = useQuery<User>(path`/v1/accounts/${here.account.id}/users/${here.account.owner_id}`);
  // The dialog is in the address, so that a sign-in in between leads back into it.
  const open = queryValue("hand-over") !== "";
  return (
    <Card title="Primary contact" actions={here.owner && <Button onClick={() => setQuery({ "hand-over": "choose" })}>Hand over…</Button>}>
      <Loaded query={owner} what="the primary contact" rows={1}>
        {(u) => <Link href={`${here.home}/users/${u.id}`} class="plain-link"><Person name={personName(u)} below={visible(u.email)} /></Link>}
      </Loaded>
      <p class="soft">The primary contact may do everything in this account, is whom the vendor turns to, and gets the invoices where there is no billing contact.{!here.owner && " Only the primary contact can hand this over."}</p>
      {open && here.owner && <HandOver />}
    </Card>
  );
}

/** Hands over to whom the address names, if anybody. It stands on whichever page the address is of. */
export function HandOver() {
  const here = useAccount();
  const chosen = queryValue("hand-over");
  const [id, setID] = useState(chosen.startsWith("usr_") ? chosen : "");
  const next = useQuery<User>(id ? path`/v1/accounts/${here.account.id}/users/${id}` : null);
  const work = useWrite();
  const close = () => setQuery({ "hand-over": "" });
  const choose = (user: string) => {
    setID(user);
    setQuery({ "hand-over": user || "choose" });
    work.problem.value = null;
    setAgain(false);
  };
  const person = id ? next.data : undefined;
  const name = person ? personName(person) : "";
  const problem = person && (person.status !== "active" ? "Is not active: activate them first." : unfit(person));
  const [again, setAgain] = useState(false);
  const send = async () => {
    try {
      await write("PUT", `${here.api}/owner`, { user_id: id });
    } catch (reason) {
      if (!(reason instanceof Problem) || reason.code !== "sign_in_again") throw reason;
      setAgain(true);
      return;
    }
    // From now on the server refuses this sign-in.
    forget();
    forgetAll();
    farewell.value = `${name} is the primary contact of ${visible(here.account.name)} now. Both of you were signed out. You are an admin: sign in again to go on.`;
    go("/", { replace: true });
  };
  return (
    <FormDialog title="Hand over as primary contact" submit={name ? `Make ${name} the primary contact` : "Hand over"} danger write={work} disabled={!person || !!problem || again} send={send} onClose={close}>
      <PersonPicker label="New primary contact" value={id} onValue={choose} filter={{ status: "active" }} unfit={unfit} error={problem || undefined} hint="An active user who has signed in before." placeholder="Name or email" />
      {person && !problem && (
        <ul class="points">
          <li><strong><bdi>{name}</bdi></strong> becomes the primary contact: may do everything in this account, money included, and is whom the vendor turns to.</li>
          <li>You become an admin. You keep your licenses, and no longer decide what the account spends, unless the plan lets admins.</li>
          <li>Both of you are signed out at once, on all devices.</li>
          <li>{here.account.billing_contact ? <>Invoices go on to <bdi>{visible(here.account.billing_contact)}</bdi>.</> : <>Invoices go to <bdi>{visible(person.email)}</bdi> from now on, since there is no billing contact.</>} The bill does not change.</li>
          <li>Only <bdi>{name}</bdi> can undo it, by handing over to you.</li>
        </ul>
      )}
      {again && (
        <Notice tone="warn" title="Sign in again first" actions={<Button kind="primary" onClick={() => void signIn(place.peek().path + place.peek().query, { hint: identity.peek()?.email, again: true })}>Sign in again</Button>}>
          Handing over needs a sign-in of the last five minutes. You come back here.
        </Notice>
      )}
    </FormDialog>
  );
}
