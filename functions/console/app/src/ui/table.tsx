// Tables whose rows turn into cards on a narrow screen, and lists of them by pages.
import type { ComponentChildren } from "preact";

import type { Page } from "../lib/api";
import type { usePages } from "../lib/query";
import { Pager } from "./bits";
import { Loaded } from "./notice";

export interface Column<T> {
  /** The column's head, and the label of its cells in a card. */
  name: string;
  cell: (row: T) => ComponentChildren;
  /** The head is for screen readers alone, where a row's actions stand. */
  hidden?: boolean;
  class?: string;
}

interface TableProps<T> {
  caption: string;
  /** The first one names the row. */
  columns: (Column<T> | false)[];
  keyOf: (row: T) => string | number;
  /** For the page's own styles. */
  class?: string;
}

export function Table<T>({ caption, columns, keyOf, rows, late, class: own = "" }: TableProps<T> & { rows: T[]; late?: boolean }) {
  const [first, ...others] = columns.filter((c) => c !== false);
  return (
    <div class="table-frame" aria-busy={late}>
      <table class={`rows ${own}`}>
        <caption class="hidden">{caption}</caption>
        <thead><tr>{[first, ...others].map((c) => c && <th key={c.name} scope="col" class={c.class}>{c.hidden ? <span class="hidden">{c.name}</span> : c.name}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <th scope="row">{first?.cell(row)}</th>
              {others.map((c) => <td key={c.name} data-label={c.hidden ? undefined : c.name} class={c.class}>{c.cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ListProps<T> extends TableProps<T> {
  list: ReturnType<typeof usePages<Page<T>>>;
  /** What it lists, for saying that the reader may not see it. */
  what: string;
  /** In the place of a table without rows. */
  empty: ComponentChildren;
  /** How many there are, in words. */
  total?: string;
}

/** A list by pages as a table. */
export const TableList = <T,>({ list, what, empty, total, ...table }: ListProps<T>) => (
  <>
    <Loaded query={list} what={what} rows={6}>
      {({ items }) => (items.length ? <Table {...table} rows={items} late={list.late} /> : empty)}
    </Loaded>
    <Pager number={list.number} back={list.back} forward={list.forward} what={total} />
  </>
);
