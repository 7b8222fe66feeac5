// What happened in the account: its ledger in sentences, newest first.
import { useAccount, type Here } from "../lib/account";
import { query, type Page } from "../lib/api";
import { addDays, dayOf, startOf } from "../lib/days";
import { eventTypes, type Group, type LedgerEvent, type Names } from "../lib/events";
import { clock, weekday } from "../lib/format";
import { usePages } from "../lib/query";
import { queryValue, setQuery } from "../lib/router";
import { Card, PageHead, Pager } from "../ui/bits";
import { Button } from "../ui/button";
import { Select, TextField } from "../ui/field";
import { Icon, type IconName } from "../ui/icon";
import { Empty, Loaded } from "../ui/notice";
import { PersonPicker } from "../ui/person-picker";
import { Doer, Sentence, useNames } from "../ui/sentence";

const icons: Record<Group, IconName> = { People: "users", Licenses: "seat", Plans: "plan", Invoices: "invoice", Requests: "request", Account: "settings" };
const iconOf = (type: string): IconName => {
  const group = eventTypes.find((t) => t.type === type)?.group;
  return group ? icons[group] : "activity";
};

const kinds = [
  { value: "", label: "Everything" },
  ...Object.keys(icons).flatMap((group) => eventTypes.filter((t) => t.group === group).map((t) => ({ value: t.type, label: t.label, group }))),
];

const none = { person: "", kind: "", from: "", to: "" };

export function ActivityPage() {
  const here = useAccount();
  const names = useNames();
  const filters = { person: queryValue("person"), kind: queryValue("kind"), from: queryValue("from"), to: queryValue("to") };
  const wrongWay = !!filters.from && !!filters.to && filters.from > filters.to;
  const list = usePages<Page<LedgerEvent>>(query(`${here.api}/events`, {
    user: filters.person, type: filters.kind, from: startOf(filters.from, here.zone), to: filters.to && !wrongWay ? startOf(addDays(filters.to, 1), here.zone) : "",
  }));
  const filtered = Object.values(filters).some(Boolean);
  return (
    <>
      <PageHead title="Activity" lead={<p>Everything that changed and who did it. Nobody can change or remove it.</p>} />
      <Card plain>
        <div class="toolbar activity-filters" role="search">
          <div class="search"><PersonPicker label="Person" removed value={filters.person} onValue={(person) => setQuery({ person })} placeholder="Anybody" /></div>
          <Select label="What" value={filters.kind} onValue={(kind) => setQuery({ kind })} options={kinds} />
          <TextField label="From" type="date" value={filters.from} onValue={(from) => setQuery({ from })} />
          <TextField label="To" type="date" value={filters.to} onValue={(to) => setQuery({ to })} error={wrongWay ? "This day is before the first one." : undefined} />
          {filtered && <Button kind="quiet" icon="close" onClick={() => setQuery(none)}>Clear filters</Button>}
        </div>
        <Loaded query={list} what="the activity of this account" rows={10}>
          {(page) => page.items.length === 0
            ? <Empty icon="activity" title={filtered ? "Nothing like that happened" : "Nothing has happened yet"} actions={filtered && <Button onClick={() => setQuery(none)}>Clear filters</Button>}>{filtered ? "Choose another person, another kind of thing, or more days." : ""}</Empty>
            : <div aria-busy={list.late}>{byDay(page.items, here.zone).map(([day, events]) => <Day key={day} events={events} here={here} names={names} />)}</div>}
        </Loaded>
        <Pager number={list.number} back={list.back} forward={list.forward} />
      </Card>
    </>
  );
}

/** The entries of a page by their local days, both in the order in which they stand. */
function byDay(events: LedgerEvent[], zone: string): [string, LedgerEvent[]][] {
  const days: [string, LedgerEvent[]][] = [];
  for (const e of events) {
    const day = dayOf(e.at, zone);
    const last = days.at(-1);
    if (last?.[0] === day) last[1].push(e);
    else days.push([day, [e]]);
  }
  return days;
}

function Day({ events, here, names }: { events: LedgerEvent[]; here: Here; names: Names }) {
  const first = events[0];
  if (!first) return null;
  const day = dayOf(first.at, here.zone);
  const today = dayOf(here.now, here.zone);
  const near = day === today ? "Today, " : day === addDays(today, -1) ? "Yesterday, " : "";
  return (
    <section class="day">
      <h2>{near}{weekday(first.at, here.zone)}</h2>
      <ol>
        {events.map((e) => (
          <li key={e.id}>
            <span class="event-icon"><Icon name={iconOf(e.type)} /></span>
            <div>
              <p><Sentence of={e} names={names} /></p>
              <p class="soft small-text"><time dateTime={e.at}>{clock(e.at, here.zone)}</time><Doer of={e} before=" · " /></p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
