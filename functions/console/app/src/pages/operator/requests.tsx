// What customers asked for that is not self-service: priced, approved or declined here.
import { useSignal } from "../../lib/signal";
import { useEffect } from "preact/hooks";

import { path, type Page, type Schema } from "../../lib/api";
import { count, dateTime, visible } from "../../lib/format";
import { invalidate, usePages, useQuery } from "../../lib/query";
import { Link } from "../../lib/router";
import { useWrite, write } from "../../lib/write";
import { Card, Fact, Facts, PageHead, Pager, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { QuoteView } from "../../ui/money";
import { Empty, Loaded, ProblemNotice, Skeleton } from "../../ui/notice";
import { accountPath } from "./accounts";

type Asked = Schema<"AskedRequest">;

/** The API's bound of an answer's text. */
const maxMessage = 500;

const place = (a: Asked) => path`/v1/operator/accounts/${a.account_id}/requests/${a.request.id}`;

/** What is asked for, in a line. */
function wish({ request: r }: Asked): string {
  if (r.kind === "seats") return `${count(r.seats ?? 0)} seats instead of ${count(r.from_seats ?? 0)}`;
  if (r.kind === "plan") return `The plan ${visible(r.plan_id ?? "")}${r.seats ? ` with ${count(r.seats)} seats` : ""}`;
  return r.kind === "cancel" ? "The end of a subscription with its cycle" : "Something else";
}

export function RequestsInbox() {
  const list = usePages<Page<Asked>>("/v1/operator/requests");
  return (
    <>
      <PageHead title="Requests" lead={<p>Approving does it at the price shown; both answers are mailed.</p>} />
      <Loaded query={list} what="the requests">
        {(page) => page.items.length === 0
          ? <Card plain><Empty icon="check" title="No open requests">New ones appear here, the oldest first.</Empty></Card>
          : <div class="stack">{page.items.map((a) => <One key={a.request.id} asked={a} />)}</div>}
      </Loaded>
      <Pager number={list.number} back={list.back} forward={list.forward} />
    </>
  );
}

function One({ asked }: { asked: Asked }) {
  const answering = useSignal<"approve" | "decline" | "">("");
  const { request: r } = asked;
  return (
    <Card item title={wish(asked)} actions={
      <>
        <Button onClick={() => (answering.value = "decline")}>Decline…</Button>
        <Button kind="primary" onClick={() => (answering.value = "approve")}>Approve…</Button>
      </>
    }>
      <Facts>
        <Fact name="Account"><Link href={accountPath(asked.account_id)}><Typed>{asked.account_name}</Typed></Link></Fact>
        <Fact name="Asked">{dateTime(r.opened_at)}</Fact>
      </Facts>
      {r.message && <blockquote><Typed>{r.message}</Typed></blockquote>}
      {answering.value === "approve" && <Approve asked={asked} onClose={() => (answering.value = "")} />}
      {answering.value === "decline" && <Decline asked={asked} onClose={() => (answering.value = "")} />}
    </Card>
  );
}

function Approve({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const priced = asked.request.kind !== "other";
  const account = useQuery<Schema<"AccountOverview">>(path`/v1/operator/accounts/${asked.account_id}`).data;
  const quote = useSignal<Schema<"Quote"> | null>(null);
  const message = useSignal("");
  const pricing = useWrite();
  const price = () => pricing.run(async () => {
    quote.value = await write<Schema<"Quote">>("POST", `${place(asked)}/quote`);
  });
  useEffect(() => {
    if (priced) void price();
  }, []);
  const send = async () => {
    try {
      await write("POST", `${place(asked)}/approve`, { quote_id: quote.value?.quote_id, message: message.value.trim() || undefined });
    } catch (reason) {
      if (priced) void price(); // the price is no longer what was shown: show what it is now
      throw reason;
    }
    await invalidate("/v1/operator");
    return "Approved";
  };
  return (
    <FormDialog title={`Approve for ${visible(asked.account_name)}?`} submit="Approve" wide send={send} onClose={onClose} disabled={priced && !quote.value}>
      <p>{wish(asked)}. {priced ? "It is done as if by the customer:" : "Approving changes nothing by itself; the customer is told."}</p>
      {priced && (quote.value && account ? <QuoteView quote={quote.value} zone={account.time_zone} /> : pricing.problem.value ? <ProblemNotice problem={pricing.problem.value} retry={price} /> : <Skeleton rows={3} />)}
      <TextField label="Message to the customer (optional)" value={message.value} onValue={(v) => (message.value = v)} maxLength={maxMessage} />
    </FormDialog>
  );
}

function Decline({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const message = useSignal("");
  const send = async () => {
    await write("POST", `${place(asked)}/decline`, { message: message.value.trim() });
    await invalidate("/v1/operator");
    return "Declined";
  };
  return (
    <FormDialog title={`Decline for ${visible(asked.account_name)}?`} submit="Decline" danger send={send} onClose={onClose} disabled={!message.value.trim()}>
      <p>{wish(asked)}. Nothing changes; the customer is told why.</p>
      <TextField label="Why, in one line" value={message.value} onValue={(v) => (message.value = v)} maxLength={maxMessage} required />
    </FormDialog>
  );
}
