// One invoice or credit note: what it says, how each line comes about, and whether it is right.
import { useState } from "preact/hooks";

import { useAccount, type Here } from "../lib/account";
import { call, type Schema } from "../lib/api";
import { countryName, dateTime, longDate, plural, visible } from "../lib/format";
import { useQuery } from "../lib/query";
import { Link } from "../lib/router";
import { useWrite } from "../lib/write";
import { Card, Fact, Facts, PageHead, Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Amount, InvoiceTable } from "../ui/money";
import { Empty, Loaded, Notice, ProblemNotice, Skeleton } from "../ui/notice";
import { fetchPaper, paperName, PaperStatus } from "./invoices";

type Invoice = Schema<"Invoice">;

export function InvoicePage({ number }: { number: string }) {
  const here = useAccount();
  const known = /^[1-9]\d{0,9}$/.test(number);
  const invoice = useQuery<Invoice>(known ? `${here.api}/invoices/${number}` : null);
  const back = <Link href={`${here.home}/invoices`}><Icon name="left" />Invoices</Link>;
  if (!known || invoice.problem?.status === 404) {
    return <><PageHead title="Invoices" back={back} /><Card><Empty icon="invoice" title={`There is no invoice ${visible(number)}`}>The number may be mistyped.</Empty></Card></>;
  }
  if (invoice.data) return <Paper invoice={invoice.data} here={here} />;
  return <><PageHead title={`Invoice ${number}`} back={back} /><Card><Loaded query={invoice} what="invoices">{() => null}</Loaded></Card></>;
}

function Paper({ invoice, here }: { invoice: Invoice; here: Here }) {
  const fetching = useWrite();
  const credit = invoice.kind === "credit_note";
  const counted = invoice.lines.some((line) => line.people_sha256);
  const get = (kind: "pdf" | "csv") => void fetching.run(() => fetchPaper(here, invoice, kind));
  return (
    <>
      <PageHead title={paperName(invoice)} back={<Link href={`${here.home}/invoices`}><Icon name="left" />Invoices</Link>}
        lead={<p>{!credit && <><PaperStatus of={invoice} />{" "}</>}Issued on {longDate(invoice.issued_at, here.zone)}{invoice.paid_at && `, paid on ${longDate(invoice.paid_at, here.zone)}`}</p>}
        actions={(
          <>
            {counted && <Button icon="download" onClick={() => get("csv")}>People as CSV</Button>}
            <Button kind="primary" icon="download" busy={fetching.busy.value} onClick={() => get("pdf")}>Download PDF</Button>
          </>
        )} />
      <ProblemNotice problem={fetching.problem.value} />
      {invoice.voided_by && <Notice tone="warn" title="This invoice was taken back"><Link href={`${here.home}/invoices/${invoice.voided_by}`}>Credit note {invoice.voided_by}</Link> takes it back in full: nothing is to be paid on it.</Notice>}
      {invoice.corrects && <Notice title={<>This takes back <Link href={`${here.home}/invoices/${invoice.corrects}`}>invoice {invoice.corrects}</Link></>}>Nothing is to be paid on that invoice any more.</Notice>}
      <Card>
        <Facts>
          <Fact name={credit ? "Credit" : "Due"}><strong class="figure-value"><Amount of={credit ? invoice.total : invoice.amount_due} /></strong></Fact>
          <Fact name="For"><Address of={invoice.customer} /></Fact>
          <Fact name="From"><Address of={invoice.vendor} /></Fact>
        </Facts>
      </Card>
      <Lines invoice={invoice} here={here} />
      <Check invoice={invoice} here={here} />
    </>
  );
}

function Address({ of }: { of: Schema<"Party"> }) {
  return (
    <address>
      <strong><Typed>{of.name}</Typed></strong>
      {[...of.lines, of.country && countryName(of.country)].filter(Boolean).map((line, i) => <span key={i}><Typed>{line}</Typed></span>)}
      {of.tax_id && <span class="soft">Tax id <Typed>{of.tax_id}</Typed></span>}
    </address>
  );
}

