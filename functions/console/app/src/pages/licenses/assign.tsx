// Giving a license: search for a person, press Enter.
import { useSignal } from "../../lib/signal";

import { useAccount } from "../../lib/account";
import { path, Problem, type Schema } from "../../lib/api";
import { personName, plural, visible } from "../../lib/format";
import { invalidate } from "../../lib/query";
import { Link, setQuery } from "../../lib/router";
import { maySpend } from "../../lib/rights";
import { useWrite, write } from "../../lib/write";
import { ProblemNotice, say } from "../../ui/notice";
import { PersonPicker } from "../../ui/person-picker";
import { AssignDialog } from "../assign-dialog";

type Subscription = Schema<"Subscription">;
type User = Schema<"User">;

export function Assign({ of: s }: { of: Subscription }) {
  const here = useAccount();
  const buying = useSignal<User | null>(null);
  const w = useWrite();

  const give = async (user: User) => {
    if (w.busy.value) return; // the field stays as it is meanwhile: one that is disabled loses the focus
    if (s.available <= 0 && s.rules.auto_seats) return void (buying.value = user);
    const ok = await w.run(async () => {
      const { results } = await write<Schema<"AssignResults">>("POST", here.api + path`/subscriptions/${s.id}/licenses`, { user_ids: [user.id] });
      const refused = results[0]?.error;
      if (refused) throw new Problem(409, refused.code, refused.detail);
      await invalidate(here.api);
    });
    if (ok) say(`${personName(user)} has a license`);
    else if (w.problem.value?.code === "quote_required") {
      w.problem.value = null;
      buying.value = user;
    }
  };
  const full = s.available <= 0 && !(s.rules.auto_seats && maySpend(here, s));
  const free = s.available > 0 ? `${plural(s.available, "license")} available.` : "None is available: you see the price of one more before anything is bought.";
  return (
    <div class="assign">
      <PersonPicker label="Give a license to" placeholder="Name or email" disabled={full} value="" filter={{ status: "active" }}
        unfit={(u) => (u.licenses.some((l) => l.product_id === s.product_id) ? "Has one" : "")}
        hint={full ? <Full of={s} /> : <>{free} Somebody who is not here yet: <Link href={`${here.home}/users/add`}>add users</Link>.</>}
        onValue={(_, user) => void (user && give(user))} />
      <ProblemNotice problem={w.problem.value} />
      {buying.value && <AssignDialog users={[buying.value]} subscription={s.id} onClose={() => (buying.value = null)} />}
    </div>
  );
}

/** What can be done where no license is left. */
function Full({ of: s }: { of: Subscription }) {
  const here = useAccount();
  if (s.rules.auto_seats) return <>No {visible(s.product_name)} license is available. Take one from somebody below, or ask the primary contact or a billing admin to buy one.</>;
  return (
    <>
      No {visible(s.product_name)} license is available. Take one from somebody below
      {s.reserved > 0 && <>, cancel an <Link href={`${here.home}/users/invitations`}>open invitation</Link></>}
      {maySpend(here, s) && s.rules.self_serve !== "none" && <>, or <button type="button" class="link" onClick={() => setQuery({ edit: "number" })}>add licenses</button></>}.
    </>
  );
}
