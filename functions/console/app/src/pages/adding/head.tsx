// What stands around the grid: how people come in, and where the list comes from.
import { useSignal, type Signal } from "../../lib/signal";
import { useId } from "preact/hooks";

import { count, plural, roleNames } from "../../lib/format";
import { roleWords } from "../../lib/users";
import { Fact, Facts } from "../../ui/bits";
import { Menu } from "../../ui/menu";
import { Notice } from "../../ui/notice";
import { Icon } from "../../ui/icon";
import type { ListDeeds } from "./deeds";
import type { Choice } from "./grid";
import { columnNames, maxRows, type Column, type How, type Subscription } from "./rows";

const ways: { how: How; label: string; text: string }[] = [
  { how: "invite", label: "Invite by mail", text: "Each gets a link and joins by accepting." },
  { how: "active", label: "Create, active", text: "No mail; they can sign in at once." },
  { how: "inactive", label: "Create, not active", text: "Prepared for later; no access, no cost." },
];

export function HowToAdd({ how, disabled, onHow }: { how: How; disabled: boolean; onHow: (how: How) => void }) {
  const name = useId();
  return (
    <fieldset class="ways" disabled={disabled}>
      <legend class="hidden">How people are added</legend>
      {ways.map((w) => (
        <label key={w.how} class={how === w.how ? "way chosen" : "way"}>
          <input type="radio" name={name} checked={how === w.how} onChange={() => onHow(w.how)} />
          <span><strong>{w.label}</strong><span class="soft small-text">{w.text}</span></span>
        </label>
      ))}
    </fieldset>
  );
}

/** The bar above the grid. A file can also be dropped on it. */
export function Sources({ deeds, choices, columns, disabled, people, done, wrong, only }: {
  deeds: ListDeeds; choices: Record<"role" | "license", Choice[]>; columns: Column[]; disabled: boolean; people: number; done: number; wrong: number; only: Signal<boolean>;
}) {
  const fault = useSignal(""), over = useSignal(false);
  const id = useId();
  const read = async (file: File | undefined) => {
    if (file) fault.value = await deeds.file(file);
  };
  const many = (["license", "role"] as const).filter((c) => columns.includes(c));
  return (
    <div class={over.value ? "sources over" : "sources"}
      onDragOver={(e) => { e.preventDefault(); over.value = !disabled; }}
      onDragLeave={() => (over.value = false)}
      onDrop={(e) => { e.preventDefault(); over.value = false; if (!disabled) void read(e.dataTransfer?.files[0]); }}>
      <div class="sources-row">
        <p><strong>{plural(people, "person", "people")}</strong>{done > 0 && <span class="soft"> · {count(done)} done</span>}{wrong > 0 && <span class="wrong-count"> · {plural(wrong, "mistake")}</span>}</p>
        <span class="actions">
          {(wrong > 0 || only.value) && people + done > 1 && (
            <label class="only"><input type="checkbox" checked={only.value} onChange={(e) => (only.value = e.currentTarget.checked)} /> Only rows with mistakes</label>
          )}
          {people > 1 && !disabled && <Menu label="Set for everybody" text="Set for everybody" icon="down" actions={[
            ...many.flatMap((c) => choices[c].map((o) => ({ label: c === "role" ? `Role: ${o.label}` : o.value ? `License: ${o.label}` : o.label, run: () => deeds.everybody(c, o.value) }))),
            { label: "Remove all rows", icon: "close" as const, danger: true, run: () => { deeds.clear(); fault.value = ""; } },
          ]} />}
          <label class="button small file-button" for={id}><Icon name="catalog" /><span>From a CSV file</span></label>
          <input id={id} class="hidden" type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" disabled={disabled} aria-label="From a CSV file"
            onChange={(e) => {
              const input = e.currentTarget;
              void read(input.files?.[0]).then(() => (input.value = "")); // so that the same file can be chosen again
            }} />
        </span>
      </div>
      {(fault.value || deeds.left()) && <Notice tone={fault.value ? "bad" : "warn"} title={fault.value || deeds.left()} />}
    </div>
  );
}

/** What the list can be filled with. */
export const Help = ({ columns, subscriptions }: { columns: Column[]; subscriptions: Subscription[] }) => (
  <details class="help">
    <summary>From a spreadsheet or a file, and what the roles may do</summary>
    <div class="stack">
      <ul class="points">
        <li>Copy cells of a spreadsheet and paste them into any cell. Up to {count(maxRows)} people fit into a list.</li>
        <li>A CSV file, with commas, semicolons or tabs, can also be dropped on the list.</li>
        <li>With a first line that names the columns ({columns.map((c) => columnNames[c]).join(", ")}) their order does not matter; without it they stand in this order.</li>
        <li>The list is kept in this tab until it is sent.</li>
      </ul>
      <Facts>{(["member", "admin", "billing_admin"] as const).map((role) => <Fact key={role} name={roleNames[role]}>{roleWords(role, subscriptions)}</Fact>)}</Facts>
    </div>
  </details>
);
