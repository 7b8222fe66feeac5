// One customer as the vendor's staff sees it: subscriptions, people, invoices, its test
// clock, and whether everything stored of it is in order.
import { useSignal } from "../../lib/signal";

import { call, path, type Page, type Schema } from "../../lib/api";
import { count, date, dateTime, money, personName, plural, roleNames, statusNames, visible } from "../../lib/format";
import { invalidate, usePages, useQuery } from "../../lib/query";
import { Link } from "../../lib/router";
import { useWrite, write } from "../../lib/write";
import { Card, Chip, Fact, Facts, Meter, PageHead, Person, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Menu } from "../../ui/menu";
import { Empty, Loaded, Notice, ProblemNotice, say } from "../../ui/notice";
import { Table, TableList } from "../../ui/table";
import { paperColumns, paperName } from "../invoices";
import { statusTone } from "../users";
import { pool } from "./accounts";
import { Retry } from "./parked";

type Overview = Schema<"AccountOverview">;
type Invoice = Schema<"Invoice">;

const api = (id: string) => path`/v1/operator/accounts/${id}`;

export function AccountOverviewPage({ id }: { id: string }) {
  const found = useQuery<Overview>(api(id));
  return (
    <Loaded query={found} what="this account">
      {(a) => (
        <>
          <PageHead title={visible(a.name)} back={<Link href="/operator"><Icon name="left" />Accounts</Link>} lead={<p><code>{a.id}</code></p>} />
          {a.status === "parked" && <Retry account={a} />}
          <Card title="Account" actions={<Audit id={id} />}>
            <Facts>
              <Fact name="Primary contact"><Typed>{a.owner ? personName(a.owner) : "–"}</Typed><span class="soft under"><Typed>{a.owner?.email ?? ""}</Typed></span></Fact>
              <Fact name="Currency">{a.currency}</Fact>
              <Fact name="Time zone">{a.time_zone}</Fact>
              <Fact name="Next invoice">{a.next_due ? dateTime(a.next_due, a.time_zone) : "Nothing is due"}</Fact>
            </Facts>
          </Card>
          {a.test && a.clock && <TestClock account={a} />}
          <Card title="Subscriptions">
            {a.subscriptions.length === 0 && <p class="soft">None.</p>}
            {a.subscriptions.map((s) => <Sold key={s.id} of={s} zone={a.time_zone} />)}
          </Card>
          <Invoices account={a} />
          <People users={a.users} />
        </>
      )}
    </Loaded>
  );
}

function Sold({ of: s, zone }: { of: Schema<"Subscription">; zone: string }) {
  return (
    <section class="sold">
      <h3><Typed>{s.product_name}</Typed> <span class="soft">{visible(s.plan_name)}</span> {s.status === "ended" && <Chip tone="warn">Ended</Chip>}{s.trial_ends_at && <Chip tone="info">Trial</Chip>}</h3>
      <p>{pool(s)} · period until {date(s.period.end, zone)}{s.next_invoice && <> · next invoice {money(s.next_invoice.amount_due)}</>}</p>
      {s.billing === "seats" && <Meter used={s.in_use} reserved={s.reserved} total={s.seats} />}
      {s.timeline.length > 0 && <ul class="points">{s.timeline.map((t) => <li key={t.at + t.kind}>{date(t.at, zone)}: {visible(t.text)}</li>)}</ul>}
    </section>
  );
}

function TestClock({ account: a }: { account: Overview }) {
  const to = useSignal("");
  const move = useWrite();
  const step = (target: string) => move.run(async () => {
    let moved: Schema<"Clock">;
    // One call works for some seconds; a long way takes several.
    do moved = await call<Schema<"Clock">>(`${api(a.id)}/clock`, { method: "POST", body: { to: target } });
    while (!moved.done);
    await invalidate("/v1/operator");
    to.value = "";
    say(`The clock stands at ${dateTime(moved.clock, a.time_zone)}`);
  });
  const now = new Date(a.clock ?? 0).getTime();
  const days = (n: number) => new Date(now + n * 86_400_000).toISOString();
  return (
    <Card title="Test clock">
      <p>It is <strong>{dateTime(a.clock ?? "", a.time_zone)}</strong> in {a.time_zone}. Moving it closes every cycle on the way, with invoices and mails.</p>
      <div class="actions">
        <Button busy={move.busy.value} onClick={() => step(days(1))}>One day on</Button>
        {a.next_due && new Date(a.next_due).getTime() >= now && <Button kind="primary" busy={move.busy.value} onClick={() => step(a.next_due ?? "")}>To the next boundary</Button>}
        <Button busy={move.busy.value} onClick={() => step(days(30))}>30 days on</Button>
      </div>
      <form class="inline" onSubmit={(e) => { e.preventDefault(); if (to.value) void step(new Date(to.value).toISOString()); }}>
        <TextField label="Another time (your local time)" type="datetime-local" value={to.value} onValue={(v) => (to.value = v)} />
        <Button type="submit" busy={move.busy.value} disabled={!to.value}>Move</Button>
      </form>
      <ProblemNotice problem={move.problem.value} />
    </Card>
  );
}

