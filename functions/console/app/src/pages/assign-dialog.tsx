// Giving licenses, to one person or to many: in portions, with a result for everybody, and
// with the price first where seats have to be bought.
import { useSignal } from "../lib/signal";
import { useEffect } from "preact/hooks";

import { useAccount, useSubscriptions } from "../lib/account";
import { Problem, type Schema } from "../lib/api";
import { count, personName, plural, visible } from "../lib/format";
import { outdated, priceMoved } from "../lib/quoting";
import { mayLicense, maySpend } from "../lib/rights";
import { Link } from "../lib/router";
import { allows, heldBy, listed, peopleChanged, pools, running, userPage, type Subscription, type User } from "../lib/users";
import { useWrite, write } from "../lib/write";
import { Agreement } from "../ui/agreement";
import { Chip, Progress } from "../ui/bits";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Select } from "../ui/field";
import { QuoteView } from "../ui/money";
import { Empty, Notice, ProblemNotice, say } from "../ui/notice";
import { Table } from "../ui/table";
import { nothingDue } from "./licenses/why";
import { Effects } from "./user-dialogs";

/** How many users the API takes at once. */
const portion = 100;

interface Outcome {
  user: User;
  status: Schema<"AssignResult">["status"];
  why: string;
}

interface Props {
  users: User[];
  /** The subscription to begin with; the first that fits where it is not given. */
  subscription?: string;
  /** Refused are who got no license; done: whether anything was tried. */
  onClose: (refused: User[], done: boolean) => void;
}

/** The work of giving licenses: it stops where a price has to be agreed to or something fails, and goes on from there. */
function useAssigning(users: User[]) {
  const here = useAccount();
  const w = useWrite();
  const outcomes = useSignal<Outcome[]>([]);
  const quote = useSignal<Schema<"Quote"> | null>(null);
  const note = useSignal("");
  const finished = useSignal(false);

  const part = async (s: Subscription, batch: User[], body: object) =>
    write<Schema<"AssignResults">>("POST", `${here.api}/subscriptions/${encodeURIComponent(s.id)}/licenses`, { user_ids: batch.map((u) => u.id), ...body });

  /** Gives the next portion its licenses. False: a price waits for an answer. */
  const next = async (s: Subscription, agreed: boolean): Promise<boolean> => {
    const batch = users.slice(outcomes.value.length, outcomes.value.length + portion);
    if (!quote.value && s.rules.auto_seats) {
      quote.value = (await part(s, batch, { dry_run: true })).quote ?? null;
      if (quote.value) return false;
    }
    try {
      const answer = await part(s, batch, quote.value ? { quote_id: quote.value.quote_id, agreement_accepted: agreed } : {});
      outcomes.value = [...outcomes.value, ...batch.map((user, i): Outcome => {
        const r = answer.results[i];
        return { user, status: r?.status ?? "refused", why: r?.error?.detail ?? "" };
      })];
    } catch (reason) {
      if (!outdated(reason) && !(reason instanceof Problem && reason.code === "quote_required")) throw reason;
      note.value = priceMoved;
      quote.value = null;
      return next(s, agreed);
    }
    quote.value = null;
    note.value = "";
    return true;
  };

  const run = (s: Subscription, agreed: boolean) => w.run(async () => {
    while (outcomes.value.length < users.length) {
      if (!(await next(s, agreed))) return;
    }
    await peopleChanged(here);
    finished.value = true;
  });
  return { w, outcomes, quote, note, finished, run };
}

