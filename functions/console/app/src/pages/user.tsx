// One person of an account: who it is, which licenses they hold, and what happened to them.
import { useState } from "preact/hooks";

import { useAccount, useSubscriptions, type Here } from "../lib/account";
import { query, type Page, type Schema } from "../lib/api";
import { date, dateTime, personName, roleNames, statusNames, visible } from "../lib/format";
import { know, nameOf } from "../lib/people";
import { useQuery } from "../lib/query";
import { mayLicense } from "../lib/rights";
import { Link, queryValue } from "../lib/router";
import { allows, deedsOf, roleWords, running, untouchable, userPath, type Subscription, type User } from "../lib/users";
import { Card, Chip, Fact, Facts, PageHead, Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Empty, Loaded, NoPermission, Notice } from "../ui/notice";
import { Doer, Sentence, useNames } from "../ui/sentence";
import { AssignDialog } from "./assign-dialog";
import { MyLicenses } from "./my-licenses";
import { HandOver } from "./settings/transfer";
import { TakeDialog, useDeeds } from "./user-dialogs";
import { UserMenu } from "./user-menu";
import { statusTone } from "./users";

/** So many events stand on a person's page. */
const shown = 10;

export function UserPage({ id }: { id: string }) {
  const here = useAccount();
  const user = useQuery<User>(here.manages ? userPath(here, id) : null);
  if (!here.manages) return id === here.me.id ? <MyLicenses /> : <><PageHead title="User" back={<Back here={here} />} /><Card><NoPermission what="other users" /></Card></>;
  if (user.data) know(here.api, [user.data]);
  return user.data
    ? <Loaded query={user}>{(u) => <Known here={here} user={u} />}</Loaded>
    : <><PageHead title="User" back={<Back here={here} />} /><Card><Loaded query={user} what="this user" rows={5}>{() => null}</Loaded></Card></>;
}

const Back = ({ here }: { here: Here }) => <Link href={`${here.home}/users`}><Icon name="left" />Users</Link>;

function Known({ here, user: u }: { here: Here; user: User }) {
  const subscriptions = useSubscriptions().data?.items;
  const name = personName(u);
  const deeds = useDeeds(u);
  const can = deedsOf(here, u);
  return (
    <>
      <PageHead title={name} back={<Back here={here} />}
        lead={<span class="under-name">{!u.erased && <Typed>{u.email}</Typed>}<Chip tone={statusTone[u.status]}>{statusNames[u.status]}</Chip><span>{roleNames[u.role]}</span></span>}
        actions={<>{can.includes("edit") && <Button onClick={() => deeds.open("edit")}>Edit</Button>}<UserMenu user={u} subscriptions={subscriptions ?? []} here text="More" /></>} />
      <State here={here} user={u} subscriptions={subscriptions ?? []} />
      <div class="beside">
        <div class="stack">
          {u.status !== "removed" && <Licenses here={here} user={u} subscriptions={subscriptions} />}
          <Activity here={here} user={u} />
        </div>
        <div class="stack">
          <About here={here} user={u} />
          {u.status !== "removed" && <Role here={here} user={u} subscriptions={subscriptions ?? []} onChange={can.includes("role") ? () => deeds.open("role") : undefined} />}
        </div>
      </div>
      {deeds.dialog}
      {here.owner && queryValue("hand-over") && <HandOver />}
    </>
  );
}

/** What is unusual about a person's state, and what to do about it. */
function State({ here, user: u, subscriptions }: { here: Here; user: User; subscriptions: Subscription[] }) {
  const invitation = u.invitation;
  if (u.status === "invited" && invitation) {
    const product = subscriptions.find((s) => s.id === invitation.subscription_id)?.product_name;
    const lapsed = invitation.state === "expired";
    return (
      <Notice tone={lapsed ? "warn" : "info"} title={lapsed ? `The invitation expired on ${date(invitation.expires_at, here.zone)}` : `Invited on ${date(invitation.sent_at, here.zone)}, not accepted yet`}>
        {!lapsed && `The link is good until ${dateTime(invitation.expires_at, here.zone)}. `}
        {product && `It brings a license of ${visible(product)}${invitation.seat_reserved ? ", which is kept free until then" : ""}. `}
        <Link href={`${here.home}/users/invitations`}>Send it again or cancel it</Link>
      </Notice>
    );
  }
  if (u.erased) return <Notice title="The personal data was erased">Invoices and activity hold no names and stay as they are.</Notice>;
  if (u.status === "removed") return <Notice title="This user was removed">Access and licenses have ended. The email is free and can be invited again, as a new user.</Notice>;
  if (u.status === "deactivated") return <Notice tone="warn" title="This user is deactivated">There is no access and no license until somebody activates the user again.</Notice>;
  return null;
}

