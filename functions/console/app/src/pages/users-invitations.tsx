// Invitations that were not accepted yet: open ones, and those that expired.
import { useState } from "preact/hooks";

import { useAccount, useSubscriptions, type Here } from "../lib/account";
import { path, type Page, type Schema } from "../lib/api";
import { date, dateTime, personName, relative, roleNames, visible } from "../lib/format";
import { nameOf } from "../lib/people";
import { invalidate, usePages } from "../lib/query";
import { Link } from "../lib/router";
import { billOfLess, userPage } from "../lib/users";
import { write } from "../lib/write";
import { Card, Chip, PageHead, Person, Typed } from "../ui/bits";
import { ButtonLink } from "../ui/button";
import { FormDialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Menu } from "../ui/menu";
import { Empty, NoPermission } from "../ui/notice";
import { TableList } from "../ui/table";

type Invitation = Schema<"Invitation">;
type Subscription = Schema<"Subscription">;

/** So long before its end an invitation is marked, in milliseconds: time to send it again before it lapses. */
const soon = 48 * 3_600_000;

type Asked = { what: "resend" | "cancel"; of: Invitation } | null;

export function InvitationsPage() {
  const here = useAccount();
  const list = usePages<Page<Invitation>>(`${here.api}/invitations`);
  const subscriptions = useSubscriptions().data?.items ?? [];
  const of = (i: Invitation) => subscriptions.find((s) => s.id === i.subscription_id);
  const [asked, setAsked] = useState<Asked>(null);
  const add = <ButtonLink kind="primary" icon="plus" href={`${here.home}/users/add`}>Add users</ButtonLink>;
  const head = <PageHead title="Open invitations" back={<Link href={`${here.home}/users`}><Icon name="left" />Users</Link>} actions={here.manages && add} />;
  if (!here.manages) return <>{head}<NoPermission what="the invitations of this account" /></>;
  return (
    <>
      {head}
      <Card plain>
        <TableList list={list} what="the invitations of this account" caption={`Open and expired invitations of ${visible(here.account.name)}`} class="invitations" keyOf={(i) => i.id}
          empty={<Empty icon="mail" title="No invitation is open">Everybody who was invited has accepted, or nobody was invited yet.</Empty>}
          columns={[
            { name: "Who", cell: (i) => <Link href={userPage(here, i.user_id)}><Person name={personName(i)} below={<Typed>{i.email}</Typed>} /></Link> },
            { name: "Role", cell: (i) => roleNames[i.role] },
            { name: "License", cell: (i) => <span><License of={i} subscription={of(i)} /></span> },
            { name: "Sent", cell: (i) => <span>{date(i.sent_at, here.zone)}<span class="under soft">by {nameOf(here.api, i.inviter_id)}</span></span> },
            { name: "Mail", cell: (i) => <span><MailState of={i} here={here} /></span> },
            { name: "Expires", cell: (i) => <span><Expiry of={i} here={here} /></span> },
            { name: "What to do", hidden: true, class: "row-actions", cell: (i) => here.mayChange(i.role) && <Menu label={`What to do with the invitation of ${personName(i)}`} actions={[
              { label: "Send again", icon: "mail", run: () => setAsked({ what: "resend", of: i }) },
              { label: "Cancel invitation", icon: "close", danger: true, run: () => setAsked({ what: "cancel", of: i }) },
            ]} /> },
          ]} />
      </Card>
      {asked?.what === "resend" && <Resend here={here} of={asked.of} subscription={of(asked.of)} onClose={() => setAsked(null)} />}
      {asked?.what === "cancel" && <Cancel here={here} of={asked.of} subscription={of(asked.of)} onClose={() => setAsked(null)} />}
    </>
  );
}

const hasExpired = (i: Invitation, here: Here) => i.state === "expired" || new Date(i.expires_at) <= here.now;

