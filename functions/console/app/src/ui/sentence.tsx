// Entries of the ledger on screen: sentences with links to the people and papers in them.
import { useAccount, useSubscriptions } from "../lib/account";
import type { Page, Schema } from "../lib/api";
import { doer, sentence, type LedgerEvent, type Names, type Part } from "../lib/events";
import { money } from "../lib/format";
import { nameOf } from "../lib/people";
import { useQuery } from "../lib/query";
import { Link } from "../lib/router";

/** What the products and plans of the account on screen are called: an id where nothing names it. */
export function useNames(): Names {
  const here = useAccount();
  const subscriptions = useSubscriptions().data?.items ?? [];
  const plans = useQuery<Page<Schema<"PlanOffer">>>(`${here.api}/plans`).data?.items ?? [];
  return {
    product: (id) => subscriptions.find((s) => s.product_id === id)?.product_name ?? plans.find((p) => p.product_id === id)?.product_name ?? id,
    plan: (id) => subscriptions.find((s) => s.plan_id === id)?.plan_name ?? plans.find((p) => p.plan_id === id)?.name ?? id,
    zone: here.zone,
  };
}

/** What happened. */
export const Sentence = ({ of, names }: { of: LedgerEvent; names: Names }) => <Parts of={sentence(of, names)} />;

/** Who did it, where the sentence does not say so itself. */
export function Doer({ of, before = "" }: { of: LedgerEvent; before?: string }) {
  const parts = doer(of);
  return parts.length ? <Parts of={[before, ...parts]} /> : null;
}

const Parts = ({ of }: { of: Part[] }) => <>{of.map((part, i) => <Piece key={i} of={part} />)}</>;

function Piece({ of: part }: { of: Part }) {
  const here = useAccount();
  if (typeof part === "string") return <>{part}</>;
  if ("money" in part) return <span class="amount">{money(part.money)}</span>;
  if ("person" in part) return <Link href={`${here.home}/users/${encodeURIComponent(part.person)}`}><bdi>{nameOf(here.api, part.person)}</bdi></Link>;
  if ("request" in part) return <Link href={`${here.home}/requests/${encodeURIComponent(part.request)}`}>{part.text}</Link>;
  return <Link href={`${here.home}/invoices/${part.invoice}`}>{part.credit ? "credit note" : "invoice"} {part.invoice}</Link>;
}
