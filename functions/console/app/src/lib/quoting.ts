// Quotes that follow what is entered: asked for a moment after the last change, and an
// answer to what is no longer asked is dropped.
import { useEffect, useRef, useState } from "preact/hooks";

import { call, Problem, problemOf, type Schema } from "./api";

type Quote = Schema<"Quote">;

/** A moment after the last key, in milliseconds. */
const settling = 200;
/** A quote is good for 15 minutes; it is fetched again a minute before, by the time since it came. */
const goodFor = 14 * 60_000;

export interface Quoting {
  /** The price of what is asked now; undefined while it is on its way. */
  quote: Quote | undefined;
  /** The price that was on screen last, to be shown as one that is about to change. */
  last: Quote | undefined;
  problem: Problem | null;
  loading: boolean;
  /** Why the price was fetched again though nothing was changed here. */
  note: string;
  again: (note?: string) => void;
}

/** The quote of a body at a path, null for none. */
export function useQuote(path: string, body: object | null): Quoting {
  const asked = body ? `${path} ${JSON.stringify(body)}` : "";
  const [round, setRound] = useState(0);
  const [note, setNote] = useState("");
  const [got, setGot] = useState<{ asked: string; quote?: Quote; problem?: Problem }>({ asked: "" });
  const last = useRef<Quote | undefined>(undefined);
  const first = useRef(true);

  useEffect(() => {
    if (!asked) return undefined;
    const stop = new AbortController();
    let expiry: ReturnType<typeof setTimeout> | undefined;
    const wait = setTimeout(() => {
      first.current = false;
      call<Quote>(path, { method: "POST", body, signal: stop.signal }).then(
        (quote) => {
          last.current = quote;
          setGot({ asked, quote });
          expiry = setTimeout(() => again("The price was old and has been fetched again."), goodFor);
        },
        (reason: unknown) => {
          if (stop.signal.aborted) return;
          last.current = undefined;
          setGot({ asked, problem: problemOf(reason) });
        },
      );
    }, first.current || round ? 0 : settling);
    return () => {
      clearTimeout(wait);
      clearTimeout(expiry);
      stop.abort();
    };
  }, [asked, round]);
  useEffect(() => {
    setNote("");
    setRound(0);
  }, [asked]);

  function again(why = "") {
    setGot({ asked: "" });
    setNote(why);
    setRound((n) => n + 1);
  }
  const current = got.asked === asked && asked !== "";
  return { quote: current ? got.quote : undefined, last: asked ? last.current : undefined, problem: current ? (got.problem ?? null) : null, loading: asked !== "" && !current, note, again };
}

/** Whether a refusal means that the price has to be looked at anew; nothing was charged. */
export const outdated = (problem: unknown): problem is Problem => problem instanceof Problem && (problem.code === "quote_expired" || problem.code === "quote_stale");

/** What is said beside the new price then. */
export const priceMoved = "The price has changed in between. Nothing was charged; this is the price now.";
