// Asking the vendor, with what was tried elsewhere filled in from the address.
import { useAccount, useSubscriptions } from "../../lib/account";
import type { Page, Schema } from "../../lib/api";
import { useDraft } from "../../lib/draft";
import { visible } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { go, queryValue, setQuery } from "../../lib/router";
import { write } from "../../lib/write";
import { FormDialog } from "../../ui/dialog";
import { Select, Stepper, TextArea } from "../../ui/field";
import { say } from "../../ui/notice";

type Kind = Schema<"Request">["kind"];

interface Draft {
  kind: Kind;
  subscription: string;
  seats: number;
  plan: string;
  message: string;
}

const kinds: Record<Kind, string> = { seats: "Another number of licenses", plan: "Another plan", cancel: "The end of a subscription", other: "Something else" };

export function OpenRequest() {
  const subscriptions = useSubscriptions();
  const plans = useQuery<Page<Schema<"PlanOffer">>>(`${useAccount().api}/plans`);
  if (!subscriptions.data || !plans.data) return null;
  return <Form subscriptions={subscriptions.data.items.filter((s) => s.status === "active")} plans={plans.data.items} />;
}

function Form({ subscriptions, plans }: { subscriptions: Schema<"Subscription">[]; plans: Schema<"PlanOffer">[] }) {
  const here = useAccount();
  const asked = queryValue("new");
  const first = subscriptions.find((s) => s.id === queryValue("subscription")) ?? subscriptions[0];
  const draft = useDraft<Draft>(`request.${here.account.id}.${asked}.${queryValue("subscription")}.${queryValue("seats")}.${queryValue("plan")}`, {
    kind: asked in kinds ? asked as Kind : "other", subscription: first?.id ?? "", seats: Number(queryValue("seats")) || (first?.seats ?? 1), plan: queryValue("plan"),
    message: queryValue("about") ? `We are interested in ${queryValue("about")}.` : "",
  });
  const d = draft.value;
  const set = (change: Partial<Draft>) => (draft.value = { ...d, ...change });
  const sub = subscriptions.find((s) => s.id === d.subscription);
  const targets = plans.filter((p) => p.product_id === sub?.product_id && p.plan_id !== sub.plan_id);
  const plan = targets.find((p) => p.plan_id === d.plan)?.plan_id ?? targets[0]?.plan_id ?? "";
  const close = () => {
    draft.discard();
    setQuery({ new: "", subscription: "", seats: "", plan: "", about: "" });
  };
  const send = async () => {
    const message = d.message.trim().replace(/\s+/g, " ");
    const about = d.kind === "other" ? {} : { subscription_id: d.subscription, ...(d.kind === "seats" ? { seats: d.seats } : d.kind === "plan" ? { plan_id: plan } : {}) };
    const opened = await write<Schema<"Request">>("POST", `${here.api}/requests`, { kind: d.kind, ...about, ...(message ? { message } : {}) });
    draft.discard();
    await invalidate(`${here.api}/requests`);
    say("The request is with the vendor");
    go(`${here.home}/requests/${opened.id}`, { replace: true });
  };
  const offered = (Object.keys(kinds) as Kind[]).filter((k) => k === "other" || (k === "seats" ? subscriptions.some((s) => s.billing === "seats") : subscriptions.length > 0));
  return (
    <FormDialog title="Ask the vendor" submit="Send the request" send={send} onClose={close} disabled={d.kind === "other" && !d.message.trim()}>
      <Select label="What do you want?" value={d.kind} onValue={(kind) => set({ kind: kind as Kind })} options={offered.map((value) => ({ value, label: kinds[value] }))} />
      {d.kind !== "other" && subscriptions.length > 1 && <Select label="Of which product?" value={d.subscription} onValue={(subscription) => set({ subscription, plan: "", seats: subscriptions.find((s) => s.id === subscription)?.seats ?? 1 })} options={subscriptions.map((s) => ({ value: s.id, label: visible(s.product_name) }))} />}
      {d.kind === "seats" && <Stepper label="Total licenses" value={d.seats} onValue={(seats) => set({ seats })} min={1} hint={sub && `You have ${sub.seats} now.`} />}
      {d.kind === "plan" && <Select label="Which plan?" value={plan} onValue={(value) => set({ plan: value })} options={targets.map((p) => ({ value: p.plan_id, label: visible(p.name) }))} />}
      <TextArea label={d.kind === "other" ? "Your question or wish" : "A message to the vendor (optional)"} value={d.message} onValue={(message) => set({ message })} maxLength={500} rows={4} />
      <ul class="points soft small-text">
        <li>Nothing changes and nothing is charged by asking. The vendor approves or declines, and you are told by mail.</li>
        {d.kind !== "other" && <li>Approving does it at once or at the end of the cycle. The open request shows the price of now.</li>}
      </ul>
    </FormDialog>
  );
}
