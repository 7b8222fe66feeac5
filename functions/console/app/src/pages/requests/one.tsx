// One request with its price and its answer.
import { useEffect } from "preact/hooks";

import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { count, dateTime } from "../../lib/format";
import { nameOf } from "../../lib/people";
import { useQuery } from "../../lib/query";
import { Link } from "../../lib/router";
import { Card, Chip, Fact, Facts, PageHead, Typed } from "../../ui/bits";
import { Icon } from "../../ui/icon";
import { Amount } from "../../ui/money";
import { Empty, Loaded, Notice } from "../../ui/notice";
import { statusOf, useSubject } from "./subject";

type Request = Schema<"Request">;

/** How often an open request is looked at for its answer, in milliseconds. */
const lookEvery = 15_000;

export function OneRequest({ id }: { id: string }) {
  const here = useAccount();
  const one = useQuery<Request>(`${here.api}/requests/${encodeURIComponent(id)}`);
  const subject = useSubject();
  const waiting = one.data?.status === "open";
  useEffect(() => {
    if (!waiting) return undefined;
    const look = setInterval(one.reload, lookEvery);
    return () => clearInterval(look);
  }, [waiting]);
  const back = <Link href={`${here.home}/requests`}><Icon name="left" />Requests</Link>;
  if (one.problem?.status === 404) return <><PageHead title="Request" back={back} /><Empty icon="search" title="There is no such request">The address may be old.</Empty></>;
  return (
    <Loaded query={one} what="this request">
      {(r) => (
        <>
          <PageHead title={subject(r)} back={back} actions={<Chip tone={statusOf[r.status][0]}>{statusOf[r.status][1]}</Chip>} />
          <Card>
            <Facts>
              <Fact name="Opened">{dateTime(r.opened_at, here.zone)} by <Typed>{nameOf(here.api, r.opened_by)}</Typed></Fact>
              {r.from_seats !== undefined && r.seats !== undefined && <Fact name="Licenses">{count(r.from_seats)} then, {count(r.seats)} asked for</Fact>}
              {r.kind !== "other" && <Fact name={r.amount_due_now.amount_minor < 0 ? "Credit at once" : "Due at once"}><Amount of={{ ...r.amount_due_now, amount_minor: Math.abs(r.amount_due_now.amount_minor) }} /></Fact>}
              {r.kind !== "other" && <Fact name="Next invoice"><Amount of={r.next_invoice_total} /></Fact>}
            </Facts>
            {r.kind !== "other" && <p class="soft small-text">The prices are those of the moment it was opened.{r.status === "open" && " Nothing is charged before the vendor approves, at the price of then."}</p>}
            {r.message && <blockquote><Typed>{r.message}</Typed></blockquote>}
          </Card>
          <Card title="The vendor’s answer">
            {r.status === "open"
              ? <p class="soft">There is none yet. It comes here and by mail.</p>
              : (
                <>
                  <Notice tone={r.status === "approved" ? "good" : "warn"} title={r.status === "approved" ? (r.kind === "other" ? "Approved" : "Approved and done") : "Declined: nothing was changed"}>{r.answer && <Typed>{r.answer}</Typed>}</Notice>
                  {r.answered_at && <p class="soft small-text">{dateTime(r.answered_at, here.zone)}{r.status === "approved" && r.subscription_id && <> · <Link href={`${here.home}/licenses/${encodeURIComponent(r.subscription_id)}`}>To the licenses</Link></>}</p>}
                </>
              )}
          </Card>
        </>
      )}
    </Loaded>
  );
}
