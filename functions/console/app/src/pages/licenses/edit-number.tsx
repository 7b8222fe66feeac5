// "Edit number of licenses": what more or fewer cost, now and later, before anything is done.
import { useSignal } from "../../lib/signal";
import { useRef } from "preact/hooks";

import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { useDraft } from "../../lib/draft";
import { longDate, plural, visible } from "../../lib/format";
import { priceInWords } from "../../lib/price";
import { useQuote } from "../../lib/quoting";
import { ButtonLink } from "../../ui/button";
import { Stepper } from "../../ui/field";
import { atOnce } from "../../ui/money";
import { Charged, PurchaseDialog } from "../../ui/purchase";
import { BelowUse } from "./below-use";
import { nothingDue } from "./why";

type Subscription = Schema<"Subscription">;
type Done = Schema<"SeatChangeDone">;

export function EditNumber({ of: now, onClose }: { of: Subscription; onClose: () => void }) {
  const here = useAccount();
  const finished = useSignal(false);
  // What is said of a finished change is about the subscription as it was.
  const kept = useRef(now);
  if (!finished.value) kept.current = now;
  const s = kept.current;
  const at = `${here.api}/subscriptions/${encodeURIComponent(s.id)}`;
  const wanted = useDraft(`seats.${s.id}`, s.seats);
  const n = wanted.value;
  const same = n === s.seats && !s.pending;
  const quoting = useQuote(`${at}/quotes`, same || finished.value ? null : { seats: n });
  return (
    <PurchaseDialog<Done> title="Edit number of licenses" submit="Complete change" quoting={quoting} confirm={`${at}/seat-changes`} agreement={s.agreement_url} prices={{ [s.plan_id]: s.price }}
      why={quoting.quote && nothingDue(s, quoting.quote)}
      fields={
        <div class="edit-number">
          <Stepper label="Total licenses" value={n} onValue={(v) => (wanted.value = v)} min={1} hint={difference(s, n)} />
          <p class="soft">{visible(s.plan_name)}: {priceInWords(s)}.</p>
        </div>
      }
      idle={<p class="soft">You have {plural(s.seats, "license")} now. Change the number to see what it costs, today and from the next invoice on.</p>}
      consequences={(quote) => <Consequences of={s} quote={quote} />}
      ask={<ButtonLink kind="primary" href={`${here.home}/requests?new=seats&subscription=${encodeURIComponent(s.id)}&seats=${n}`}>Ask for {plural(n, "license")}</ButtonLink>}
      done={(d) => (d.type === "seats.decrease_scheduled" ? `From ${longDate(d.effective_at, here.zone)} on there will be ${plural(d.seats_at_renewal, "license")}` : d.type === "seats.decrease_cancelled" ? "The decrease is cancelled" : `You now have ${plural(d.seats, "license")}`)}
      receipt={(d, bought) => (
        <>
          <Charged invoice={d.invoice} />
          {!d.invoice && <p>{nothingDue(s, bought)}</p>}
          {d.type === "seats.decrease_scheduled" && <p>Until then all {plural(d.seats, "license")} stay usable, and you can cancel the decrease under “What comes next”.</p>}
          {d.type === "seats.increased" && <p>The new licenses can be given at once.</p>}
        </>
      )}
      onDone={() => {
        finished.value = true;
        wanted.discard();
      }}
      onClose={() => { wanted.discard(); onClose(); }} />
  );
}

function difference(s: Subscription, n: number): string {
  if (n === s.seats) return s.pending ? `As many as now: this cancels the decrease to ${s.pending.seats}.` : "As many as now.";
  return n > s.seats ? `${n - s.seats} more than now.` : `${s.seats - n} fewer than now.`;
}

/** What happens to access and to the bill. */
function Consequences({ of: s, quote }: { of: Subscription; quote: Schema<"Quote"> }) {
  const here = useAccount();
  const n = quote.seats, end = longDate(quote.effective_at, here.zone);
  if (n > s.seats) {
    return (
      <ul class="points">
        <li>{plural(n - s.seats, "more license", "more licenses")} can be given at once.</li>
        {s.pending && <li>The scheduled decrease keeps its distance: from {longDate(s.pending.effective_at, here.zone)} on there will be {quote.seats_at_renewal}.</li>}
      </ul>
    );
  }
  if (n === s.seats) return <ul class="points"><li>The scheduled decrease is cancelled.</li></ul>;
  return (
    <>
      <ul class="points">
        {atOnce(quote)
          ? <li>{plural(s.seats - n, "license")} {s.seats - n === 1 ? "goes" : "go"} at once.{quote.credited_now.amount_minor > 0 && " What is left of the price is credited to your account."}</li>
          : <><li>All {plural(s.seats, "license")} stay usable until the cycle ends on {end}; from then on there will be {quote.seats_at_renewal}.</li><li>Nothing is due today and nothing is given back. You can cancel the decrease until then.</li></>}
      </ul>
      {(atOnce(quote) || quote.seats_at_renewal > 0) && <BelowUse of={s} keep={n} now={atOnce(quote)} at={end} />}
    </>
  );
}