/** The lines, each of which tells how it comes about. */
function Lines({ invoice, here }: { invoice: Invoice; here: Here }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const why = useQuery<Schema<"Explanation">>(open.size ? `${here.api}/invoices/${invoice.number}/explain` : null);
  const turn = (i: number) => {
    const next = new Set(open);
    if (!next.delete(i)) next.add(i);
    setOpen(next);
  };
  const people = invoice.lines.reduce((sum, line) => sum + (line.people ?? 0), 0);
  const all = invoice.lines.length > 1 && open.size < invoice.lines.length;
  return (
    <Card plain title="Lines" actions={all && <Button small onClick={() => setOpen(new Set(invoice.lines.keys()))}>Explain every line</Button>}>
      <InvoiceTable invoice={invoice} zone={here.zone} caption={`Lines of ${paperName(invoice).toLowerCase()}`} explain={{
        toggle: (i) => <button type="button" class="link why" aria-expanded={open.has(i)} aria-label={`Why? ${visible(invoice.lines[i]?.description ?? "")}`} onClick={() => turn(i)}>Why?<Icon name={open.has(i) ? "up" : "down"} /></button>,
        row: (i) => open.has(i) && <Why query={why} line={i} />,
      }} />
      {people > 0 && <p class="in-card soft small-text">{plural(people, "active user is", "active users are")} listed as billed; the CSV names them.</p>}
    </Card>
  );
}

function Why({ query: why, line }: { query: ReturnType<typeof useQuery<Schema<"Explanation">>>; line: number }) {
  if (!why.data) return why.problem ? <ProblemNotice problem={why.problem} retry={why.reload} /> : <Skeleton rows={2} />;
  const explained = why.data.lines[line];
  if (!explained) return <p>Nothing more is known of this line.</p>;
  return (
    <div class="explained">
      <p>{visible(explained.arithmetic)}</p>
      {explained.events.length > 0 && <Happened events={explained.events} title="What led to it" />}
      {explained.events.length === 0 && why.data.issued.length > 0 && <Happened events={why.data.issued} title="Why it was issued" />}
    </div>
  );
}

const Happened = ({ events, title }: { events: Schema<"ExplainedItem">[]; title: string }) => (
  <>
    <h3>{title}</h3>
    <ul>{events.map((e) => <li key={e.event_id}>{visible(e.text)}</li>)}</ul>
  </>
);

/** Has the paper computed anew from the ledger and the plans. */
function Check({ invoice, here }: { invoice: Invoice; here: Here }) {
  const work = useWrite();
  const [result, setResult] = useState<(Schema<"Verification"> & { at: string }) | null>(null);
  const name = invoice.kind === "credit_note" ? "credit note" : "invoice";
  const check = () => work.run(async () => {
    setResult(null);
    setResult({ ...(await call<Schema<"Verification">>(`${here.api}/invoices/${invoice.number}/verify`)), at: new Date().toISOString() });
  });
  return (
    <Card title="Is it right?" actions={<Button busy={work.busy.value} onClick={() => void check()}>Recompute and compare</Button>}>
      <p>This {name} can be computed anew from the activity and the plan’s prices, and compared byte for byte.</p>
      <ProblemNotice problem={work.problem.value} />
      <div role="status">{result && <Verdict result={result} name={name} zone={here.zone} />}</div>
      {invoice.hash && <Facts><Fact name={`SHA-256 of this ${name}`}><code>{invoice.hash}</code></Fact></Facts>}
    </Card>
  );
}

function Verdict({ result, name, zone }: { result: Schema<"Verification"> & { at: string }; name: string; zone: string }) {
  if (result.verified) {
    return <Notice tone="good" title={`It is right: computed anew, the ${name} comes out the same`}>Both have the same hash. Compared on {dateTime(result.at, zone)}.</Notice>;
  }
  return (
    <Notice tone="bad" title={`It is not what comes out today: ask the vendor about this ${name}`}>
      <div class="table-frame">
        <table>
          <caption class="hidden">What differs</caption>
          <thead><tr><th scope="col">What</th><th scope="col">Issued</th><th scope="col">Computed anew</th></tr></thead>
          <tbody>{result.differences.map((d) => <tr key={d.field}><th scope="row"><code>{visible(d.field)}</code></th><td>{visible(d.issued)}</td><td>{visible(d.recomputed)}</td></tr>)}</tbody>
        </table>
      </div>
    </Notice>
  );
}