export function AssignDialog({ users, subscription, onClose }: Props) {
  const here = useAccount();
  const all = useSubscriptions().data?.items;
  const open = pools(all).filter((s) => mayLicense(here, s));
  const chosen = useSignal(subscription ?? "");
  const agreed = useSignal(false), missing = useSignal(false);
  const a = useAssigning(users);
  const sub = open.find((s) => s.id === chosen.value) ?? open[0];
  const [first] = users;
  const single = users.length === 1 && first ? personName(first) : "";
  const refused = () => a.outcomes.value.filter((o) => o.status === "refused").map((o) => o.user);
  const close = () => {
    if (a.outcomes.value.length && !a.finished.value) void peopleChanged(here);
    onClose(refused(), a.outcomes.value.length > 0);
  };
  // One license that was given needs no table.
  useEffect(() => {
    if (!a.finished.value || !single || refused().length) return;
    say(`${single} holds a license of ${visible(sub?.product_name ?? "")}`);
    close();
  }, [a.finished.value]);

  const title = single ? `Give ${single} a license` : `Assign licenses to ${count(users.length)} users`;
  if (!sub) return <Dialog title={title} onClose={close}><Nothing all={all ?? []} /><footer><Button kind="primary" onClick={close}>Close</Button></footer></Dialog>;
  if (a.finished.value) return <Results outcomes={a.outcomes.value} product={visible(sub.product_name)} onClose={close} />;

  const need = users.filter((u) => u.status === "active" && !u.licenses.some((l) => l.product_id === sub.product_id)).length;
  const lacking = Math.max(0, need - Math.max(0, sub.available));
  const confirm = () => {
    if (a.quote.value && sub.agreement_url && !agreed.value) return void (missing.value = true);
    void a.run(sub, agreed.value);
  };
  const gets = sub.rules.auto_seats && maySpend(here, sub) ? need : need - lacking;
  const begun = a.outcomes.value.length > 0;
  const label = a.w.problem.value?.status === 0 ? "Send again" : a.quote.value ? "Buy and assign" : begun ? "Go on" : sub.rules.auto_seats && lacking && gets === need ? "See the price" : single ? `Give ${single} a license` : `Assign ${plural(gets, "license")}`;
  return (
    <Dialog title={title} onClose={close} busy={a.w.busy.value} wide={!!a.quote.value}>
      <form onSubmit={(e) => { e.preventDefault(); confirm(); }}>
        <div class="dialog-body">
          {open.length > 1 && !begun && !a.quote.value
            ? <Select label="Product" value={sub.id} onValue={(v) => (chosen.value = v)} disabled={a.w.busy.value} options={open.map((s) => ({ value: s.id, label: `${visible(s.product_name)} (${count(Math.max(0, s.available))} free)` }))} />
            : <p><strong>{visible(sub.product_name)}</strong> <span class="soft">· {count(sub.in_use)} of {count(sub.seats)} licenses in use, {count(Math.max(0, sub.available))} free</span></p>}
          {(begun || a.w.busy.value) && !single && <Progress label="Done" done={a.outcomes.value.length} of={users.length} />}
          {a.quote.value
            ? (
              <>
                <div aria-live="polite">{a.note.value && <Notice tone="warn" title={a.note.value} />}</div>
                {users.length > portion && <p>Licenses are bought for {count(portion)} people at a time: this is the price for people {count(a.outcomes.value.length + 1)} to {count(Math.min(users.length, a.outcomes.value.length + portion))}.</p>}
                <QuoteView quote={a.quote.value} zone={here.zone} prices={{ [sub.plan_id]: sub.price }} why={nothingDue(sub, a.quote.value)} />
                <p>Licenses that nobody uses go when the cycle ends, and are then no longer billed.</p>
                {sub.agreement_url && <Agreement url={sub.agreement_url} agreed={agreed.value} onAgreed={(on) => (agreed.value = on)} missing={missing.value} />}
              </>
            )
            : !begun && <What sub={sub} users={users} need={need} gets={gets} lacking={lacking} single={single} />}
          {a.finished.value || <ProblemNotice problem={a.w.problem.value} />}
        </div>
        <footer>
          <Button onClick={close} disabled={a.w.busy.value}>{begun ? "Stop here" : "Cancel"}</Button>
          <Button type="submit" kind="primary" busy={a.w.busy.value} disabled={!begun && (gets === 0 || (sub.rules.auto_seats && gets < need))}>{label}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What giving the licenses does, and to whom it does nothing. */
function What({ sub, users, need, gets, lacking, single }: { sub: Subscription; users: User[]; need: number; gets: number; lacking: number; single: string }) {
  const here = useAccount();
  const holding = users.filter((u) => u.licenses.some((l) => l.product_id === sub.product_id)).length;
  const others = users.length - need - holding;
  const bill = () => {
    if (!lacking) return need ? "Nothing is due now: free licenses are used." : "Nothing changes.";
    if (sub.rules.auto_seats && gets < need) return `${plural(lacking, "license is", "licenses are")} missing, and your role may not buy them. Select fewer people, or ask the primary contact or a billing admin.`;
    if (sub.rules.auto_seats) return `${plural(lacking, "license is", "licenses are")} missing and ${lacking === 1 ? "is" : "are"} bought with it. You see the price first.`;
    return (
      <>
        Nothing changes. {sub.available > 0 ? `Only ${plural(sub.available, "license is", "licenses are")} free: whoever was selected first gets ${sub.available === 1 ? "it" : "them"}.` : "No license is free."}{" "}
        <Link href={`${here.home}/licenses/${encodeURIComponent(sub.id)}`}>Buy more or take some back</Link>
      </>
    );
  };
  const who = single || (gets === users.length ? `${count(gets)} users` : `${count(gets)} of ${count(users.length)} users`);
  return (
    <>
      <Effects access={<>{gets ? <>From now on {who} may {allows(sub.entitlements) || `use ${visible(sub.product_name)}`}{here.account.mails_off.includes("license_given") ? "." : `, and ${gets === 1 ? "is" : "are"} told by mail.`}</> : "Nothing changes."}</>} bill={bill()} />
      {holding > 0 && <p class="soft">{single ? `${single} holds` : `${count(holding)} of them ${holding === 1 ? "holds" : "hold"}`} a license already.</p>}
      {others > 0 && <p class="soft">{single ? `${single} is` : `${count(others)} of them ${others === 1 ? "is" : "are"}`} not active: invited people get a license with the invitation, deactivated ones have to be activated first.</p>}
    </>
  );
}

function Nothing({ all }: { all: Subscription[] }) {
  const everybody = running(all).filter((s) => s.billing === "active_users");
  return (
    <Empty icon="seat" title={everybody.length ? "Nothing has to be given" : "You cannot give licenses"}>
      {everybody.length ? `Every active user may use ${listed(everybody.map((s) => visible(s.product_name)))}.` : "Ask the primary contact or an admin."}
    </Empty>
  );
}

const words = { assigned: ["Assigned", "good"], already_assigned: ["Held already", "neutral"], refused: ["Refused", "bad"] } as const;

function Results({ outcomes, product, onClose }: { outcomes: Outcome[]; product: string; onClose: () => void }) {
  const here = useAccount();
  const n = (status: Outcome["status"]) => outcomes.filter((o) => o.status === status).length;
  const refused = n("refused"), held = n("already_assigned");
  const order = ["refused", "assigned", "already_assigned"];
  const sorted = outcomes.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  return (
    <Dialog title={`${plural(n("assigned"), "license")} of ${product} assigned`} onClose={onClose} wide>
      <div class="dialog-body">
        <p role="status">
          {plural(n("assigned"), "user")} got a license{held > 0 && `, ${count(held)} held one already`}{refused > 0 && `, ${count(refused)} got none`}.
          {refused > 0 && " Who got none stays selected."}
        </p>
        <Table caption="What became of everybody" rows={sorted} keyOf={(o) => o.user.id} columns={[
          { name: "Person", cell: (o) => <Link href={userPage(here, o.user.id)}><bdi>{personName(o.user)}</bdi></Link> },
          { name: "Result", cell: (o) => <Chip tone={words[o.status][1]}>{words[o.status][0]}</Chip> },
          { name: "Why", class: "small-text", cell: (o) => o.why || <span class="soft">–</span> },
        ]} />
      </div>
      <footer><Button kind="primary" autofocus onClick={onClose}>Done</Button></footer>
    </Dialog>
  );
}

/** Whether there is a pool whose licenses the reader may give. */
export const canAssign = (subscriptions: Subscription[], may: (s: Subscription) => boolean) => pools(subscriptions).some(may);

/** Licenses that the reader may take from a user, with their subscriptions. */
export const takable = (u: User, subscriptions: Subscription[], may: (s: Subscription) => boolean) =>
  heldBy(u, subscriptions).flatMap((h) => subscriptions.filter((s) => h.license && s.product_id === h.product && s.billing === "seats" && may(s)));
