// Invoices and quotes as tables: every amount with the words that explain it.
import { Fragment, type ComponentChildren } from "preact";

import type { Schema } from "../lib/api";
import { clock, count, longDate, money, percent, period } from "../lib/format";
import { arithmetic } from "../lib/price";
import { Fact, Facts, Typed } from "./bits";

export const Amount = ({ of }: { of: Schema<"Money"> }) => <span class="amount">{money(of)}</span>;

/** What a line says of how it comes about: a button beside it, and a row below it. */
interface Explain {
  toggle: (line: number) => ComponentChildren;
  row: (line: number) => ComponentChildren;
}

/** Prices by the ids of their plans, for saying how an amount comes about. */
export type Prices = Record<string, Schema<"Price">>;

/** The lines of an invoice down to what is due, and with prices how each line is computed. */
export function InvoiceTable({ invoice, zone, caption, explain, prices = {} }: { invoice: Schema<"Invoice">; zone: string; caption: string; explain?: Explain; prices?: Prices }) {
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
                  <th scope="row"><Typed>{line.description}</Typed><How line={line} prices={prices} />{explain && <> {explain.toggle(i)}</>}</th>
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

function How({ line, prices }: { line: Schema<"InvoiceLine">; prices: Prices }) {
  const how = arithmetic(line, prices[line.plan_id]);
  return how ? <span class="how">{how} = {money(line.amount)}</span> : null;
}

/** Whether confirming a quote changes something at once, and not when the cycle ends. */
export function atOnce(quote: Schema<"Quote">): boolean {
  if (quote.of === "subscription" || quote.invoice_now) return true;
  if (quote.of === "seats" && !quote.seats) return false;
  return quote.next_invoice ? quote.effective_at < quote.next_invoice.issued_at : quote.of === "seats" && quote.seats > quote.from_seats;
}

/** A quote: what is due today and why, and what the next invoice will be. `why` explains a price of nothing; `old` marks one that is about to change. */
export function QuoteView({ quote, zone, prices, why, old }: { quote: Schema<"Quote">; zone: string; prices?: Prices; why?: string; old?: boolean }) {
  const next = quote.next_invoice, given = quote.credited_now.amount_minor !== 0;
  return (
    <div class={old ? "quote old" : "quote"} aria-busy={old}>
      <div class="due">
        <p class="due-name">{given ? "Credited to your account today" : "Total due today"}</p>
        <p class="figure-value"><Amount of={given ? quote.credited_now : quote.amount_due_now} /></p>
        {why && <p class="due-why">{why}</p>}
      </div>
      {quote.invoice_now && <details open><summary>How it is computed</summary><InvoiceTable invoice={quote.invoice_now} zone={zone} caption="Due today" prices={prices} /></details>}
      <Facts>
        {quote.seats_at_renewal > 0 && <Fact name="Licenses">{atOnce(quote) ? count(quote.seats || quote.from_seats) : count(quote.from_seats)} now, {count(quote.seats_at_renewal)} after renewal</Fact>}
        <Fact name="Takes effect">{atOnce(quote) ? "At once" : longDate(quote.effective_at, zone)}</Fact>
        <Fact name="Next invoice">{next ? <><Amount of={next.amount_due} /> on {longDate(next.issued_at, zone)}</> : "None: nothing will be billed"}</Fact>
      </Facts>
      {next && <details><summary>Price details of the next invoice</summary><InvoiceTable invoice={next} zone={zone} caption="Next invoice" prices={prices} /></details>}
      <p class="soft small-text">This price holds until {clock(quote.expires_at)}.</p>
    </div>
  );
}
