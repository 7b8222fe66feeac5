// Sending a list, batch by batch. What was sent and not yet answered stands in the draft,
// so that after a lost network or a reload exactly that is sent again, with its key.
import type { Signal } from "../../lib/signal";

import type { Here } from "../../lib/account";
import { Problem, type Schema } from "../../lib/api";
import { invalidate } from "../../lib/query";
import { write } from "../../lib/write";
import { batches, cellMistakes, request, verdicts, type Review } from "./review";
import type { Batch, Draft, Row } from "./rows";

/** How often a batch is sent again by itself where the server says to wait. */
const patience = 20;
const wait = (seconds: number) => new Promise((done) => setTimeout(done, Math.max(1, seconds) * 1000));

/** Sends a batch; where the server asks to wait, or is still at it, again after a while. */
async function post(batch: Batch): Promise<Parameters<typeof verdicts>[0]> {
  for (let tries = 1; ; tries++) {
    try {
      return await write("POST", batch.path, batch.body);
    } catch (reason) {
      const later = reason instanceof Problem && (reason.status === 429 || reason.code === "idempotency_in_progress");
      if (!later || tries === patience) throw reason;
      await wait(reason.retryAfterSeconds || 2);
    }
  }
}

function settle(draft: Signal<Draft>, ids: number[], became: (i: number) => Partial<Row>): void {
  const at = new Map(ids.map((id, i) => [id, i]));
  draft.value = { ...draft.peek(), sent: null, rows: draft.peek().rows.map((row) => {
    const i = at.get(row.id);
    return i === undefined ? row : { ...row, ...became(i) };
  }) };
}

/** Sends the batch that stands in the draft and notes in its rows what became of each. How many succeeded. */
export async function sendBatch(draft: Signal<Draft>): Promise<number> {
  const batch = draft.peek().sent;
  if (!batch) return 0;
  try {
    const results = verdicts(await post(batch));
    settle(draft, batch.ids, (i) => (results[i] ? { refused: results[i] ?? undefined } : { done: true, refused: undefined }));
    return results.filter((r) => !r).length;
  } catch (reason) {
    if (reason instanceof Problem && !reason.again && reason.status !== 401) {
      // Refused as a whole: nobody of it was added.
      const rows = draft.peek().rows.filter((r) => batch.ids.includes(r.id));
      const wrong: Map<Row, Schema<"Refusal">> = cellMistakes(reason, rows) ?? new Map();
      settle(draft, batch.ids, (i) => {
        const row = rows.find((r) => r.id === batch.ids[i]);
        return row && wrong.has(row) ? { refused: wrong.get(row) } : {};
      });
    }
    throw reason;
  }
}

/** Sends all rows of a review, unless `stopped` says that nobody looks any more. How many succeeded. */
export async function sendAll(here: Here, draft: Signal<Draft>, r: Review, agreed: boolean, stopped: () => boolean): Promise<number> {
  let added = 0;
  try {
    for (const part of batches(r.ready)) {
      if (stopped()) break;
      const { path, body } = request(here, draft.peek().how, part);
      // The first batch that lacks seats buys all of the quote; it charges once.
      const price = r.quote ? { quote_id: r.quote.quote_id, agreement_accepted: agreed } : {};
      draft.value = { ...draft.peek(), sent: { ids: part.map((row) => row.id), path, body: { ...body, ...price } } };
      added += await sendBatch(draft);
    }
  } finally {
    await refreshAfter(here);
  }
  return added;
}

/** Reads again what the new people change. */
export const refreshAfter = (here: Here) => invalidate(`${here.api}/invitations`, `${here.api}/users`, `${here.api}/subscriptions`, `${here.api}/invoices`);
