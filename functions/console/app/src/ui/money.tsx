// Invoices and quotes as tables: every amount with the words that explain it.
import { Fragment, type ComponentChildren } from "preact";

import type { Schema } from "../lib/api";
import { dateTime, longDate, money, percent, period } from "../lib/format";
import { Fact, Facts, Typed } from "./bits";

export const Amount = ({ of }: { of: Schema<"Money"> }) => <span class="amount">{money(of)}</span>;

/** What a line says of how it comes about: a button beside it, and a row below it. */
interface Explain {
  toggle: (line: number) => ComponentChildren;
  row: (line: number) => ComponentChildren;
}

/** The lines of an invoice down to what is due. */
export function InvoiceTable({ invoice, zone, caption, explain }: { invoice: Schema<"Invoice">; zone: string; caption: string; explain?: Explain }) {
  const credit = invoice.credit_applied.amount_minor !== 0;
  return (
    <div class="table-frame">
      <table class="lines">
        <caption class="hidden">{caption}</caption>
        <thead><tr><th scope="col">What</th><th scope="col">Period</th><th scope="col" class="num">Amount</th></tr></thead>
        <tbody>
          {invoice.lines.map((line, i) => {
            const below = explain?.row(i);
            return (
              <Fragment key={i}>
                <tr class={below ? "open" : undefined}>
                  <th scope="row"><Typed>{line.description}</Typed>{explain && <> {explain.toggle(i)}</>}</th>
                  <td data-label="Period">{period(line.period, zone)}</td>
                  <td class="num" data-label="Amount"><Amount of={line.amount} /></td>
                </tr>
                {below && <tr class="below"><td colSpan={3}>{below}</td></tr>}
              </Fragment>
            );
          })}
          {invoice.lines.length === 0 && <tr><td colSpan={3} class="soft">Nothing is billed.</td></tr>}
        </tbody>
        <tfoot>
          {invoice.tax_lines.length > 0 && <tr><th scope="row" colSpan={2}>Net</th><td class="num"><Amount of={invoice.net} /></td></tr>}
          {invoice.tax_lines.map((t) => <tr key={t.rate_ppm}><th scope="row" colSpan={2}>Tax {percent(t.rate_ppm)} of {money(t.net)}</th><td class="num"><Amount of={t.tax} /></td></tr>)}
          {invoice.reverse_charge && <tr><th scope="row" colSpan={3} class="soft">Reverse charge: the customer owes the tax.</th></tr>}
          <tr class={credit ? "" : "sum"}><th scope="row" colSpan={2}>Total</th><td class="num"><Amount of={invoice.total} /></td></tr>
          {credit && <tr><th scope="row" colSpan={2}>From your credit</th><td class="num"><Amount of={{ ...invoice.credit_applied, amount_minor: -invoice.credit_applied.amount_minor }} /></td></tr>}
          {credit && <tr class="sum"><th scope="row" colSpan={2}>Due</th><td class="num"><Amount of={invoice.amount_due} /></td></tr>}
        </tfoot>
      </table>
    </div>
  );
}

/** A quote: what is due today and why, and what the next invoice will be. */
export function QuoteView({ quote, zone }: { quote: Schema<"Quote">; zone: string }) {
  return (
    <div class="quote">
      <Facts>
        <Fact name="Total due today"><strong class="figure-value"><Amount of={quote.amount_due_now} /></strong></Fact>
        {quote.credited_now.amount_minor !== 0 && <Fact name="Credited today"><Amount of={quote.credited_now} /></Fact>}
        <Fact name="Takes effect">{dateTime(quote.effective_at, zone)}</Fact>
        {quote.next_invoice && <Fact name="Next invoice"><Amount of={quote.next_invoice.amount_due} /> on {longDate(quote.next_invoice.issued_at, zone)}</Fact>}
      </Facts>
      {quote.invoice_now && <details open><summary>How today’s amount is computed</summary><InvoiceTable invoice={quote.invoice_now} zone={zone} caption="Due today" /></details>}
      {quote.next_invoice && <details><summary>Price details of the next invoice</summary><InvoiceTable invoice={quote.next_invoice} zone={zone} caption="Next invoice" /></details>}
      <p class="soft">This price holds until {dateTime(quote.expires_at)}.</p>
    </div>
  );
}
