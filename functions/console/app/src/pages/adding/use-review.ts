// Keeps the review of a list up to date: short lists by themselves, long ones when asked.
import { useSignal } from "../../lib/signal";
import { useEffect } from "preact/hooks";

import type { Here } from "../../lib/account";
import { review as look, subject, type Review } from "./review";
import { batchSize, type How, type Row } from "./rows";

/** How long nothing has to change before a list is looked at, in milliseconds. */
const calm = 600;

export function useReview(here: Here, how: How, ready: Row[], off: boolean) {
  const found = useSignal<Review | null>(null);
  const under = useSignal(""), checked = useSignal(0);
  const of = subject(how, ready);
  const current = found.value?.of === of ? found.value : null;
  const ask = () => {
    if (off || !ready.length) return;
    under.value = of;
    checked.value = 0;
    void look(here, how, ready, of, (n) => {
      if (under.peek() === of) checked.value = n;
    }).then((r) => {
      if (under.peek() !== of) return; // an older list's
      under.value = "";
      found.value = r;
    });
  };
  useEffect(() => {
    if (off || current || under.peek() === of || !ready.length || ready.length > batchSize) return undefined;
    const wait = setTimeout(ask, calm);
    return () => clearTimeout(wait);
  }, [of, off, !current]);
  return {
    /** Of the list as it is now, or null. */
    review: current,
    /** The last one, whose verdicts hold for the rows that are as they were. */
    last: found.value,
    checking: under.value === of,
    checked: checked.value,
    ask,
    /** Lets a review go that turned out to be too old. */
    forget: () => (found.value = null),
  };
}
