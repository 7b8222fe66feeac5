// Adding people: a list typed row by row, pasted from a spreadsheet or read from a file,
// with its mistakes at their cells and its cost before it is sent. The list is a draft that
// survives a reload and a network that drops.
import { useSignal } from "../lib/signal";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { useAccount, useSubscriptions, type Here } from "../lib/account";
import { useDraft } from "../lib/draft";
import { count, plural, roleNames, visible } from "../lib/format";
import { Link } from "../lib/router";
import { useWrite } from "../lib/write";
import { Card, PageHead, Pager, Progress } from "../ui/bits";
import { Button, ButtonLink } from "../ui/button";
import { Icon } from "../ui/icon";
import { Loaded, NoPermission, Notice, ProblemNotice, say } from "../ui/notice";
import { Cost } from "./adding/cost";
import { Grid } from "./adding/grid";
import { Help, HowToAdd, Sources } from "./adding/head";
import { useDeeds } from "./adding/deeds";
import { refreshAfter, sendAll, sendBatch } from "./adding/send";
import { useReview } from "./adding/use-review";
import { verdictOf, type Review } from "./adding/review";
import { batchSize, blankRow, check, columns, givable, grantable, isBlank, type Draft, type How, type Subscription } from "./adding/rows";

export function AddUsersPage() {
  const here = useAccount();
  const subscriptions = useSubscriptions();
  const head = <PageHead title="Add users" back={<Link href={`${here.home}/users`}><Icon name="left" />Users</Link>} />;
  if (!here.manages) return <>{head}<NoPermission what="who can be added" /></>;
  return <>{head}<Loaded query={subscriptions} what="who can be added">{({ items }) => <List here={here} subscriptions={items} />}</Loaded></>;
}

const results = { invite: "Invited", active: "Added", inactive: "Added" };

function List({ here, subscriptions }: { here: Here; subscriptions: Subscription[] }) {
  const seats = givable(here, subscriptions);
  const license = seats.length === 1 ? (seats[0]?.id ?? "") : "";
  const draft = useDraft<Draft>(`add.${here.account.id}`, { how: "invite", rows: [blankRow(1, { license })], sent: null });
  const { how, rows, sent } = draft.value;
  const page = useSignal(0), only = useSignal(false), agreed = useSignal(false), under = useSignal({ people: 0, settled: 0 });
  const write = useWrite();
  const wanted = useRef("");
  const gone = useRef(false);
  const outcome = useRef<HTMLDivElement>(null);
  useEffect(() => () => {
    gone.current = true; // what is under way is answered into the draft no more; the server has it
    if (draft.peek().rows.every((r) => r.done || isBlank(r))) draft.discard();
  }, []);

  const choices = useMemo(() => ({
    role: grantable(here).map((value) => ({ value, label: roleNames[value] })),
    license: [{ value: "", label: "No license" }, ...seats.map((s) => ({ value: s.id, label: visible(s.product_name) }))],
  }), [here.me.role, seats.map((s) => s.id).join()]);
  const faults = check(rows, { how, roles: choices.role.map((o) => o.value), licenses: seats.map((s) => s.id) });
  const isWrong = (row: Draft["rows"][number]) => !!row.refused || Object.keys(faults.get(row) ?? {}).length > 0;
  const open = rows.filter((r) => !r.done && !isBlank(r));
  const ready = open.filter((r) => !isWrong(r) && !sent?.ids.includes(r.id));
  const done = rows.filter((r) => r.done).length;
  const failed = rows.filter((r) => r.refused);
  const busy = write.busy.value;
  const { review, last: known, checking, checked, ask, forget } = useReview(here, how, ready, busy || !!sent);
  const deeds = useDeeds({ draft, wanted, page, words: { subscriptions: seats, license } });

  const settled = done + failed.length;
  /** Does the work of sending people; then the focus goes to what became of them. */
  const run = async (people: number, work: () => Promise<void>) => {
    under.value = { people, settled };
    if (!(await write.run(work)) && !draft.peek().sent) forget(); // refused as a whole: the price may be another by now
    outcome.current?.focus();
  };
  const send = () => void run(review?.ready.length ?? 0, async () => {
    if (!review) return;
    const added = await sendAll(here, draft, review, agreed.peek(), () => gone.current);
    agreed.value = false;
    if (added) say(how === "invite" ? `${plural(added, "invitation")} sent` : `${plural(added, "person", "people")} added`);
  });
  const again = () => void run(sent?.ids.length ?? 0, async () => {
    await sendBatch(draft).finally(() => refreshAfter(here));
  });

  const marked = (row: Draft["rows"][number]) => isWrong(row) || !!verdictOf(known, row);
  const listed = rows.map((row, i) => ({
    row, number: i + 1, mistakes: faults.get(row) ?? nothingWrong, refused: row.refused ?? verdictOf(known, row),
    state: row.done ? "done" as const : sent?.ids.includes(row.id) ? "sending" as const : "open" as const,
  }));
  const filtered = only.value ? listed.filter(({ row }) => marked(row)) : listed;
  const last = Math.max(0, Math.ceil(filtered.length / batchSize) - 1);
  const at = Math.min(page.value, last);
  const wrong = open.filter(marked).length;
  const shown = columns.filter((c) => (c !== "license" || choices.license.length > 1) && (how !== "inactive" || (c !== "license" && c !== "role")));
  const problem = write.problem.value;
  return (
    <>
      <HowToAdd how={how} disabled={busy || !!sent || done > 0} onHow={(value) => (draft.value = { ...draft.peek(), how: value })} />
      <Card plain>
        <Sources deeds={deeds} choices={choices} columns={shown} disabled={busy || !!sent} people={open.length} done={done} wrong={wrong} only={only} />
        <Grid rows={filtered.slice(at * batchSize, (at + 1) * batchSize)} columns={shown} choices={choices} deeds={deeds} locked={busy} wanted={wanted} done={results[how]} />
        <div class="grid-foot"><Button small icon="plus" disabled={busy} onClick={() => deeds.add()}>Add a row</Button><span class="soft small-text">Enter goes to the next row, the arrow keys up and down.</span></div>
        <Pager number={at + 1} back={at > 0 ? () => (page.value = at - 1) : undefined} forward={at < last ? () => (page.value = at + 1) : undefined} what={plural(filtered.length, "row")} />
      </Card>
      <Help columns={shown} subscriptions={subscriptions} />
      <Card title={open.length || !done ? (how === "invite" ? "Before the invitations are sent" : "Before they are added") : "All done"}>
        <div class="outcome" tabIndex={-1} ref={outcome}>
          {busy && <Progress label={how === "invite" ? "Invitations sent" : "People added"} done={settled - under.value.settled} of={under.value.people} />}
          {!busy && sent && <Unanswered people={sent.ids.length} problem={problem?.message} onAgain={again} />}
          {!busy && !sent && problem && <ProblemNotice problem={problem} />}
          {!busy && !sent && failed.length > 0 && <Failed people={failed.length} onRetry={deeds.retry} />}
          {!open.length && done > 0 && <p>{plural(done, "person was", "people were")} {how === "invite" ? "invited. You are told when somebody does not accept in time." : "added."}</p>}
        </div>
        {!open.length && !done && <p class="soft">Enter at least one person. What it costs is shown here before anything is sent.</p>}
        {!busy && !sent && checking && <Progress label="Checking the list and its cost" done={checked} of={ready.length} />}
        {!busy && !sent && !checking && review && open.length > 0 && <Cost here={here} how={how} review={review} subscriptions={subscriptions} agreed={agreed.value} onAgreed={(v) => (agreed.value = v)} onWithout={deeds.without} onRetry={ask} />}
        {wrong > 0 && !!review?.ready.length && !busy && <p class="warn-line"><Icon name="warn" />{plural(wrong, "row has a mistake and stays", "rows have mistakes and stay")} in the list; the others can be sent.</p>}
        <p class="actions">
          {ready.length > 0 && !sent && !checking && <Next how={how} people={ready.length} review={review} agreed={agreed.value} busy={busy} onAsk={ask} onSend={send} />}
          {done > 0 && !open.length && <AllDone here={here} how={how} onAnew={draft.discard} />}
        </p>
      </Card>
    </>
  );
}

