// Calls of the API: the one way to the server. Every failure is a Problem that can be
// shown as it is.
import type { components } from "../api";
import { accessToken, signIn } from "./session";

/** A shape of the API's document by its name. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** A list's page. */
export interface Page<T> {
  items: T[];
  next_cursor?: string;
}

/** Why a call failed. Status 0: no answer arrived, and what was sent may or may not have had its effect. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly fields: Schema<"ProblemField">[] = [],
    readonly retryAfterSeconds = 0,
    readonly requestID = "",
  ) {
    super(detail);
  }

  /** The same request may be sent again and have its one effect. */
  get again(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === "idempotency_in_progress";
  }
}

/** Whatever was thrown as a Problem. */
export const problemOf = (reason: unknown) => (reason instanceof Problem ? reason : new Problem(0, "unexpected", reason instanceof Error ? reason.message : String(reason)));

export interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** The Idempotency-Key; see write.ts. */
  key?: string;
  signal?: AbortSignal;
  /** Without a token. */
  anonymous?: boolean;
  /** application/pdf, text/csv, … : the answer is a Blob. */
  accept?: string;
}

/** How long a call may take, in milliseconds: longer than the API's 30 s. */
const patience = 35_000;

async function send(path: string, call: Call): Promise<Response> {
  const headers: Record<string, string> = { Accept: call.accept ?? "application/json" };
  if (!call.anonymous) {
    const token = await accessToken();
    if (token === null) {
      await signIn(location.pathname + location.search + location.hash);
      throw new Problem(401, "unauthorized", "Your sign-in has ended. You are taken to the sign-in page and come back here.");
    }
    headers.Authorization = `Bearer ${token}`;
  }
  if (call.body !== undefined) headers["Content-Type"] = "application/json";
  if (call.key) headers["Idempotency-Key"] = call.key;
  const ends = AbortSignal.timeout(patience);
  try {
    return await fetch(path, {
      method: call.method ?? "GET", headers, body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal: call.signal ? AbortSignal.any([call.signal, ends]) : ends, cache: "no-store",
    });
  } catch (reason) {
    if (call.signal?.aborted) throw reason;
    const what = navigator.onLine ? "The server did not answer." : "You are offline.";
    throw new Problem(0, "no_answer", call.method && call.method !== "GET" ? `${what} What you entered is kept: send it again, it takes effect once.` : `${what} Try again.`);
  }
}

async function problem(answer: Response): Promise<Problem> {
  const retry = Number(answer.headers.get("Retry-After") ?? 0) || 0;
  const body = (await answer.json().catch(() => ({}))) as Partial<Schema<"ProblemBody">>;
  const detail = body.detail ?? (answer.status >= 500 ? "The server had a problem. Try again in a moment." : "The server refused this.");
  return new Problem(answer.status, body.code ?? (answer.status === 401 ? "unauthorized" : "unknown"), detail, body.errors ?? [], retry, body.request_id ?? "");
}

/** Calls the API and returns its JSON, or undefined where it answers nothing. */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const answer = await send(path, options);
  if (!answer.ok) {
    const refused = await problem(answer);
    // A token that the API no longer takes: sign in anew and come back.
    if (refused.status === 401 && !options.anonymous) await signIn(location.pathname + location.search + location.hash, { again: true });
    throw refused;
  }
  return (answer.status === 204 ? undefined : await answer.json().catch(() => undefined)) as T;
}

/** Fetches a document and hands it to the browser as a download. */
export async function download(path: string, type: string, name: string): Promise<void> {
  const answer = await send(path, { accept: type });
  if (!answer.ok) throw await problem(answer);
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A path with its parts escaped: path`/v1/accounts/${id}/users`. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((out, part, i) => out + encodeURIComponent(String(values[i - 1])) + part);
}

/** A path with a query of the values that are set. */
export function query(base: string, values: Record<string, string | number | boolean | undefined>): string {
  const set = Object.entries(values).filter(([, v]) => v !== undefined && v !== "").map(([k, v]) => [k, String(v)]);
  return set.length ? `${base}?${new URLSearchParams(set)}` : base;
}
