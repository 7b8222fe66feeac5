// Ending a subscription with its cycle.
import { useAccount } from "../../lib/account";
import { path, type Schema } from "../../lib/api";
import { longDate, plural, visible } from "../../lib/format";
import { invalidate } from "../../lib/query";
import { write } from "../../lib/write";
import { FormDialog } from "../../ui/dialog";

export function CancelSubscription({ of: s, onClose }: { of: Schema<"Subscription">; onClose: () => void }) {
  const here = useAccount();
  const product = visible(s.product_name), end = longDate(s.period.end, here.zone);
  const send = async () => {
    await write("POST", here.api + path`/subscriptions/${s.id}/cancel`);
    await invalidate(here.api);
    return `${product} ends on ${end}`;
  };
  return (
    <FormDialog title={`Cancel ${product}`} submit={`Cancel ${product}`} dismiss="Keep it" danger send={send} onClose={onClose}>
      <ul class="points">
        <li>Everything stays usable until {end}, and until then you can resume it.</li>
        <li>{s.billing === "seats" ? `Then ${plural(s.in_use, "license ends", "licenses end")}${s.reserved ? ` and ${plural(s.reserved, "open invitation loses its license", "open invitations lose their license")}` : ""}: nobody can use ${product} any more.` : `Then nobody can use ${product} any more.`} The people stay in your account.</li>
        <li>{s.trial_ends_at ? "The trial ends without any charge." : s.billing === "seats" ? "Nothing is charged for the time after, and nothing is given back. Only what is still to be invoiced comes on a last invoice." : "The last invoice is for this cycle."}</li>
      </ul>
    </FormDialog>
  );
}
