// What sending the list does to seats and to the bill, before it is sent.
import type { ComponentChildren } from "preact";

import type { Here } from "../../lib/account";
import { money, plural, visible } from "../../lib/format";
import { Link } from "../../lib/router";
import { Agreement } from "../../ui/agreement";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { QuoteView } from "../../ui/money";
import { Notice, ProblemNotice } from "../../ui/notice";
import { licensesOf, type Review, type Take } from "./review";
import type { How, Row, Subscription } from "./rows";

const named = (s: Subscription) => visible(s.product_name);

/** What happens with the seats of one subscription. */
function takeWords(t: Take, how: How): ComponentChildren {
  const s = t.subscription;
  if (how === "invite" && !s.rules.invitation_reserves_seat) {
    return <><strong>{named(s)}:</strong> no seat is kept for {plural(t.people, "person", "people")}. Whoever accepts gets a license if a seat is free by then, {plural(Math.max(0, s.available), "seat is", "seats are")} free now; if none is, they join without and you are told.</>;
  }
  const verb = how === "invite" ? "kept until the invitation is accepted, cancelled or expires" : "taken at once";
  return (
    <><strong>{named(s)}:</strong> {[t.free > 0 && `${plural(t.free, "of the free seats is", "of the free seats are")} ${verb}`, t.bought > 0 && `${plural(t.bought, "seat is", "seats are")} bought`].filter(Boolean).join(", ") || "no seat is taken"}
      {t.free > 0 && `; ${plural(Math.max(0, s.available - t.free), "stays free", "stay free")}`}.</>
  );
}

/** Where everybody who is active is billed, adding people is what costs. */
function activeWords(s: Subscription, how: How): string {
  const price = s.trial_ends_at ? "the trial costs nothing" : `${money(s.unit_price)} a ${s.interval} each`;
  if (how === "invite") return `${named(s)} bills active users: everybody who accepts counts from then on (${price}). Nothing is due today.`;
  return how === "active" ? `${named(s)} bills active users: everybody here counts from now on (${price}). Nothing is due today.` : `${named(s)} bills active users: people who are not active cost nothing.`;
}

const codesOfSeats = ["no_free_seats", "contact_sales", "quote_required", "account_parked"];

export function Cost({ here, how, review, subscriptions, agreed, onAgreed, onWithout, onRetry }: {
  here: Here; how: How; review: Review; subscriptions: Subscription[]; agreed: boolean; onAgreed: (agreed: boolean) => void;
  /** Takes the license from rows for which there is no seat. */
  onWithout: (rows: Row[]) => void;
  onRetry: () => void;
}) {
  if (review.problem) return <ProblemNotice problem={review.problem} retry={onRetry} />;
  const { quote, buys } = review;
  const n = quote ? quote.seats - quote.from_seats : 0;
  const active = subscriptions.filter((s) => s.status === "active" && s.billing === "active_users");
  return (
    <>
      <ul class="points">
        {how === "invite" && <li>Each person gets a mail with a link that is good for seven days. They have access once they accept.</li>}
        {how === "active" && <li>Nobody gets a mail now. Each has access as soon as they sign in with their email.</li>}
        {how === "inactive" && <li>Nobody gets a mail, and nobody has access until you activate them. They have no role and no license until then, and cost nothing.</li>}
        {review.takes.map((t) => <li key={t.subscription.id}>{takeWords(t, how)}</li>)}
        {active.map((s) => <li key={s.id}>{activeWords(s, how)}</li>)}
        {!quote && !active.length && <li>Nothing is bought, and nothing is due now.</li>}
      </ul>
      <Lacking here={here} review={review} subscriptions={subscriptions} onWithout={onWithout} />
      {quote && buys && (
        <>
          <Notice tone="warn" title={`Sending buys ${plural(n, "seat")} of ${named(buys)}${quote.amount_due_now.amount_minor > 0 ? ` and charges ${money(quote.amount_due_now)} today` : "; nothing is due today"}`}>
            {`${plural(quote.seats, "seat")} from then on instead of ${quote.from_seats}.`}
          </Notice>
          <QuoteView quote={quote} zone={here.zone} />
          {buys.rules.agreement_required && <Agreement url={buys.agreement_url} agreed={agreed} onAgreed={onAgreed} />}
        </>
      )}
    </>
  );
}

/** Rows that want a license for which there is no seat, and the ways out. */
function Lacking({ here, review, subscriptions, onWithout }: { here: Here; review: Review; subscriptions: Subscription[]; onWithout: (rows: Row[]) => void }) {
  const seats = [...review.refused.values()].filter(({ row, why }) => row.license && (codesOfSeats.includes(why.code) || (why.code === "forbidden" && !why.detail.includes("grant the role"))));
  const [first] = seats;
  if (!first) return null;
  const { why } = first;
  const s = subscriptions.find((one) => one.id === first.row.license);
  return (
    <Notice tone="warn" title={`${plural(seats.length, "person has", "people have")} no seat${s ? ` of ${named(s)}` : ""}`}
      actions={<>
        <Button small onClick={() => onWithout(seats.map(({ row }) => row))}>Add them without a license</Button>
        {s && why.code === "no_free_seats" && <Link class="button small" href={licensesOf(here, s)}><Icon name="seat" /><span>Go to the licenses</span></Link>}
        {why.code === "contact_sales" && <Link class="button small" href={`${here.home}/requests`}><Icon name="request" /><span>Ask the vendor</span></Link>}
      </>}>
      <p>{why.detail}</p>
      {s?.sales_contact && why.code === "contact_sales" && <p>Write to <a href={`mailto:${s.sales_contact}`}>{visible(s.sales_contact)}</a>.</p>}
      <p>The list stays here while you look.</p>
    </Notice>
  );
}
