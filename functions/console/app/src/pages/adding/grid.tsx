// The list as a grid of cells, worked by keyboard as a spreadsheet is.
import { Component } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { Schema } from "../../lib/api";
import { count, roleNames, visible } from "../../lib/format";
import { Chip, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { cellOf, columnNames, type Column, type Mistakes, type Row } from "./rows";

export interface Choice {
  value: string;
  label: string;
}

export type State = "open" | "sending" | "done";

/** What the page does when something happens in the grid; the functions stay the same, so that rows need not be drawn again. */
export interface Deeds {
  edit: (id: number, column: Column, value: string) => void;
  leave: (id: number) => void;
  remove: (id: number) => void;
  /** Goes to the row after (or before) one; after the last it makes one. */
  step: (id: number, column: Column, by: 1 | -1, make: boolean) => void;
  paste: (id: number, column: Column, text: string) => boolean;
}

export interface Shown {
  row: Row;
  /** Its number in the whole list, from 1. */
  number: number;
  mistakes: Mistakes;
  refused: Schema<"Refusal"> | undefined;
  state: State;
}

/** What there is no room for at a cell, in fewer words. */
const shortly: Record<string, string> = { email_taken: "Already in this account; an open invitation can be sent again", no_free_seats: "No seat is free" };

export const cellID = (id: number, column: Column) => `cell-${id}-${column}`;

interface GridProps {
  rows: Shown[];
  columns: Column[];
  choices: Record<"role" | "license", Choice[]>;
  deeds: Deeds;
  locked: boolean;
  /** The cell that takes the focus next. */
  wanted: { current: string };
  done: string;
}

export function Grid({ rows, columns, choices, deeds, locked, wanted, done }: GridProps) {
  const table = useRef<HTMLTableElement>(null);
  useLayoutEffect(() => {
    if (!wanted.current) return;
    const cell = document.getElementById(wanted.current);
    if (cell) wanted.current = "";
    cell?.focus();
  });
  return (
    <div class="table-frame">
      <table class="rows grid" ref={table}>
        <caption class="hidden">People to add</caption>
        <thead><tr><th scope="col"><span class="hidden">Row</span></th>{columns.map((c) => <th key={c} scope="col">{columnNames[c]}</th>)}<th scope="col"><span class="hidden">Result</span></th></tr></thead>
        <tbody>{rows.map((r) => <RowView key={r.row.id} {...r} columns={columns} choices={choices} deeds={deeds} locked={locked} done={done} />)}</tbody>
      </table>
    </div>
  );
}

type RowProps = Shown & Pick<GridProps, "columns" | "choices" | "deeds" | "locked" | "done">;

/** One row. It is drawn again only when something of it changes: lists are long. */
class RowView extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps) {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render({ row, number, mistakes, refused, state, columns, choices, deeds, locked, done }: RowProps) {
    const wrong: Mistakes = { ...(row.left ? mistakes : {}) };
    if (refused) wrong[cellOf(refused, row)] ??= shortly[refused.code] ?? refused.detail;
    const fixed = state !== "open" || locked;
    return (
      <tr class={state} onFocusOut={(e) => {
        const to = e.relatedTarget;
        // A moment later, so that what is clicked does not move away under the pointer.
        if (!row.left && !(to instanceof Node && e.currentTarget.contains(to))) setTimeout(() => deeds.leave(row.id), 200);
      }}>
        <th scope="row" class="row-number"><span class="row-word">Row </span>{count(number)}</th>
        {columns.map((c) => (
          <td key={c} data-label={columnNames[c]} class={wrong[c] ? "wrong" : ""}>
            {fixed ? <Fixed row={row} column={c} choices={choices} /> : <Cell row={row} column={c} number={number} wrong={wrong[c]} choices={choices} deeds={deeds} />}
            {wrong[c] && <p class="field-error" id={`${cellID(row.id, c)}-error`}><Icon name="warn" /><span>{wrong[c]}</span></p>}
          </td>
        ))}
        <td class="row-actions">
          {state === "done" ? <Chip tone="good"><Icon name="check" />{done}</Chip>
            : state === "sending" ? <Chip tone="info">Sending</Chip>
            : <Button kind="quiet" small icon="close" aria-label={`Remove row ${number}`} disabled={locked} onClick={() => deeds.remove(row.id)} />}
        </td>
      </tr>
    );
  }
}

function Fixed({ row, column, choices }: { row: Row; column: Column; choices: GridProps["choices"] }) {
  const value = row[column];
  const text = column === "role" || column === "license" ? (choices[column].find((o) => o.value === value)?.label ?? value) : value;
  return text ? <Typed>{text}</Typed> : <span class="soft">–</span>;
}

function Cell({ row, column, number, wrong, choices, deeds }: { row: Row; column: Column; number: number; wrong: string | undefined } & Pick<GridProps, "choices" | "deeds">) {
  const id = cellID(row.id, column);
  const common = { id, "aria-label": `${columnNames[column]}, row ${number}`, "aria-invalid": wrong ? true : undefined, "aria-describedby": wrong ? `${id}-error` : undefined };
  if (column === "role" || column === "license") {
    const options = choices[column];
    const value = row[column];
    return (
      <span class="select">
        <select {...common} value={value} onChange={(e) => deeds.edit(row.id, column, e.currentTarget.value)}>
          {!options.some((o) => o.value === value) && <option value={value}>{column === "role" && value in roleNames ? roleNames[value as keyof typeof roleNames] : visible(value)}</option>}
          {options.map((o) => <option key={o.value} value={o.value}>{o.label}</option>)}
        </select>
        <Icon name="down" />
      </span>
    );
  }
  return (
    <input {...common} type="text" inputMode={column === "email" ? "email" : undefined} autocomplete="off" spellcheck={false} value={row[column]}
      onInput={(e) => deeds.edit(row.id, column, e.currentTarget.value)}
      onPaste={(e) => {
        if (deeds.paste(row.id, column, e.clipboardData?.getData("text/plain") ?? "")) e.preventDefault();
      }}
      onKeyDown={(e) => {
        const by = e.key === "Enter" || e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
        if (!by || e.isComposing || e.altKey || e.ctrlKey || e.metaKey) return;
        e.preventDefault();
        deeds.step(row.id, column, by, e.key === "Enter");
      }} />
  );
}
