// Everybody of an account.
import { useEffect, useState } from "preact/hooks";

import { useAccount, useSubscriptions, type Here } from "../lib/account";
import { query, type Schema } from "../lib/api";
import { count, date, personName, plural, roleNames, statusNames, visible } from "../lib/format";
import { know } from "../lib/people";
import { usePages } from "../lib/query";
import { go, Link, queryValue, setQuery } from "../lib/router";
import { Card, Chip, Figure, Meter, PageHead, Pager, Person, SortHead, Typed } from "../ui/bits";
import { Button, ButtonLink } from "../ui/button";
import { Select, TextField } from "../ui/field";
import { Empty, Loaded } from "../ui/notice";
import { UserPage } from "./user";

type User = Schema<"User">;
type UserList = Schema<"UserPage">;

export const statusTone = { active: "good", invited: "info", deactivated: "warn", removed: "neutral" } as const;

export function UsersPage() {
  const here = useAccount();
  if (!here.manages) return <UserPage id={here.me.id} />;
  return <Everybody here={here} />;
}

function Everybody({ here }: { here: Here }) {
  const filters = { q: queryValue("q"), role: queryValue("role"), status: queryValue("status"), licensed: queryValue("licensed"), sort: queryValue("sort") || "name" };
  const list = usePages<UserList>(query(`${here.api}/users`, filters));
  const [typed, setTyped] = useState(filters.q);
  useEffect(() => {
    const wait = setTimeout(() => typed !== filters.q && setQuery({ q: typed }), 150); // a moment after the last key
    return () => clearTimeout(wait);
  }, [typed]);
  if (list.data) know(here.api, list.data.items);
  const filtered = !!(filters.q || filters.role || filters.status || filters.licensed);
  return (
    <>
      <PageHead title="Users" actions={<><ButtonLink href={`${here.home}/users/invitations`} icon="mail">Open invitations</ButtonLink><ButtonLink kind="primary" icon="plus" href={`${here.home}/users/add`}>Add users</ButtonLink></>} />
      <Numbers active={list.data?.active_users} />
      <Card plain>
        <div class="toolbar" role="search">
          <div class="search"><TextField label="Search by name or email" type="search" value={typed} onValue={setTyped} maxLength={100} autocomplete="off" /></div>
          <Select label="Role" value={filters.role} onValue={(role) => setQuery({ role })} options={[{ value: "", label: "Any" }, ...Object.entries(roleNames).map(([value, label]) => ({ value, label }))]} />
          <Select label="Status" value={filters.status} onValue={(status) => setQuery({ status })} options={[{ value: "", label: "All but removed" }, ...Object.entries(statusNames).map(([value, label]) => ({ value, label }))]} />
          <Select label="License" value={filters.licensed} onValue={(licensed) => setQuery({ licensed })} options={[{ value: "", label: "Any" }, { value: "true", label: "With a license" }, { value: "false", label: "Without" }]} />
        </div>
        <Loaded query={list} what="the users of this account" rows={8}>
          {(page) => page.items.length === 0
            ? <Empty icon="users" title={filtered ? "Nobody matches" : "Nobody is here yet"} actions={filtered && <Button onClick={() => { setTyped(""); setQuery({ q: "", role: "", status: "", licensed: "" }); }}>Clear search and filters</Button>}>{filtered ? "Search looks at the beginning of names and emails." : "Add the people who should work with the product."}</Empty>
            : (
              <div class="table-frame" aria-busy={list.late}>
                <table class="rows">
                  <caption class="hidden">Users of {visible(here.account.name)}</caption>
                  <thead>
                    <tr>
                      <SortHead label="Name" by="name" sort={filters.sort} onSort={(sort) => setQuery({ sort })} />
                      <SortHead label="Email" by="email" sort={filters.sort} onSort={(sort) => setQuery({ sort })} />
                      <th scope="col">Role</th>
                      <th scope="col">Qualification</th>
                      <SortHead label="Status" by="status" sort={filters.sort} onSort={(sort) => setQuery({ sort })} />
                      <th scope="col">Licenses</th>
                      <SortHead label="Added" by="added" sort={filters.sort} onSort={(sort) => setQuery({ sort })} />
                    </tr>
                  </thead>
                  <tbody>{page.items.map((u) => <Row key={u.id} user={u} here={here} />)}</tbody>
                </table>
              </div>
            )}
        </Loaded>
        <Pager number={list.number} back={list.back} forward={list.forward} what={list.data && plural(list.data.total, "user")} />
      </Card>
    </>
  );
}

function Row({ user: u, here }: { user: User; here: Here }) {
  const name = personName(u);
  return (
    <tr onClick={(e) => { if (!(e.target as Element).closest("a, button, input, label")) go(`${here.home}/users/${u.id}`); }}>
      <th scope="row"><Link href={`${here.home}/users/${u.id}`}><Person name={name} /></Link></th>
      <td data-label="Email"><Typed>{u.email}</Typed></td>
      <td data-label="Role">{roleNames[u.role]}</td>
      <td data-label="Qualification">{u.qualification ? <Typed>{u.qualification}</Typed> : <span class="soft">–</span>}</td>
      <td data-label="Status"><Chip tone={statusTone[u.status]}>{statusNames[u.status]}</Chip></td>
      <td data-label="Licenses">{u.licenses.length ? u.licenses.map((l) => <Chip key={l.product_id}>{l.product_id}</Chip>) : <span class="soft">None</span>}</td>
      <td data-label="Added">{date(u.added_at, here.zone)}</td>
    </tr>
  );
}

/** How many work with it, and how much of each pool is used. */
function Numbers({ active }: { active: number | undefined }) {
  const here = useAccount();
  const subscriptions = useSubscriptions();
  return (
    <dl class="figures">
      <Figure label="Active users" value={active === undefined ? "…" : count(active)} />
      {subscriptions.data?.items.filter((s) => s.status === "active" && s.billing === "seats").map((s) => (
        <Figure key={s.id} label={`${visible(s.product_name)} licenses`} value={`${count(s.in_use)} of ${count(s.seats)}`}
          below={<><Meter used={s.in_use} reserved={s.reserved} total={s.seats} /><span>{s.reserved > 0 && `${count(s.reserved)} reserved · `}{s.available >= 0 ? `${count(s.available)} available` : `${count(-s.available)} over`} · <Link href={`${here.home}/licenses/${s.id}`}>Manage</Link></span></>} />
      ))}
    </dl>
  );
}
