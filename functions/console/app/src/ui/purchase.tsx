// What every purchase has in common: the price as it is now, the license agreement, and
// what happens when the price no longer holds.
import { useSignal } from "../lib/signal";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import { useAccount } from "../lib/account";
import type { Schema } from "../lib/api";
import { invalidate } from "../lib/query";
import { outdated, priceMoved, type Quoting } from "../lib/quoting";
import { Link } from "../lib/router";
import { useWrite, write } from "../lib/write";
import { Agreement } from "./agreement";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { Amount, QuoteView, type Prices } from "./money";
import { Notice, ProblemNotice, say, Skeleton } from "./notice";
import { WhoMaySpend } from "./who-may-spend";

type Quote = Schema<"Quote">;

interface Purchase<Done> {
  title: string;
  /** The verb of the button that confirms. */
  submit: string;
  quoting: Quoting;
  /** Where the quote is confirmed. */
  confirm: string;
  agreement: string | undefined;
  prices?: Prices;
  /** Why nothing is due though something is bought. */
  why?: string;
  /** The fields above the price. */
  fields?: ComponentChildren;
  /** Below the price: what happens to access and to the bill. */
  consequences?: (quote: Quote) => ComponentChildren;
  /** Shown in the place of the price where there is none to ask for. */
  idle?: ComponentChildren;
  /** The way to the vendor, where what is asked for is not self-serve. */
  ask?: ComponentChildren;
  done: (answer: Done) => string;
  receipt: (answer: Done, quote: Quote) => ComponentChildren;
  onDone?: () => void;
  onClose: () => void;
}

/** A dialog that shows a price, takes the agreement to it, charges exactly that, and then says what was done. */
export function PurchaseDialog<Done extends object>(p: Purchase<Done>) {
  const here = useAccount();
  const agreed = useSignal(false);
  const missing = useSignal(false);
  const finished = useSignal<{ answer: Done; quote: Quote } | null>(null);
  const w = useWrite();
  const { quote, last, problem, loading, note } = p.quoting;
  useEffect(() => {
    if (!w.busy.peek()) w.problem.value = null;
  }, [quote?.quote_id]);

  const confirm = async () => {
    if (!quote || w.busy.value) return;
    if (p.agreement && !agreed.value) return void (missing.value = true);
    await w.run(async () => {
      let answer: Done;
      try {
        answer = await write<Done>("POST", p.confirm, { quote_id: quote.quote_id, agreement_accepted: agreed.value });
      } catch (reason) {
        if (!outdated(reason)) throw reason;
        await invalidate(here.api);
        return p.quoting.again(priceMoved);
      }
      finished.value = { answer, quote };
      say(p.done(answer));
      p.onDone?.();
      await invalidate(here.api);
    });
  };
  if (finished.value) {
    const { answer, quote: bought } = finished.value;
    return (
      <Dialog title={p.done(answer)} onClose={p.onClose} key="receipt">
        <div class="dialog-body receipt"><span class="receipt-mark"><Icon name="check" /></span>{p.receipt(answer, bought)}</div>
        <footer><Button kind="primary" autofocus onClick={p.onClose}>Done</Button></footer>
      </Dialog>
    );
  }
  const shown = quote ?? (loading ? last : undefined);
  return (
    <Dialog title={p.title} onClose={p.onClose} wide busy={w.busy.value}>
      <form onSubmit={(event) => { event.preventDefault(); void confirm(); }}>
        <div class="dialog-body">
          {p.fields}
          <div aria-live="polite">{note && <Notice tone="warn" title={note} />}</div>
          {shown && <QuoteView quote={shown} zone={here.zone} prices={p.prices} why={p.why} old={!quote} />}
          {!shown && loading && <Skeleton rows={3} />}
          {!shown && !loading && !problem && p.idle}
          {problem && (p.ask && problem.code === "contact_sales" ? <Notice title={problem.message} actions={p.ask} /> : <ProblemNotice problem={problem} retry={problem.again ? () => p.quoting.again() : undefined} />)}
          {problem?.code === "forbidden" && <WhoMaySpend what="what is bought" />}
          {shown && p.consequences?.(shown)}
          {shown && p.agreement && <Agreement url={p.agreement} agreed={agreed.value} onAgreed={(on) => (agreed.value = on)} missing={missing.value} />}
          <ProblemNotice problem={w.problem.value} />
        </div>
        <footer>
          <Button onClick={p.onClose} disabled={w.busy.value}>Cancel</Button>
          <Button type="submit" kind="primary" busy={w.busy.value} disabled={!quote}>{w.problem.value?.status === 0 ? "Send again" : p.submit}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What was charged, with the way to the invoice. */
export function Charged({ invoice }: { invoice: Schema<"Invoice"> | undefined }) {
  const here = useAccount();
  if (!invoice) return <p>Nothing was charged today.</p>;
  const what = invoice.kind === "credit_note" ? "Credit note" : "Invoice";
  return (
    <p>
      <strong><Amount of={invoice.kind === "credit_note" ? invoice.total : invoice.amount_due} /></strong> {invoice.kind === "credit_note" ? "was credited to your account" : "was charged"}:{" "}
      {invoice.number ? <Link href={`${here.home}/invoices/${invoice.number}`}>{what} {invoice.number}</Link> : what}
    </p>
  );
}