const nothingWrong = {};

interface NextProps {
  how: How;
  people: number;
  review: Review | null;
  agreed: boolean;
  busy: boolean;
  onAsk: () => void;
  onSend: () => void;
}

/** The button that sends what was reviewed or, before, that asks for the review of a long list. */
function Next({ how, people, review, agreed, busy, onAsk, onSend }: NextProps) {
  if (!review) return <Button kind="primary" onClick={onAsk}>Check {plural(people, "person", "people")} and see the cost</Button>;
  const n = review.ready.length;
  if (review.problem || !n) return null;
  const unread = !!review.quote && !!review.buys?.rules.agreement_required && !agreed;
  return (
    <Button kind="primary" icon={how === "invite" ? "mail" : "plus"} busy={busy} disabled={unread} onClick={onSend}>
      {how === "invite" ? `Send ${plural(n, "invitation")}` : `Add ${plural(n, "person", "people")}`}
    </Button>
  );
}

const AllDone = ({ here, how, onAnew }: { here: Here; how: How; onAnew: () => void }) => (
  <>
    {how === "invite" ? <ButtonLink kind="primary" href={`${here.home}/users/invitations`}>See the open invitations</ButtonLink> : <ButtonLink kind="primary" href={`${here.home}/users`}>See the users</ButtonLink>}
    <Button onClick={onAnew}>Begin a new list</Button>
  </>
);

const Failed = ({ people, onRetry }: { people: number; onRetry: () => void }) => (
  <Notice tone="warn" title={`${plural(people, "person was", "people were")} not added`} actions={<Button small onClick={onRetry}>Try the failed ones again</Button>}>
    The reason stands at the row: mend it there, or try again. Whoever was added is not sent again.
  </Notice>
);

/** A batch of which nobody knows whether it arrived. */
const Unanswered = ({ people, problem, onAgain }: { people: number; problem: string | undefined; onAgain: () => void }) => (
  <Notice tone="bad" title={`${count(people)} ${people === 1 ? "person was" : "people were"} sent, and no answer came`} actions={<Button kind="primary" onClick={onAgain}>Send again</Button>}>
    {problem && <p>{problem}</p>}
    <p>The list is kept here. Sending again takes effect once: nobody is invited or charged twice.</p>
  </Notice>
);
