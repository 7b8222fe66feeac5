// Everybody of an account.
import { useSignal } from "../lib/signal";
import { useEffect, useState } from "preact/hooks";

import { useAccount, useSubscriptions, type Here } from "../lib/account";
import { query, type Schema } from "../lib/api";
import { count, date, money, personName, plural, roleNames, statusNames, visible } from "../lib/format";
import { know } from "../lib/people";
import { all, usePages } from "../lib/query";
import { mayLicense } from "../lib/rights";
import { go, Link, queryValue, setQuery } from "../lib/router";
import { billedUsers, counted, heldBy, running, userPage, type Subscription, type User } from "../lib/users";
import { useWrite } from "../lib/write";
import { Card, Chip, Figure, Meter, PageHead, Pager, Person, SortButton, SortHead, Typed } from "../ui/bits";
import { Button, ButtonLink } from "../ui/button";
import { Select, TextField } from "../ui/field";
import { Empty, Loaded, ProblemNotice } from "../ui/notice";
import { AssignDialog, canAssign } from "./assign-dialog";
import { MyLicenses } from "./my-licenses";
import { UserMenu } from "./user-menu";

type UserList = Schema<"UserPage">;

export const statusTone = { active: "good", invited: "info", deactivated: "warn", removed: "neutral" } as const;

/** So many of a search can be selected at once, which is ten portions of licenses. */
const selectable = 1000;

export function UsersPage() {
  const here = useAccount();
  return here.manages ? <Everybody here={here} /> : <MyLicenses />;
}

const sorts = [["name", "Name, A to Z"], ["-name", "Name, Z to A"], ["email", "Email, A to Z"], ["-email", "Email, Z to A"], ["-added", "Newest first"], ["added", "Oldest first"], ["status", "Status"], ["-status", "Status, reversed"]] as const;
const options = (any: string, names: Record<string, string>) => [{ value: "", label: any }, ...Object.entries(names).map(([value, label]) => ({ value, label }))];

function Everybody({ here }: { here: Here }) {
  const filters = { q: queryValue("q"), role: queryValue("role"), status: queryValue("status"), licensed: queryValue("licensed") };
  const sort = queryValue("sort") || "name";
  const path = query(`${here.api}/users`, { ...filters, sort });
  const list = usePages<UserList>(path);
  const subscriptions = useSubscriptions().data?.items ?? [];
  const [typed, setTyped] = useState(filters.q);
  const selected = useSignal<Map<string, User>>(new Map());
  useEffect(() => {
    const wait = setTimeout(() => typed !== filters.q && setQuery({ q: typed }), 120); // a moment after the last key
    return () => clearTimeout(wait);
  }, [typed]);
  if (list.data) know(here.api, list.data.items);
  const filtered = Object.values(filters).some(Boolean);
  const may = (s: Subscription) => mayLicense(here, s);
  const selecting = canAssign(subscriptions, may);
  const select = (users: User[], on: boolean) => {
    const next = new Map(selected.value);
    for (const u of users) on ? next.set(u.id, u) : next.delete(u.id);
    selected.value = next;
  };
  return (
    <>
      <PageHead title="Users" actions={<><ButtonLink href={`${here.home}/users/invitations`} icon="mail">Open invitations</ButtonLink><ButtonLink kind="primary" icon="plus" href={`${here.home}/users/add`}>Add users</ButtonLink></>} />
      <Numbers active={list.data?.active_users} />
      <Card plain>
        <div class="toolbar users-toolbar" role="search" aria-label="Users">
          <div class="search"><TextField label="Search by name or email" type="search" value={typed} onValue={setTyped} maxLength={100} autocomplete="off" /></div>
          <Select label="Role" value={filters.role} onValue={(role) => setQuery({ role })} options={options("Any", roleNames)} />
          <Select label="Status" value={filters.status} onValue={(status) => setQuery({ status })} options={options("All but removed", statusNames)} />
          <Select label="License" value={filters.licensed} onValue={(licensed) => setQuery({ licensed })} options={options("Any", { true: "With a license", false: "Without" })} />
          <div class="narrow-only"><Select label="Order" value={sort} onValue={(value) => setQuery({ sort: value })} options={sorts.map(([value, label]) => ({ value, label }))} /></div>
        </div>
        {selected.value.size > 0 && <Selection selected={selected.value} select={select} clear={() => (selected.value = new Map())} path={path} total={list.data?.total ?? 0} />}
        <Loaded query={list} what="the users of this account" rows={8}>
          {(page) => page.items.length === 0
            ? <Empty icon="users" title={filtered ? "Nobody matches" : "Nobody is here yet"} actions={filtered && <Button onClick={() => { setTyped(""); setQuery({ q: "", role: "", status: "", licensed: "" }); }}>Clear search and filters</Button>}>{filtered ? "Search looks at the beginning of names and emails." : "Add the people who should work with the product."}</Empty>
            : <Table here={here} users={page.items} late={list.late} sort={sort} subscriptions={subscriptions} selected={selecting ? selected.value : null} select={select} />}
        </Loaded>
        {list.back || list.forward
          ? <Pager number={list.number} back={list.back} forward={list.forward} what={list.data && plural(list.data.total, "user")} />
          : list.data && <p class="pager">{plural(list.data.total, "user")}</p>}
      </Card>
    </>
  );
}

