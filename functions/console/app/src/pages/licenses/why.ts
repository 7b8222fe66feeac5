import type { Schema } from "../../lib/api";

/** Why more licenses cost nothing today, where they do not. */
export function nothingDue(s: Schema<"Subscription">, quote: Schema<"Quote">): string | undefined {
  if (quote.amount_due_now.amount_minor !== 0 || quote.credited_now.amount_minor !== 0) return undefined;
  if (quote.invoice_now?.credit_applied.amount_minor) return "Your credit covers it.";
  if (quote.seats <= quote.from_seats) return undefined;
  if (s.trial_ends_at) return "The trial is running; nothing is charged before it ends.";
  if (s.rules.settle === "daily") return "The changes of today are invoiced together when the day is over.";
  if (s.rules.settle === "next_invoice") return "What they cost for the rest of this cycle stands on the next invoice.";
  return "They cost nothing for the rest of this cycle.";
}
