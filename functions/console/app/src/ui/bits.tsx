// Small parts that many pages share.
import type { ComponentChildren } from "preact";
import { useEffect, useId } from "preact/hooks";

import { count, visible } from "../lib/format";
import { Button } from "./button";
import { Icon } from "./icon";

/** A page's head. It names the browser's tab and takes the focus when the page opens, so that a screen reader begins there. */
export function PageHead({ title, lead, actions, back }: { title: string; lead?: ComponentChildren; actions?: ComponentChildren; back?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} – Seats`;
  }, [title]);
  return (
    <header class="page-head">
      {back && <p class="back">{back}</p>}
      <div class="page-title"><h1 tabIndex={-1}>{title}</h1>{actions && <div class="actions">{actions}</div>}</div>
      {lead && <div class="lead">{lead}</div>}
    </header>
  );
}

/** A part of a page; `item` where it is one of many alike. */
export function Card({ title, actions, children, plain, item }: { title?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; plain?: boolean; item?: boolean }) {
  const id = useId(), Part = item ? "article" : "section";
  return (
    <Part class={`card${plain ? " flush" : ""}`} aria-labelledby={title ? id : undefined}>
      {title && <header><h2 id={id}>{title}</h2>{actions && <div class="actions">{actions}</div>}</header>}
      {children}
    </Part>
  );
}

type Tone = "good" | "warn" | "bad" | "info" | "neutral";

export const Chip = ({ tone = "neutral", children }: { tone?: Tone; children: ComponentChildren }) => <span class={`chip ${tone}`}>{children}</span>;

/** Text that somebody typed, in its own direction and without characters that hide or turn others. */
export const Typed = ({ children }: { children: string }) => <bdi>{visible(children)}</bdi>;

/** A person: initials, name, and what stands below it. */
export function Person({ name, below }: { name: string; below?: ComponentChildren }) {
  const initials = name.split(/\s+/).map((part) => [...part][0] ?? "").slice(0, 2).join("").toUpperCase();
  return (
    <span class="person">
      <span class="avatar" aria-hidden="true">{initials}</span>
      <span class="person-text"><bdi class="person-name">{name}</bdi>{below && <span class="soft">{below}</span>}</span>
    </span>
  );
}

/** How much of a pool is in use, reserved and free. The numbers stand beside it in words, so the picture is for the eye only. */
export function Meter({ used, reserved, total }: { used: number; reserved: number; total: number }) {
  const whole = Math.max(total, used + reserved, 1);
  return (
    <svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="meter-all" width="100" height="8" />
      <rect class={used + reserved > total ? "meter-over" : "meter-used"} width={(100 * used) / whole} height="8" />
      <rect class="meter-reserved" x={(100 * used) / whole} width={(100 * reserved) / whole} height="8" />
    </svg>
  );
}

/** A number with its name, for the top of a page. */
export const Figure = ({ label, value, below }: { label: string; value: ComponentChildren; below?: ComponentChildren }) => (
  <div class="figure"><dt>{label}</dt><dd><span class="figure-value">{value}</span>{below && <span class="figure-below">{below}</span>}</dd></div>
);

/** Names and values, one below the other. */
export const Facts = ({ children }: { children: ComponentChildren }) => <dl class="facts">{children}</dl>;
export const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => <div><dt>{name}</dt><dd>{children}</dd></div>;

/** How far long work has come. */
export function Progress({ done, of, label }: { done: number; of: number; label: string }) {
  return <div class="progress"><progress max={of} value={done} aria-label={label} /><span role="status">{label}: {count(done)} of {count(of)}</span></div>;
}

/** The way through a list by pages. */
export function Pager({ number, back, forward, what }: { number: number; back?: () => void; forward?: () => void; what?: string }) {
  if (!back && !forward) return null;
  return (
    <nav class="pager" aria-label="Pages of the list">
      <span>Page {count(number)}{what ? ` · ${what}` : ""}</span>
      <span class="actions">
        <Button small icon="left" disabled={!back} onClick={back}>Previous</Button>
        <Button small icon="right" disabled={!forward} onClick={forward}>Next</Button>
      </span>
    </nav>
  );
}

interface Sorting {
  label: string;
  by: string;
  sort: string;
  onSort: (sort: string) => void;
}

/** What a table is sorted by when it is pressed, and the other way round when it is pressed again; `sort` is the API's word, with - in front when reversed. */
export function SortButton({ label, by, sort, onSort }: Sorting) {
  const down = sort === `-${by}`, on = down || sort === by;
  return <button type="button" class="sort" aria-pressed={on} onClick={() => onSort(on && !down ? `-${by}` : by)}>{label}<Icon name={down ? "down" : "up"} /></button>;
}

/** A column's head by which a table is sorted. */
export function SortHead(s: Sorting) {
  const down = s.sort === `-${s.by}`, on = down || s.sort === s.by;
  return <th scope="col" aria-sort={on ? (down ? "descending" : "ascending") : "none"}><SortButton {...s} /></th>;
}
