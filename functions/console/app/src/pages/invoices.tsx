// All invoices and credit notes, and the one that comes next.
import { useAccount, type Here } from "../lib/account";
import { download, type Page, type Schema } from "../lib/api";
import { date, longDate, relative, visible } from "../lib/format";
import { usePages, useQuery } from "../lib/query";
import { Link } from "../lib/router";
import { useWrite } from "../lib/write";
import { Card, Chip, PageHead } from "../ui/bits";
import { Button } from "../ui/button";
import { Amount, InvoiceTable } from "../ui/money";
import { Empty, Loaded, NoPermission, ProblemNotice } from "../ui/notice";
import { TableList, type Column } from "../ui/table";

type Invoice = Schema<"Invoice">;

export const paperName = (invoice: Invoice) => `${invoice.kind === "credit_note" ? "Credit note" : "Invoice"} ${invoice.number ?? ""}`.trim();

const statusWords = { open: "Open", paid: "Paid", void: "Void" } as const;
const statusTones = { open: "info", paid: "good", void: "neutral" } as const;

/** What became of a paper; a credit note is settled by being there. */
export const PaperStatus = ({ of }: { of: Invoice }) => (of.status ? <Chip tone={statusTones[of.status]}>{statusWords[of.status]}</Chip> : <span class="soft">–</span>);

/** What lists of papers say of each. */
export const paperColumns = (zone: string, name: Column<Invoice>["cell"]): Column<Invoice>[] => [
  { name: "Number", cell: name },
  { name: "Issued", cell: (i) => date(i.issued_at, zone) },
  { name: "Status", cell: (i) => <PaperStatus of={i} /> },
  { name: "Total", class: "num", cell: (i) => <Amount of={i.total} /> },
  { name: "Due", class: "num", cell: (i) => (i.kind === "credit_note" ? <span class="soft">–</span> : <Amount of={i.amount_due} />) },
];

/** Fetches a paper as a file, under the name that the API gives it. */
export const fetchPaper = (here: Here, invoice: Invoice, kind: "pdf" | "csv") =>
  download(`${here.api}/invoices/${invoice.number}.${kind}`, kind === "pdf" ? "application/pdf" : "text/csv", `${invoice.kind.replace("_", "-")}-${invoice.number}.${kind}`);

export function InvoicesPage() {
  const here = useAccount();
  const list = usePages<Page<Invoice>>(`${here.api}/invoices`);
  return (
    <>
      <PageHead title="Invoices" lead={here.account.billing_contact ? <p>They are mailed to <bdi>{visible(here.account.billing_contact)}</bdi>. <Link href={`${here.home}/settings`}>Change</Link></p> : undefined} />
      {list.problem?.status === 403 ? <Card><NoPermission what="invoices" detail={list.problem.message} /></Card> : <><Next /><Papers list={list} here={here} /></>}
    </>
  );
}

/** The next invoice, if nothing else happens until then. */
function Next() {
  const here = useAccount();
  const next = useQuery<Schema<"Upcoming">>(`${here.api}/invoices/upcoming`);
  return (
    <Card title="Next invoice">
      <Loaded query={next} what="the next invoice" rows={3}>
        {({ invoice, issued_at: at }) => !invoice || !at
          ? <p class="soft">Nothing will be billed as things stand.</p>
          : (
            <>
              <p class="next-paper">
                <span class="figure-value"><Amount of={invoice.amount_due} /></span>
                <span>on {longDate(at, here.zone)} <span class="soft">({relative(at, here.now)})</span></span>
              </p>
              <details>
                <summary>What it is made of</summary>
                <InvoiceTable invoice={invoice} zone={here.zone} caption="Next invoice" />
              </details>
              <p class="soft small-text">This is what it comes to if no license is added or given back and nobody joins or leaves until then.</p>
            </>
          )}
      </Loaded>
    </Card>
  );
}

function Papers({ list, here }: { list: ReturnType<typeof usePages<Page<Invoice>>>; here: Here }) {
  const fetching = useWrite();
  return (
    <Card plain title="Invoices and credit notes">
      {fetching.problem.value && <div class="in-card"><ProblemNotice problem={fetching.problem.value} /></div>}
      <TableList list={list} what="invoices" caption={`Invoices and credit notes of ${visible(here.account.name)}, newest first`} keyOf={paperName}
        empty={<Empty icon="invoice" title="There is no invoice yet">The first one is issued when something is billed.</Empty>}
        columns={[
          ...paperColumns(here.zone, (i) => <Link href={`${here.home}/invoices/${i.number}`}>{paperName(i)}</Link>),
          { name: "Download", hidden: true, class: "row-actions num", cell: (i) => <Button small kind="quiet" icon="download" aria-label={`Download ${paperName(i).toLowerCase()} as PDF`} onClick={() => void fetching.run(() => fetchPaper(here, i, "pdf"))} /> },
        ]} />
    </Card>
  );
}