interface Selecting {
  /** Who is selected by their ids; null where nothing can be done with a selection. */
  selected: Map<string, User> | null;
  select: (users: User[], on: boolean) => void;
}

function Table({ here, users, late, sort, subscriptions, selected, select }: Selecting & { here: Here; users: User[]; late: boolean; sort: string; subscriptions: Subscription[] }) {
  const onSort = (value: string) => setQuery({ sort: value });
  const on = users.filter((u) => selected?.has(u.id)).length;
  const by = sort.replace("-", "");
  return (
    <div class="table-frame" aria-busy={late}>
      <table class="rows users">
        <caption class="hidden">Users of {visible(here.account.name)}</caption>
        <thead>
          <tr>
            {selected && (
              <th scope="col">
                <input type="checkbox" aria-label="Select all on this page" checked={on === users.length} ref={(box) => { if (box) box.indeterminate = on > 0 && on < users.length; }} onChange={(e) => select(users, e.currentTarget.checked)} />
              </th>
            )}
            <th scope="col" aria-sort={by === "name" || by === "email" ? (sort.startsWith("-") ? "descending" : "ascending") : "none"}>
              <SortButton label="Name" by="name" sort={sort} onSort={onSort} /> <SortButton label="Email" by="email" sort={sort} onSort={onSort} />
            </th>
            <th scope="col">Role</th>
            <th scope="col">Qualification</th>
            <SortHead label="Status" by="status" sort={sort} onSort={onSort} />
            <th scope="col">Licenses</th>
            <SortHead label="Added" by="added" sort={sort} onSort={onSort} />
            <th scope="col"><span class="hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>{users.map((u) => <Row key={u.id} user={u} here={here} subscriptions={subscriptions} selected={selected} select={select} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ user: u, here, subscriptions, selected, select }: Selecting & { user: User; here: Here; subscriptions: Subscription[] }) {
  const name = personName(u), held = heldBy(u, subscriptions);
  return (
    <tr class={selected?.has(u.id) ? "chosen" : ""} onClick={(e) => { if (!(e.target as Element).closest("a, button, input, label, dialog, [popover]")) go(userPage(here, u.id)); }}>
      {selected && <td class="row-check"><input type="checkbox" aria-label={`Select ${name}`} checked={selected.has(u.id)} onChange={(e) => select([u], e.currentTarget.checked)} /></td>}
      <th scope="row"><Link href={userPage(here, u.id)}><Person name={name} below={<span class="email" title={visible(u.email)}><Typed>{u.email}</Typed></span>} /></Link></th>
      <td data-label="Role">{roleNames[u.role]}</td>
      <td data-label="Qualification" class={u.qualification ? "" : "blank"}>{u.qualification ? <Typed>{u.qualification}</Typed> : <span class="soft">–</span>}</td>
      <td data-label="Status"><Chip tone={statusTone[u.status]}>{statusNames[u.status]}</Chip></td>
      <td data-label="Licenses">{held.length ? <ul class="held">{held.map((h) => <li key={h.product}>{h.name}</li>)}</ul> : <span class="soft">None</span>}</td>
      <td data-label="Added" class="nowrap">{date(u.added_at, here.zone)}</td>
      <td class="row-actions"><UserMenu user={u} subscriptions={subscriptions} /></td>
    </tr>
  );
}

/** What can be done with everybody who is selected, on whichever page of the list they stand. */
function Selection({ selected, select, clear, path, total }: { selected: Map<string, User>; select: Selecting["select"]; clear: () => void; path: string; total: number }) {
  const [assigning, setAssigning] = useState(false);
  const w = useWrite();
  const more = Math.min(total, selectable);
  const everybody = () => void w.run(async () => select((await all<User>(path, selectable)).slice(0, selectable), true));
  return (
    <>
      <div class="selection" role="region" aria-label="Selection">
        <strong role="status">{plural(selected.size, "user")} selected</strong>
        <Button small kind="primary" icon="seat" onClick={() => setAssigning(true)}>Assign licenses</Button>
        {selected.size < more && <Button small busy={w.busy.value} onClick={everybody}>{total > selectable ? `Select the first ${count(selectable)}` : `Select all ${count(total)}`}</Button>}
        <Button small kind="quiet" onClick={clear}>Clear selection</Button>
        <ProblemNotice problem={w.problem.value} />
      </div>
      {assigning && (
        <AssignDialog users={[...selected.values()]} onClose={(refused, done) => {
          setAssigning(false);
          if (!done) return;
          clear();
          select(refused, true);
        }} />
      )}
    </>
  );
}

/** How many work with it, how much of each pool is used, and what is billed by use. */
function Numbers({ active }: { active: number | undefined }) {
  const here = useAccount();
  const subscriptions = useSubscriptions();
  return (
    <dl class="figures">
      <Figure label="Active users" value={active === undefined ? "…" : count(active)} />
      {running(subscriptions.data?.items).map((s) => (s.billing === "seats"
        ? (
          <Figure key={s.id} label={`${visible(s.product_name)} licenses`} value={`${count(s.in_use)} of ${count(s.seats)}`}
            below={<><Meter used={s.in_use} reserved={s.reserved} total={s.seats} /><span>{s.reserved > 0 && `${count(s.reserved)} reserved · `}{s.available >= 0 ? `${count(s.available)} available` : `${count(-s.available)} over`} · <Link href={`${here.home}/licenses/${s.id}`}>Manage</Link></span></>} />
        )
        : <Billed key={s.id} of={s} />))}
    </dl>
  );
}

/** What the next invoice counts on a plan that bills active users. */
function Billed({ of: s }: { of: Subscription }) {
  const here = useAccount();
  const next = billedUsers(s), on = date(s.period.end, here.zone);
  return (
    <Figure label={`${visible(s.product_name)}${next ? ": next invoice" : ""}`} value={next ? `${next.users} ${next.users === "1" ? "user" : "users"}, ${money(next.amount)}` : plural(s.in_use, "user")}
      below={(
        <>
          <span>{s.trial_ends_at ? "The trial costs nothing." : next ? `Before tax, on ${on}. It counts ${counted[s.rules.active_count]}.` : `The invoice of ${on} counts ${counted[s.rules.active_count]}.`}</span>
          <span>Every active user may use it: there are no licenses to give.</span>
        </>
      )} />
  );
}
