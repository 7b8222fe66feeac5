// Values that the screen follows: reading one is reading its value, and setting it shows. One that belongs to a component
// redraws that component, one that belongs to the whole console redraws the console, which costs a few milliseconds and
// spares keeping account of who reads what.
import { useReducer, useRef } from "preact/hooks";

export interface Signal<T> {
  value: T;
  /** The value, where following it is not the point. */
  peek(): T;
}

class Followed<T> implements Signal<T> {
  constructor(private now: T, private readonly changed: () => void) {}

  get value(): T {
    return this.now;
  }

  set value(next: T) {
    if (Object.is(next, this.now)) return;
    this.now = next;
    this.changed();
  }

  peek(): T {
    return this.now;
  }
}

const consoles = new Set<() => void>();

/** A value of the whole console. */
export const signal = <T>(initial: T): Signal<T> => new Followed(initial, () => consoles.forEach((draw) => draw()));

const next = (n: number) => n + 1;

/** A value of the component that calls it. */
export function useSignal<T>(initial: T): Signal<T> {
  const [, draw] = useReducer(next, 0);
  const kept = useRef<Signal<T> | undefined>(undefined);
  return (kept.current ??= new Followed(initial, () => draw(undefined)));
}

/** Draws the component that calls it, and all below it, whenever a value of the whole console changes. */
export function useAll(): void {
  const [, draw] = useReducer(next, 0);
  const known = useRef<(() => void) | undefined>(undefined);
  if (!known.current) consoles.add((known.current = () => draw(undefined)));
}
