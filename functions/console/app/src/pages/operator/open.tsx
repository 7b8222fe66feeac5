// Opening an account: the customer, its first person and its first subscription.
import { useSignal } from "../../lib/signal";

import type { Schema } from "../../lib/api";
import { plural, visible } from "../../lib/format";
import { useDraft } from "../../lib/draft";
import { invalidate, useQuery } from "../../lib/query";
import { go, Link } from "../../lib/router";
import { useWrite, write } from "../../lib/write";
import { Card, PageHead } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Checkbox, Select, Stepper, TextArea, TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Empty, Loaded, ProblemNotice, say } from "../../ui/notice";
import { accountPath } from "./accounts";

type Published = Schema<"PublishedPlan">;

const empty = {
  name: "", currency: "", zone: "", email: "", first: "", last: "", plan: "", seats: 5, tax: "", reverse: false, country: "", taxID: "", lines: "", test: false, clock: "",
};

/** Percent with up to four decimals as parts per million, or null. */
export function ppm(percent: string): number | null {
  const parts = /^(\d{1,3})(?:[.,](\d{1,4}))?$/.exec(percent.trim());
  if (!parts) return percent.trim() === "" ? 0 : null;
  const value = Number(parts[1]) * 10_000 + Number((parts[2] ?? "").padEnd(4, "0"));
  return value <= 1_000_000 ? value : null;
}

const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Every zone that the browser knows; its list may leave out UTC and its own. */
const zones = () => [...new Set(["UTC", ownZone(), ...Intl.supportedValuesOf("timeZone")])].sort();

export function OpenAccountPage() {
  const plans = useQuery<{ plans: Published[] }>("/v1/operator/catalog");
  return (
    <>
      <PageHead title="Open an account" back={<Link href="/operator"><Icon name="left" />Accounts</Link>} lead={<p>The primary contact needs no invitation: signing in with the verified email is enough.</p>} />
      <Loaded query={plans} what="the catalog">
        {(catalog) => catalog.plans.length === 0
          ? <Card plain><Empty icon="catalog" title="Nothing is published yet" actions={<Button kind="primary" onClick={() => go("/operator/catalog")}>To the catalog</Button>}>An account needs a plan to subscribe to.</Empty></Card>
          : <Form plans={catalog.plans} />}
      </Loaded>
    </>
  );
}

