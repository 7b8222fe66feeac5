// Giving a license: search for a person, press Enter.
import { useSignal } from "../../lib/signal";
import { useEffect, useState } from "preact/hooks";

import { useAccount } from "../../lib/account";
import { Problem, query, type Schema } from "../../lib/api";
import { personName, plural, visible } from "../../lib/format";
import { know } from "../../lib/people";
import { invalidate, useLatest } from "../../lib/query";
import { Link, setQuery } from "../../lib/router";
import { maySpend } from "../../lib/rights";
import { useWrite, write } from "../../lib/write";
import { Person, Typed } from "../../ui/bits";
import { Combobox } from "../../ui/combobox";
import { ProblemNotice, say } from "../../ui/notice";
import { BuyForOne } from "./buy-for-one";

type Subscription = Schema<"Subscription">;
type User = Schema<"User">;

/** A moment after the last key, in milliseconds. */
const settling = 120;

export function Assign({ of: s }: { of: Subscription }) {
  const here = useAccount();
  const typed = useSignal("");
  const [q, setQ] = useState("");
  const buying = useSignal<User | null>(null);
  const w = useWrite();
  useEffect(() => {
    const wait = setTimeout(() => setQ(typed.value.trim()), settling);
    return () => clearTimeout(wait);
  }, [typed.value]);
  const found = useLatest<Schema<"UserPage">>(q ? query(`${here.api}/users`, { q, status: "active", limit: 8 }) : null);
  if (found.data) know(here.api, found.data.items);

  const give = async (user: User) => {
    const name = personName(user);
    if (s.available <= 0 && s.rules.auto_seats) return void (buying.value = user);
    const ok = await w.run(async () => {
      const { results } = await write<Schema<"AssignResults">>("POST", `${here.api}/subscriptions/${encodeURIComponent(s.id)}/licenses`, { user_ids: [user.id] });
      const refused = results[0]?.error;
      if (refused) throw new Problem(409, refused.code, refused.detail);
      await invalidate(here.api);
    });
    if (ok) {
      typed.value = "";
      setQ("");
      say(`${name} has a license`);
    } else if (w.problem.value?.code === "quote_required") {
      w.problem.value = null;
      buying.value = user;
    }
  };
  const full = s.available <= 0 && !(s.rules.auto_seats && maySpend(here, s));
  return (
    <div class="assign">
      <Combobox<User> label="Give a license to" placeholder="Name or email" disabled={full || w.busy.value} value={typed.value} onValue={(v) => (typed.value = v)} loading={found.loading || typed.value.trim() !== q}
        hint={full ? <Full of={s} /> : s.available > 0 ? `${plural(s.available, "license")} available.` : "None is available: you see the price of one more before anything is bought."}
        choices={q && typed.value.trim() ? (found.data?.items ?? []).map((u) => ({ key: u.id, value: u, view: <Person name={personName(u)} below={<Typed>{u.email}</Typed>} />, off: u.licenses.some((l) => l.product_id === s.product_id) ? "Has one" : undefined })) : undefined}
        empty={<>Nobody who is active matches. <Link href={`${here.home}/users/add`}>Add users</Link></>}
        onTake={(u) => void give(u)} />
      <ProblemNotice problem={w.problem.value} />
      {buying.value && <BuyForOne of={s} user={buying.value} onClose={() => { buying.value = null; typed.value = ""; setQ(""); }} />}
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
