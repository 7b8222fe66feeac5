// On a plan that buys licenses as people need them: the price of one more, before it is given.
import { useAccount } from "../../lib/account";
import { Problem, type Schema } from "../../lib/api";
import { personName, plural, visible } from "../../lib/format";
import { useQuote } from "../../lib/quoting";
import { PurchaseDialog } from "../../ui/purchase";
import { nothingDue } from "./why";

type Results = Schema<"AssignResults">;

function quoteOf(answer: Results): Schema<"Quote"> {
  const refused = answer.results[0]?.error;
  if (refused) throw new Problem(409, refused.code, refused.detail);
  if (!answer.quote) throw new Problem(409, "free", "A license has become available meanwhile. Close this and give it: nothing has to be bought.");
  return answer.quote;
}

export function BuyForOne({ of: s, user, onClose }: { of: Schema<"Subscription">; user: Schema<"User">; onClose: () => void }) {
  const here = useAccount();
  const at = `${here.api}/subscriptions/${encodeURIComponent(s.id)}/licenses`;
  const users = { user_ids: [user.id] };
  const quoting = useQuote<Results>(at, { ...users, dry_run: true }, quoteOf);
  const name = personName(user);
  return (
    <PurchaseDialog<Results> title={`Buy a license for ${name}`} submit={`Buy and give it to ${name}`} quoting={quoting} confirm={at} more={users} agreement={s.agreement_url} prices={{ [s.plan_id]: s.price }}
      why={quoting.quote && nothingDue(s, quoting.quote)}
      consequences={(q) => (
        <ul class="points">
          <li>No license is available, so {plural(q.seats - q.from_seats, "license")} {q.seats - q.from_seats === 1 ? "is" : "are"} bought: {visible(s.product_name)} then has {plural(q.seats, "license")}.</li>
          <li>{name} can use {visible(s.product_name)} at once and is told by mail.</li>
          <li>Licenses that nobody uses go by themselves when the cycle ends, and are then no longer billed.</li>
        </ul>
      )}
      fault={(answer) => answer.results[0]?.error && new Problem(409, answer.results[0].error.code, answer.results[0].error.detail)}
      done={() => `${name} has a license`}
      receipt={() => <p>It was bought at the price you saw. The invoice is among your invoices.</p>}
      onClose={onClose} />
  );
}
