// What is scheduled for a subscription, with the way to take each of it back.
import { useSignal } from "../../lib/signal";

import { useAccount } from "../../lib/account";
import { path, type Schema } from "../../lib/api";
import { dateTime, longDate, relative, visible } from "../../lib/format";
import { invalidate } from "../../lib/query";
import { maySpend } from "../../lib/rights";
import { write } from "../../lib/write";
import { Card } from "../../ui/bits";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { Icon, type IconName } from "../../ui/icon";

type Subscription = Schema<"Subscription">;
type Ahead = Schema<"Ahead">;

const icons: Record<Ahead["kind"], IconName> = { settlement: "invoice", trial_end: "clock", decrease: "minus", plan_change: "swap", end: "close", renewal: "invoice" };
const takeBack: Partial<Record<Ahead["kind"], string>> = { decrease: "Cancel this decrease", plan_change: "Cancel this change", end: "Resume the subscription" };

export function Timeline({ of: s }: { of: Subscription }) {
  const here = useAccount();
  const back = useSignal<Ahead["kind"] | null>(null);
  return (
    <Card title="What comes next">
      <ol class="timeline">
        {s.timeline.map((a) => {
          const undo = maySpend(here, s) && (!s.cancel_at || a.kind === "end") && takeBack[a.kind];
          return (
            <li key={a.kind} class={takeBack[a.kind] ? "pending" : ""}>
              <span class="timeline-mark"><Icon name={icons[a.kind]} /></span>
              <div>
                <p class="soft small-text"><time dateTime={a.at} title={dateTime(a.at, here.zone)}>{longDate(a.at, here.zone)}</time>, {relative(a.at, here.now)}</p>
                <p>{inWords(a.text)}</p>
                {undo && <Button small onClick={() => (back.value = a.kind)}>{undo}</Button>}
              </div>
            </li>
          );
        })}
      </ol>
      {back.value && <TakeBack of={s} kind={back.value} onClose={() => (back.value = null)} />}
    </Card>
  );
}

/** The API says seats, the console licenses. */
const inWords = (text: string) => visible(text.replace(/(\d|of) seat/, "$1 license"));

interface Undo {
  title: string;
  points: string[];
  submit: string;
  method: "DELETE" | "POST";
  at: string;
  done: string;
}

function undoOf(s: Subscription, kind: Ahead["kind"], zone: string): Undo {
  const product = visible(s.product_name), end = longDate(s.period.end, zone);
  if (kind === "decrease") {
    return {
      title: "Cancel the scheduled decrease", submit: "Cancel the decrease", method: "DELETE", at: "/seat-changes/pending", done: "The decrease is cancelled",
      points: ["Nobody loses a license by it, and the bill goes on as if it had not been asked for.", "Nothing is due today."],
    };
  }
  if (kind === "plan_change") {
    const to = visible(s.pending_plan?.plan_name ?? s.pending_plan?.plan_id ?? "the other plan");
    return {
      title: "Cancel the scheduled change of plan", submit: "Cancel the change", method: "DELETE", at: "/plan-changes/pending", done: `The plan stays ${visible(s.plan_name)}`,
      points: [`You stay on ${visible(s.plan_name)}, with everything that its licenses allow.`, `The bill: the next cycle is charged by ${visible(s.plan_name)}, not by ${to}. Nothing is due today.`],
    };
  }
  return {
    title: `Resume ${product}`, submit: `Resume ${product}`, method: "POST", at: "/resume", done: `${product} goes on`,
    points: [`It goes on after ${end}, with all that is scheduled.`, "Nothing is due today."],
  };
}

/** Takes a scheduled change back, after saying what that means. */
export function TakeBack({ of: s, kind, onClose }: { of: Subscription; kind: Ahead["kind"]; onClose: () => void }) {
  const here = useAccount();
  const undo = undoOf(s, kind, here.zone);
  const send = async () => {
    await write(undo.method, here.api + path`/subscriptions/${s.id}` + undo.at);
    await invalidate(here.api);
    return undo.done;
  };
  return (
    <FormDialog title={undo.title} submit={undo.submit} dismiss="Leave it" send={send} onClose={onClose}>
      <ul class="points">{undo.points.map((p) => <li key={p}>{p}</li>)}</ul>
    </FormDialog>
  );
}