function License({ of: i, subscription: s }: { of: Invitation; subscription: Subscription | undefined }) {
  if (!i.subscription_id) return <span class="soft">Without</span>;
  const product = visible(s?.product_name ?? "A product");
  const seat = i.seat_reserved ? "A seat is kept" : s?.billing === "active_users" ? "Counts once accepted" : "No seat is kept";
  return <>{product}<span class="under soft">{seat}</span></>;
}

const mailWords = {
  pending: { tone: "info", text: "On its way", why: "The mail service has not taken it yet. The link is good already." },
  sent: { tone: "good", text: "Sent", why: "" },
  refused: { tone: "bad", text: "Not delivered", why: "The mail service refuses this address. Cancel it and invite the right one." },
  off: { tone: "neutral", text: "Mails are off", why: "The account’s settings send no invitations by mail." },
} as const;

function MailState({ of: i, here }: { of: Invitation; here: Here }) {
  if (!i.mail) return <span class="soft">–</span>;
  const { tone, text, why } = mailWords[i.mail.status];
  const more = i.mail.reason ? visible(i.mail.reason) : why;
  return <><Chip tone={tone}>{text}</Chip>{more && <span class="under soft">{more}{i.mail.status === "off" && <> <Link href={`${here.home}/settings`}>Settings</Link></>}</span>}</>;
}

function Expiry({ of: i, here }: { of: Invitation; here: Here }) {
  const left = new Date(i.expires_at).getTime() - here.now.getTime();
  if (hasExpired(i, here)) return <><Chip tone="bad">Expired</Chip><span class="under soft">{dateTime(i.expires_at, here.zone)}</span></>;
  return <>{dateTime(i.expires_at, here.zone)}<span class="under">{left < soon ? <Chip tone="warn">{relative(i.expires_at, here.now)}</Chip> : <span class="soft">{relative(i.expires_at, here.now)}</span>}</span></>;
}

interface DialogProps {
  here: Here;
  of: Invitation;
  subscription: Subscription | undefined;
  onClose: () => void;
}

const after = (here: Here) => invalidate(`${here.api}/invitations`, `${here.api}/users`, `${here.api}/subscriptions`);

function Resend({ here, of: i, subscription: s, onClose }: DialogProps) {
  const name = personName(i);
  const product = visible(s?.product_name ?? "the product");
  const lost = !!s && s.billing === "seats" && s.rules.invitation_reserves_seat && !i.seat_reserved;
  const send = async () => {
    await write("POST", here.api + path`/invitations/${i.id}/resend`);
    await after(here);
    return `The invitation of ${name} was sent again`;
  };
  return (
    <FormDialog title={`Send the invitation of ${name} again?`} submit="Send again" send={send} onClose={onClose}>
      <ul class="points">
        <li><Typed>{i.email}</Typed> gets a new mail with a new link, good for seven days from now.</li>
        <li>The link of the mail before stops working.</li>
        {lost && <li>A seat of {product} is kept for it again; {s.available > 0 ? "one is free" : "none is free now, so it would be refused: free or buy one first"}.</li>}
        {i.seat_reserved && <li>The seat of {product} stays kept.</li>}
        <li>Nothing is due now.</li>
      </ul>
    </FormDialog>
  );
}

function Cancel({ here, of: i, subscription: s, onClose }: DialogProps) {
  const name = personName(i);
  const send = async () => {
    await write("DELETE", here.api + path`/invitations/${i.id}`);
    await after(here);
    return `The invitation of ${name} was cancelled`;
  };
  return (
    <FormDialog title={`Cancel the invitation of ${name}?`} submit="Cancel invitation" dismiss="Keep it" danger send={send} onClose={onClose}>
      <ul class="points">
        <li>{hasExpired(i, here) ? "The link has expired already." : "The link in the mail stops working at once."} {name} has no access.</li>
        <li>{i.seat_reserved && s ? billOfLess(s, here, name) : "No seat was kept for it; the bill stays as it is."}</li>
        <li><Typed>{i.email}</Typed> can be invited again later.</li>
      </ul>
    </FormDialog>
  );
}
