// What somebody has typed and not yet sent. It outlives a reload and a sign-in that ended.
import { useLayoutEffect } from "preact/hooks";

import { useSignal, type Signal } from "./signal";
import { stored } from "./stored";

const prefix = "usher.draft.";

/** A signal that is kept in this tab under a name until `discard`. */
export function useDraft<T>(name: string, initial: T): Signal<T> & { discard: () => void } {
  const place = prefix + name;
  const value = useSignal<T>(stored<T>(place) ?? initial);
  const text = JSON.stringify(value.value);
  // At once, not after the next picture: the page may be on its way out.
  useLayoutEffect(() => {
    if (text === JSON.stringify(initial)) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, text);
  }, [text]);
  return Object.assign(value, {
    discard() {
      value.value = initial;
      sessionStorage.removeItem(place);
    },
  });
}
