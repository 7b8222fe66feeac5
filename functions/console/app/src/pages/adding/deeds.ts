// What can be done with the list.
import type { Signal } from "../../lib/signal";
import { useMemo, useRef } from "preact/hooks";

import { plural, visible } from "../../lib/format";
import { say } from "../../ui/notice";
import { cellID, type Deeds } from "./grid";
import { batchSize, blankRow, isBlank, maxRows, type Column, type Draft, type Row } from "./rows";
import { decodeFile, insert, isTable, maxFileBytes, paste, peopleOf, type Read, type Words } from "./spreadsheet";

export interface ListDeeds extends Deeds {
  add: () => void;
  retry: () => void;
  clear: () => void;
  /** Gives every row that was not sent the same role or license. */
  everybody: (column: "role" | "license", value: string) => void;
  without: (rows: Row[]) => void;
  /** Adds the people of a file; says in words what was wrong with it. */
  file: (file: File) => Promise<string>;
  /** What the last paste or file left out, or "". */
  left: () => string;
}

interface Parts {
  draft: Signal<Draft>;
  wanted: { current: string };
  page: Signal<number>;
  words: Words;
}

/** The deeds, the same functions for as long as the page is open. */
export function useDeeds(parts: Parts): ListDeeds {
  const now = useRef(parts);
  now.current = parts;
  return useMemo(() => deedsOf(now), []);
}

/** Gives numbers to rows that have none yet. */
function numbered(rows: Row[]): Row[] {
  let next = Math.max(0, ...rows.map((r) => r.id));
  return rows.map((r) => (r.id ? r : { ...r, id: ++next }));
}

function deedsOf(now: { current: Parts }): ListDeeds {
  const rows = () => now.current.draft.peek().rows;
  const set = (list: Row[]) => (now.current.draft.value = { ...now.current.draft.peek(), rows: numbered(list.length ? list : [blankRow(1, { license: now.current.words.license })]) });
  const change = (id: number, to: (row: Row) => Row) => set(rows().map((r) => (r.id === id ? to(r) : r)));
  const focus = (id: number, column: Column) => {
    const at = rows().findIndex((r) => r.id === id);
    now.current.page.value = Math.floor(at / batchSize);
    now.current.wanted.current = cellID(id, column);
    now.current.draft.value = { ...now.current.draft.peek() }; // draws, and the grid takes the focus
  };
  const add = () => {
    const list = rows(), last = list.at(-1);
    if (list.length >= maxRows) return say(`A list takes ${maxRows} rows. Send it, then go on.`);
    set([...list, blankRow(0, last)]);
    focus(rows().at(-1)?.id ?? 0, "email");
  };
  let left = "";
  /** Takes a longer list as far as there is room, and remembers what to tell. */
  const take = (list: Row[], read: Read) => {
    const over = list.length - maxRows;
    left = [
      over > 0 && `A list takes ${maxRows} rows: the last ${over} were left out. Add them afterwards.`,
      read.unused.length > 0 && `Nothing was taken from: ${read.unused.map(visible).join(", ")}.`,
    ].filter(Boolean).join(" ");
    set(list.slice(0, maxRows));
    const people = read.rows.filter((r) => !isBlank(r)).length - Math.max(0, over);
    say(`${plural(people, "row")} taken over`);
  };
  return {
    add,
    edit: (id, column, value) => change(id, (r) => ({ ...r, [column]: value, refused: undefined })),
    leave: (id) => change(id, (r) => (isBlank(r) ? r : { ...r, left: true })),
    remove(id) {
      const list = rows(), at = list.findIndex((r) => r.id === id);
      set(list.filter((r) => r.id !== id));
      const next = rows()[Math.min(at, rows().length - 1)];
      if (next) focus(next.id, "email");
    },
    step(id, column, by, make) {
      const list = rows(), to = list[list.findIndex((r) => r.id === id) + by];
      if (to && !to.done) focus(to.id, make ? "email" : column);
      else if (make && !to) add();
    },
    paste(id, column, text) {
      if (!isTable(text, column)) return false;
      const list = rows(), { rows: to, read } = paste(list, list.findIndex((r) => r.id === id), column, text, now.current.words);
      take(to, read);
      const first = rows().find((r) => !r.done);
      if (first) focus(first.id, "email");
      return true;
    },
    retry: () => set(rows().map((r) => (r.refused ? { ...r, refused: undefined } : r))),
    clear: () => set(rows().filter((r) => r.done)),
    everybody: (column, value) => set(rows().map((r) => (r.done || r[column] === value ? r : { ...r, [column]: value, refused: undefined }))),
    without: (of) => set(rows().map((r) => (of.some((one) => one.id === r.id) ? { ...r, license: "", refused: undefined } : r))),
    async file(file) {
      left = "";
      if (file.size > maxFileBytes) return `${visible(file.name)} is larger than 1 MB. Save only the columns that are needed, as CSV.`;
      const { text, guessed } = decodeFile(new Uint8Array(await file.arrayBuffer()));
      if (text.includes("\0")) return `${visible(file.name)} is no text. Save it as “CSV UTF-8” and choose that file.`;
      const read = peopleOf(text, now.current.words);
      if (!read.rows.length) return `${visible(file.name)} has no lines with people.`;
      take(insert(rows(), rows().length, read.rows), read);
      if (guessed) left = `${left} The file is not UTF-8: see whether letters with accents are right.`.trim();
      return "";
    },
    left: () => left,
  };
}
