// Writes: each carries an Idempotency-Key that outlives a reload, so that whatever is sent
// again, by a second click, a reload or a network that drops, has one effect.
import { useSignal } from "./signal";

import { call, Problem, problemOf, type Call } from "./api";

const prefix = "usher.key.";

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes.slice(0, 16), (b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends a write. The same method, path and body get the same key until the server has
 * answered; then the key is forgotten, so that the same thing can be done again on purpose.
 * An outcome that is not known (no answer, 5xx, still in work) keeps the key.
 */
export async function write<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, options: Omit<Call, "method" | "body" | "key"> = {}): Promise<T> {
  const place = prefix + (await digest(`${method} ${path} ${JSON.stringify(body ?? null)}`));
  const key = sessionStorage.getItem(place) ?? crypto.randomUUID();
  sessionStorage.setItem(place, key);
  try {
    const answer = await call<T>(path, { ...options, method, body, key });
    sessionStorage.removeItem(place);
    return answer;
  } catch (reason) {
    if (reason instanceof Problem && !reason.again && reason.status !== 401) sessionStorage.removeItem(place);
    throw reason;
  }
}

/** A write with its state, for a form: `busy` while it is under way, `problem` when it failed. */
export function useWrite() {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  return {
    busy,
    problem,
    /** Runs the work once at a time. True: it succeeded. */
    async run(work: () => Promise<void>): Promise<boolean> {
      if (busy.value) return false;
      busy.value = true;
      problem.value = null;
      try {
        await work();
        return true;
      } catch (reason) {
        problem.value = problemOf(reason);
        return false;
      } finally {
        busy.value = false;
      }
    },
  };
}

export type Write = ReturnType<typeof useWrite>;