function Audit({ id }: { id: string }) {
  const found = useSignal<Schema<"Finding">[] | null>(null);
  const look = useWrite();
  return (
    <>
      <Button small busy={look.busy.value} onClick={() => look.run(async () => { found.value = (await call<Schema<"Audited">>(`${api(id)}/audit`)).findings; })}>Check everything stored</Button>
      {look.problem.value && <span class="field-error">{look.problem.value.message}</span>}
      {found.value?.length === 0 && <Chip tone="good">All in order</Chip>}
      {found.value && found.value.length > 0 && <Notice tone="bad" title={plural(found.value.length, "finding")}><ul>{found.value.map((f) => <li key={f.rule + f.item}>{visible(f.detail)} <code>{visible(f.item)}</code></li>)}</ul></Notice>}
    </>
  );
}

function Invoices({ account: a }: { account: Overview }) {
  const list = usePages<Page<Invoice>>(`${api(a.id)}/invoices`, 10);
  const chosen = useSignal<{ what: "paid" | "void"; of: Invoice } | null>(null);
  return (
    <Card plain title="Invoices">
      <TableList list={list} what="the invoices" caption={`Invoices of ${visible(a.name)}`} keyOf={paperName}
        empty={<Empty icon="invoice" title="No invoices yet">The first comes with the first purchase.</Empty>}
        columns={[
          ...paperColumns(a.time_zone, (i) => <>{paperName(i)}{i.corrects ? <span class="soft under">Takes back invoice {i.corrects}</span> : null}</>),
          { name: "What to do", hidden: true, class: "row-actions", cell: (i) => i.kind === "invoice" && i.status !== "void" && <Menu label={`Invoice ${i.number}`} actions={[
            ...(i.status === "open" ? [{ label: "Mark as paid", icon: "check" as const, run: () => (chosen.value = { what: "paid", of: i }) }] : []),
            { label: "Take back by credit note", icon: "out", danger: true, run: () => (chosen.value = { what: "void", of: i }) },
          ]} /> },
        ]} />
      {chosen.value?.what === "paid" && <Paid id={a.id} invoice={chosen.value.of} onClose={() => (chosen.value = null)} />}
      {chosen.value?.what === "void" && <Void id={a.id} invoice={chosen.value.of} onClose={() => (chosen.value = null)} />}
    </Card>
  );
}

function Paid({ id, invoice: i, onClose }: { id: string; invoice: Invoice; onClose: () => void }) {
  const send = async () => {
    await write("POST", `${api(id)}/invoices/${i.number}/paid`);
    await invalidate(api(id));
    return `Invoice ${i.number} is paid`;
  };
  return (
    <FormDialog title={`Mark invoice ${i.number} as paid?`} submit="Mark as paid" send={send} onClose={onClose}>
      <p>{money(i.amount_due)} came in. The customer sees the invoice as paid.</p>
    </FormDialog>
  );
}

function Void({ id, invoice: i, onClose }: { id: string; invoice: Invoice; onClose: () => void }) {
  const reason = useSignal("");
  const send = async () => {
    const note = await write<Invoice>("POST", `${api(id)}/invoices/${i.number}/void`, { reason: reason.value.trim() });
    await invalidate(api(id));
    return `Credit note ${note.number} takes back invoice ${i.number}`;
  };
  return (
    <FormDialog title={`Take back invoice ${i.number}?`} submit={`Take back ${money(i.total)}`} danger send={send} onClose={onClose} disabled={!reason.value.trim()}>
      <ul class="points">
        <li>A credit note over {money(i.total)} is issued with the next number and mailed; the invoice stays and is marked void.</li>
        <li>{i.status === "paid" ? "It was paid, so its total goes to the customer’s credit and lowers the next invoices." : "What it had used of the customer’s credit goes back there."}</li>
        <li>Seats and licenses do not change.</li>
      </ul>
      <TextField label="Reason, for the books" value={reason.value} onValue={(v) => (reason.value = v)} maxLength={200} required hint="It stays for ever: name no person." />
    </FormDialog>
  );
}

function People({ users }: { users: Schema<"User">[] }) {
  return (
    <Card plain title={`People (${users.length < 100 ? count(users.length) : "the first 100"})`}>
      <Table caption="People" rows={users} keyOf={(u) => u.id} columns={[
        { name: "Name", cell: (u) => <Person name={personName(u)} /> },
        { name: "Email", cell: (u) => <Typed>{u.email}</Typed> },
        { name: "Role", cell: (u) => roleNames[u.role] },
        { name: "Status", cell: (u) => <Chip tone={statusTone[u.status]}>{statusNames[u.status]}</Chip> },
      ]} />
    </Card>
  );
}
