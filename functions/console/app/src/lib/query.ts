// What pages show of the server: read once, kept, and read again after a write. A page
// that is opened again shows what is known at once and refreshes it behind.
import { signal, useSignal, type Signal } from "./signal";
import { useEffect, useRef } from "preact/hooks";

import { call, problemOf, type Problem, type Page } from "./api";

interface Entry {
  value: Signal<unknown>;
  problem: Signal<Problem | null>;
  loading: Signal<boolean>;
  used: number;
  /** Counts reads, so that an older answer never replaces a newer one. */
  round: number;
  stale: boolean;
}

/** How many answers are kept beside those on screen. */
const keptEntries = 100;
const entries = new Map<string, Entry>();

function entry(path: string): Entry {
  let e = entries.get(path);
  if (!e) {
    e = { value: signal(undefined), problem: signal(null), loading: signal(false), used: 0, round: 0, stale: true };
    entries.set(path, e);
    for (const [name, old] of entries) {
      if (entries.size <= keptEntries) break;
      if (!old.used && name !== path) entries.delete(name);
    }
  }
  return e;
}

async function refresh(path: string, e: Entry): Promise<void> {
  const round = ++e.round;
  e.loading.value = true;
  e.stale = false;
  try {
    const got = await call<unknown>(path);
    if (round !== e.round) return;
    e.value.value = got;
    e.problem.value = null;
  } catch (reason) {
    if (round !== e.round) return;
    e.problem.value = problemOf(reason);
    e.stale = true;
  }
  e.loading.value = false;
}

export interface Query<T> {
  /** Undefined until the first answer. */
  data: T | undefined;
  problem: Problem | null;
  loading: boolean;
  reload: () => void;
}

const nothing = { data: undefined, problem: null, loading: false, reload: () => undefined };

/** The answer of a GET, kept fresh; null asks for nothing. */
export function useQuery<T>(path: string | null): Query<T> {
  const e = path === null ? null : entry(path);
  useEffect(() => {
    if (!e || path === null) return undefined;
    e.used++;
    if (e.stale || e.value.peek() !== undefined) void refresh(path, e);
    return () => void e.used--;
  }, [path]);
  if (!e || path === null) return nothing;
  return { data: e.value.value as T | undefined, problem: e.problem.value, loading: e.loading.value || (e.value.value === undefined && !e.problem.value), reload: () => void refresh(path, e) };
}

/** All pages of a list, for lists that are short by nature (at most `limit` items). */
export async function all<T>(path: string, limit = 1000): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const joined: string = path + (path.includes("?") ? "&" : "?") + "limit=100" + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : "");
    const page: Page<T> = await call<Page<T>>(joined);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < limit);
  return items;
}

/** Reads again what is on screen below the paths, and forgets the rest of them. Returns when the new answers are there. */
export async function invalidate(...prefixes: string[]): Promise<void> {
  const reading: Promise<void>[] = [];
  for (const [path, e] of entries) {
    if (!prefixes.some((prefix) => path.startsWith(prefix))) continue;
    if (e.used) reading.push(refresh(path, e));
    else {
      // Not taken out: a page that is just being drawn may hold it already.
      e.round++;
      e.stale = true;
      e.value.value = undefined;
    }
  }
  await Promise.all(reading);
}

/** Shows a value at once where a write has answered with it. */
export function put(path: string, value: unknown): void {
  const e = entries.get(path);
  if (e) e.value.value = value;
}

export function forgetAll(): void {
  for (const [path, e] of entries) if (!e.used) entries.delete(path);
}

/** As useQuery, but while another path's first answer is on its way the last one stays on screen: for searching and paging. */
export function useLatest<T>(path: string | null): Query<T> & { late: boolean } {
  const q = useQuery<T>(path);
  const last = useRef<T | undefined>(undefined);
  if (q.data !== undefined) last.current = q.data;
  const late = q.data === undefined && last.current !== undefined;
  return { ...q, data: q.data ?? (q.problem ? undefined : last.current), late };
}

/** A list by pages of `size`, with the way back. It begins anew when the path changes. */
export function usePages<P extends Page<unknown>>(path: string, size = 25) {
  const cursors = useSignal<{ of: string; list: string[] }>({ of: path, list: [] });
  const list = cursors.value.of === path ? cursors.value.list : [];
  const cursor = list.at(-1);
  const q = useLatest<P>(path + (path.includes("?") ? "&" : "?") + `limit=${size}` + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""));
  const next = q.data?.next_cursor;
  return {
    ...q,
    /** The number of the page on screen, from 1. */
    number: list.length + 1,
    forward: next && !q.late ? () => (cursors.value = { of: path, list: [...list, next] }) : undefined,
    back: list.length ? () => (cursors.value = { of: path, list: list.slice(0, -1) }) : undefined,
  };
}