function Form({ plans }: { plans: Published[] }) {
  const draft = useDraft("open-account", empty);
  const open = useWrite();
  const tried = useSignal(false);
  const d = draft.value;
  const set = (part: Partial<typeof empty>) => (draft.value = { ...draft.value, ...part });
  const plan = plans.find((p) => p.plan_id === d.plan) ?? plans[0];
  const currency = plan?.currencies.includes(d.currency) ? d.currency : (plan?.currencies[0] ?? "");
  const rate = ppm(d.tax);
  const missing = (value: string) => (tried.value && !value.trim() ? "Needed" : undefined);
  const field = (name: string) => open.problem.value?.fields.find((f) => f.location.includes(name))?.message;
  const send = () => open.run(async () => {
    tried.value = true;
    if (!plan || rate === null || ![d.name, d.email, d.first, d.last].every((v) => v.trim())) return;
    const lines = d.lines.split("\n").map((l) => l.trim()).filter(Boolean);
    const address = lines.length || d.country || d.taxID ? { name: d.name.trim(), lines, country: d.country.trim().toUpperCase(), tax_id: d.taxID.trim() } : undefined;
    const opened = await write<Schema<"OpenedAccount">>("POST", "/v1/operator/accounts", {
      name: d.name.trim(), currency, time_zone: d.zone || ownZone(), plan_id: plan.plan_id,
      owner: { email: d.email.trim(), first_name: d.first.trim(), last_name: d.last.trim() },
      seats: plan.billing === "seats" ? d.seats : undefined, invoice_address: address, tax_rate_ppm: d.reverse ? undefined : rate || undefined, reverse_charge: d.reverse || undefined,
      test: d.test || undefined, clock: d.test && d.clock ? new Date(d.clock).toISOString() : undefined,
    });
    draft.discard();
    await invalidate("/v1/operator/accounts");
    go(accountPath(opened.account.id));
    say(`${visible(opened.account.name)} is open`);
  });
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void send(); }}>
      <Card title="The customer">
        <div class="fields">
          <TextField label="Company" value={d.name} onValue={(name) => set({ name })} maxLength={100} autocomplete="off" error={missing(d.name) ?? field("body.name")} />
          <Select label="Time zone" value={d.zone || ownZone()} onValue={(zone) => set({ zone })} options={zones().map((z) => ({ value: z, label: z.replaceAll("_", " ") }))} hint="Billing days begin and end there" error={field("time_zone")} />
        </div>
        <div class="fields">
          <TextArea label="Invoice address (optional)" value={d.lines} onValue={(lines) => set({ lines })} rows={3} hint="One line each" error={field("lines")} />
          <div class="stack">
            <TextField label="Country (two letters)" value={d.country} onValue={(country) => set({ country })} maxLength={2} error={field("country")} />
            <TextField label="Tax id (optional)" value={d.taxID} onValue={(taxID) => set({ taxID })} maxLength={30} error={field("tax_id")} />
          </div>
        </div>
      </Card>
      <Card title="Primary contact">
        <div class="fields">
          <TextField label="Email" type="email" value={d.email} onValue={(email) => set({ email })} maxLength={254} autocomplete="off" error={missing(d.email) ?? field("owner.email")} />
          <TextField label="First name" value={d.first} onValue={(first) => set({ first })} maxLength={60} autocomplete="off" error={missing(d.first) ?? field("first_name")} />
          <TextField label="Last name" value={d.last} onValue={(last) => set({ last })} maxLength={60} autocomplete="off" error={missing(d.last) ?? field("last_name")} />
        </div>
      </Card>
      <Card title="Subscription">
        <div class="fields">
          <Select label="Plan" value={plan?.plan_id ?? ""} onValue={(v) => set({ plan: v })} options={plans.map((p) => ({ value: p.plan_id, label: `${visible(p.product_name)}: ${visible(p.name)}` }))} error={field("plan_id")} />
          <Select label="Currency" value={currency} onValue={(v) => set({ currency: v })} options={(plan?.currencies ?? []).map((c) => ({ value: c, label: c }))} error={field("currency")} />
          <TextField label="Tax rate in percent" value={d.tax} onValue={(tax) => set({ tax })} disabled={d.reverse} placeholder="0" error={rate === null ? "0 to 100, such as 7.7" : field("tax_rate_ppm")} />
        </div>
        {plan?.billing === "seats"
          ? <Stepper label="Seats" value={d.seats} min={1} onValue={(seats) => set({ seats })} error={field("seats")} />
          : <p class="soft">The plan bills active users; no seats are bought.</p>}
        <Checkbox label="Reverse charge" hint="The customer owes the tax." checked={d.reverse} onChecked={(reverse) => set({ reverse })} />
        <Checkbox label="Test account" hint="Its clock is moved by hand." checked={d.test} onChecked={(test) => set({ test })} />
        {d.test && <TextField label="Its clock starts (your local time; empty: now)" type="datetime-local" value={d.clock} onValue={(clock) => set({ clock })} />}
        {plan && <details><summary>What the plan’s policies say ({plural(plan.policies.length, "sentence")})</summary><ul class="points">{plan.policies.map((s) => <li key={s}>{visible(s)}</li>)}</ul></details>}
      </Card>
      <ProblemNotice problem={open.problem.value} />
      <p class="actions"><Button type="submit" kind="primary" busy={open.busy.value}>{open.problem.value?.status === 0 ? "Send again" : "Open the account"}</Button><Button onClick={() => draft.discard()}>Start over</Button></p>
    </form>
  );
}
