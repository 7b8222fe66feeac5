// What becomes of whom where fewer licenses are kept than are in use.
import { useEffect, useState } from "preact/hooks";

import { useAccount } from "../../lib/account";
import { type Schema } from "../../lib/api";
import { count, personName, plural } from "../../lib/format";
import { all } from "../../lib/query";
import { Notice } from "../../ui/notice";

type Subscription = Schema<"Subscription">;
type Holder = Schema<"Holder">;

/** Names that are shown; the rest is a number. */
const shownNames = 10;
/** A longer list of holders is not read for its end. */
const readable = 1000;

export function BelowUse({ of: s, keep, now, at }: { of: Subscription; keep: number; now: boolean; at: string }) {
  const over = s.in_use + s.reserved - keep;
  if (over <= 0) return null;
  const use = `${plural(s.in_use, "license")} ${s.in_use === 1 ? "is" : "are"} in use${s.reserved ? ` and ${count(s.reserved)} reserved` : ""}, which is ${count(over)} more than you keep.`;
  // What waits for the end of the cycle goes by the rules of the plan of the next one.
  const rules = (!now && s.pending_plan?.rules) || s.rules;
  if (rules.over_assigned === "release_newest") return <Losing of={s} over={over} use={use} when={now ? "At once" : `On ${at}, if nothing changes before`} />;
  return (
    <Notice tone="warn" title={use}>
      Nobody loses a license: if that is still so on {at}, as many licenses stay as are in use, and are billed. Take {plural(over, "license")} before to pay for {count(keep)} only.
    </Notice>
  );
}

/** The names of those who lose their license: of open invitations first, then the newest. */
function Losing({ of: s, over, use, when }: { of: Subscription; over: number; use: string; when: string }) {
  const { api } = useAccount();
  const [holders, setHolders] = useState<Holder[] | null>(null);
  const invited = Math.min(over, s.reserved), losing = over - invited;
  useEffect(() => {
    if (losing > 0 && s.in_use <= readable) void all<Holder>(`${api}/subscriptions/${encodeURIComponent(s.id)}/licenses`, readable).then(setHolders, () => setHolders(null));
  }, [s.id, losing > 0]);
  const names = holders?.slice(-losing).reverse().map((h) => personName(h.user)) ?? [];
  return (
    <Notice tone="warn" title={use}>
      <p>{when}:</p>
      <ul>
        {invited > 0 && <li>{plural(invited, "open invitation loses its license", "open invitations lose their license")} first.</li>}
        {losing > 0 && names.length === 0 && <li>The {plural(losing, "newest license ends", "newest licenses end")}.</li>}
        {names.slice(0, shownNames).map((name, i) => <li key={i}><bdi>{name}</bdi> loses the license.</li>)}
        {names.length > shownNames && <li>And {count(names.length - shownNames)} more, the newest first.</li>}
      </ul>
    </Notice>
  );
}