function About({ here, user: u }: { here: Here; user: User }) {
  return (
    <Card title="About">
      <Facts>
        {!u.erased && <Fact name="Email"><Typed>{u.email}</Typed></Fact>}
        <Fact name="Qualification">{u.qualification ? <Typed>{u.qualification}</Typed> : "–"}</Fact>
        <Fact name="Added">{date(u.added_at, here.zone)}</Fact>
        {!u.erased && <Fact name="Sign-in">{u.signed_in ? "Has signed in" : "Never signed in"}</Fact>}
      </Facts>
    </Card>
  );
}

function Role({ here, user: u, subscriptions, onChange }: { here: Here; user: User; subscriptions: Subscription[]; onChange?: () => void }) {
  const why = untouchable(here, u);
  return (
    <Card title="Role" actions={onChange && <Button small onClick={onChange}>Change role</Button>}>
      <div class="stack tight"><p><strong>{roleNames[u.role]}</strong></p><p>{roleWords(u.role, subscriptions)}</p></div>
      {why && <p class="soft small-text">{why}</p>}
    </Card>
  );
}

function Licenses({ here, user: u, subscriptions }: { here: Here; user: User; subscriptions: Subscription[] | undefined }) {
  const [giving, setGiving] = useState<Subscription | null>(null);
  const [taking, setTaking] = useState<Subscription | null>(null);
  const list = subscriptions?.filter((s) => s.status === "active" || u.licenses.some((l) => l.product_id === s.product_id));
  return (
    <Card title="Licenses">
      {list?.length === 0 && <p class="soft">This account has not subscribed to a product.</p>}
      <ul class="licenses-of">
        {list?.map((s) => <License key={s.id} here={here} user={u} of={s} onGive={() => setGiving(s)} onTake={() => setTaking(s)} />)}
      </ul>
      {giving && <AssignDialog users={[u]} subscription={giving.id} onClose={() => setGiving(null)} />}
      {taking && <TakeDialog user={u} subscription={taking} onClose={() => setTaking(null)} />}
    </Card>
  );
}

function License({ here, user: u, of: s, onGive, onTake }: { here: Here; user: User; of: Subscription; onGive: () => void; onTake: () => void }) {
  const license = u.licenses.find((l) => l.product_id === s.product_id), product = visible(s.product_name), name = personName(u);
  const everybody = s.billing === "active_users", may = mayLicense(here, s) && !everybody, has = license || (everybody && u.status === "active");
  const state = () => {
    if (everybody) return u.status === "active" ? "As every active user; the bill counts them." : "Only active users may use it.";
    if (license) return <>Since {date(license.since, here.zone)}{license.by && <>, given by <bdi>{nameOf(here.api, license.by)}</bdi></>}</>;
    if (u.status === "invited") return u.invitation?.subscription_id === s.id ? "Comes with the invitation when it is accepted." : "Can be given once the invitation is accepted.";
    return u.status === "active" ? "Not held" : "Can be given once the user is active again.";
  };
  return (
    <li>
      <div>
        <p class="license-name"><strong>{product}</strong>{has ? <Chip tone="good">{everybody ? "Entitled" : "Licensed"}</Chip> : <Chip>None</Chip>}</p>
        <p class="soft small-text">{state()}</p>
        {has && s.entitlements.length > 0 && <p class="small-text">May {allows(s.entitlements)}.</p>}
      </div>
      {may && license && <Button small aria-label={`Take ${name}’s license of ${product}`} onClick={onTake}>Take</Button>}
      {may && !license && u.status === "active" && running([s]).length > 0 && <Button small kind="primary" aria-label={`Give ${name} a license of ${product}`} onClick={onGive}>Give</Button>}
    </li>
  );
}

function Activity({ here, user: u }: { here: Here; user: User }) {
  const names = useNames();
  const events = useQuery<Page<Schema<"Event">>>(query(`${here.api}/events`, { user: u.id, limit: 100 }));
  const all = query(`${here.home}/activity`, { person: u.id });
  return (
    <Card title="Activity" actions={<Link href={all}>All activity</Link>}>
      <Loaded query={events} what="the activity" rows={4}>
        {({ items }) => items.length === 0
          ? <Empty icon="activity" title="Nothing happened lately">Older entries are in <Link href={all}>all activity</Link>.</Empty>
          : (
            <ol class="happened">
              {items.slice(0, shown).map((e) => <li key={e.id}><p><Sentence of={e} names={names} /></p><p class="soft small-text"><time dateTime={e.at}>{dateTime(e.at, here.zone)}</time><Doer of={e} before=" · " /></p></li>)}
            </ol>
          )}
      </Loaded>
    </Card>
  );
}
