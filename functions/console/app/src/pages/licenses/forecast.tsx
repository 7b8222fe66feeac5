// The invoices of the next twelve months as they will be, and as they would be with
// another number of licenses.
import { useEffect, useState } from "preact/hooks";

import { useAccount } from "../../lib/account";
import { call, problemOf, type Problem, type Schema } from "../../lib/api";
import { date, longDate, money, plural } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { Card } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Stepper } from "../../ui/field";
import { Amount } from "../../ui/money";
import { Loaded, ProblemNotice } from "../../ui/notice";

type Subscription = Schema<"Subscription">;
type ForecastOf = Schema<"Forecast">;

const months = 12;

export function Forecast({ of: s }: { of: Subscription }) {
  const here = useAccount();
  const at = `${here.api}/subscriptions/${encodeURIComponent(s.id)}/forecast?months=${months}`;
  const plain = useQuery<ForecastOf>(at);
  const [seats, setSeats] = useState(s.seats);
  const [supposed, setSupposed] = useState<ForecastOf | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const pool = s.billing === "seats" && !s.cancel_at;
  useEffect(() => setSeats(s.seats), [s.seats]);
  useEffect(() => {
    setProblem(null);
    if (!pool || seats === s.seats) return setSupposed(null);
    const stop = new AbortController();
    const wait = setTimeout(() => {
      call<ForecastOf>(at, { method: "POST", body: { changes: [{ seats }] }, signal: stop.signal }).then(setSupposed, (reason: unknown) => {
        if (stop.signal.aborted) return;
        setSupposed(null);
        setProblem(problemOf(reason));
      });
    }, 250);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [seats, s.seats, pool]);
  return (
    <Card title="The next 12 months">
      <Loaded query={plain} what="the forecast">
        {(f) => (
          <>
            <p class="soft">All invoices of the account if nothing else happens{supposed ? <>: <Amount of={f.amount_due_total} /> as it is, <strong><Amount of={supposed.amount_due_total} /></strong> with {plural(seats, "license")}.</> : <>: <Amount of={f.amount_due_total} /> in all.</>}</p>
            {pool && (
              <div class="what-if">
                <Stepper label="What if there were this many licenses?" value={seats} onValue={setSeats} min={1} />
                {seats !== s.seats && <Button kind="quiet" onClick={() => setSeats(s.seats)}>Back to {s.seats}</Button>}
              </div>
            )}
            <ProblemNotice problem={problem} />
            <Chart of={f} beside={supposed} />
          </>
        )}
      </Loaded>
    </Card>
  );
}

interface Bar {
  at: string;
  now: number;
  then?: number;
}

/** Documents by their day, those of the supposition beside them. */
function bars(f: ForecastOf, beside: ForecastOf | null): Bar[] {
  const days = new Map<string, Bar>();
  const add = (list: ForecastOf, put: (bar: Bar, minor: number) => void) => {
    for (const d of list.documents) {
      const bar = days.get(d.issued_at) ?? { at: d.issued_at, now: 0, then: beside ? 0 : undefined };
      days.set(d.issued_at, bar);
      put(bar, d.kind === "credit_note" ? -d.total.amount_minor : d.amount_due.amount_minor);
    }
  };
  add(f, (bar, minor) => (bar.now += minor));
  if (beside) add(beside, (bar, minor) => (bar.then = (bar.then ?? 0) + minor));
  return [...days.values()].sort((a, b) => a.at.localeCompare(b.at));
}

const height = 120;

function Chart({ of: f, beside }: { of: ForecastOf; beside: ForecastOf | null }) {
  const { zone } = useAccount();
  const list = bars(f, beside);
  if (!list.length) return <p>No invoice will be issued.</p>;
  const currency = f.amount_due_total.currency, text = (minor: number) => money({ amount_minor: minor, currency });
  const most = Math.max(1, ...list.flatMap((b) => [b.now, b.then ?? 0]));
  const width = 40 * list.length, tall = (minor: number) => (height * Math.max(0, minor)) / most;
  return (
    <figure class="forecast">
      <figcaption class="soft small-text">Highest: {text(most)}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {list.map((b, i) => (
          <g key={b.at}>
            <rect class="forecast-now" x={40 * i + (beside ? 4 : 8)} width={beside ? 15 : 24} y={height - tall(b.now)} height={tall(b.now)} />
            {b.then !== undefined && <rect class="forecast-then" x={40 * i + 21} width={15} y={height - tall(b.then)} height={tall(b.then)} />}
          </g>
        ))}
      </svg>
      <p class="forecast-ends soft small-text"><span>{date(list[0]?.at ?? "", zone)}</span><span>{date(list.at(-1)?.at ?? "", zone)}</span></p>
      <details>
        <summary>The amounts as a table</summary>
        <div class="table-frame">
          <table>
            <caption class="hidden">Invoices of the next 12 months</caption>
            <thead><tr><th scope="col">Date</th><th scope="col" class="num">{beside ? "As it is" : "Amount"}</th>{beside && <th scope="col" class="num">Supposed</th>}</tr></thead>
            <tbody>{list.map((b) => <tr key={b.at}><th scope="row">{longDate(b.at, zone)}</th><td class="num">{text(b.now)}</td>{beside && <td class="num">{text(b.then ?? 0)}</td>}</tr>)}</tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
