// What a page says: notices, problems, what is empty, what is loading, and the line that
// is read out after something was done.
import { signal } from "../lib/signal";
import type { ComponentChildren } from "preact";

import type { Problem } from "../lib/api";
import type { Query } from "../lib/query";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";

type Tone = "info" | "good" | "warn" | "bad";

const icons: Record<Tone, IconName> = { info: "info", good: "check", warn: "warn", bad: "warn" };

export function Notice({ tone = "info", title, children, actions }: { tone?: Tone; title?: ComponentChildren; children?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={icons[tone]} />
      <div>
        {title && <p class="notice-title">{title}</p>}
        {children && <div class="notice-text">{children}</div>}
        {actions && <div class="actions">{actions}</div>}
      </div>
    </div>
  );
}

/** Why something failed, with each field's fault and a way to try again. */
export function ProblemNotice({ problem, retry }: { problem: Problem | null; retry?: () => void }) {
  if (!problem) return null;
  return (
    <Notice tone="bad" title={problem.message} actions={retry && <Button small onClick={retry}>Try again</Button>}>
      {problem.fields.length > 0 && <ul>{problem.fields.map((f) => <li key={f.location + f.message}>{f.message}</li>)}</ul>}
      {problem.retryAfterSeconds > 0 && <p>It may work again in {problem.retryAfterSeconds} seconds.</p>}
      {problem.status >= 500 && problem.requestID && <p>If it stays, tell support this number: <code>{problem.requestID}</code></p>}
    </Notice>
  );
}

/** What there is to say where nothing is to show; `page` where it is all of the page. */
export function Empty({ icon = "info", title, children, actions, page }: { icon?: IconName; title: string; children?: ComponentChildren; actions?: ComponentChildren; page?: boolean }) {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={icon} /></span>
      {page ? <h1 class="empty-title" tabIndex={-1}>{title}</h1> : <p class="empty-title">{title}</p>}
      {children && <div class="empty-text">{children}</div>}
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

/** Grey bars in the place of what is on its way. */
export function Skeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden">Loading…</span>
      {Array.from({ length: rows }, (_, i) => <span key={i} class="bar" aria-hidden="true" />)}
    </div>
  );
}

/** What a page shows of a query: its data, or why there is none yet. An older answer stays on screen while a newer one fails. */
export function Loaded<T>({ query, children, rows, what = "this" }: { query: Query<T>; children: (data: T) => ComponentChildren; rows?: number; what?: string }) {
  if (query.data !== undefined) {
    return (
      <>
        {query.problem && <Notice tone="warn" title="This may be out of date" actions={<Button small onClick={query.reload}>Try again</Button>}>{query.problem.message}</Notice>}
        {children(query.data)}
      </>
    );
  }
  if (!query.problem) return <Skeleton rows={rows} />;
  if (query.problem.status === 403) return <NoPermission what={what} detail={query.problem.message} />;
  if (query.problem.status === 404) return <Empty icon="search" title="Nothing is here">The address may be old.</Empty>;
  return <ProblemNotice problem={query.problem} retry={query.reload} />;
}

export const NoPermission = ({ what, detail, page }: { what: string; detail?: string; page?: boolean }) => (
  <Empty page={page} icon="key" title={`You may not see ${what}`}>{detail ?? "Ask the primary contact or an admin of your account."}</Empty>
);

const line = signal({ text: "", at: 0 });

/** Says what was done, for the eye and for a screen reader. */
export const say = (text: string) => (line.value = { text, at: Date.now() });

export function Toast() {
  const { text, at } = line.value;
  return <div class="toast" role="status" aria-live="polite">{text && <p key={at} onAnimationEnd={() => (line.value = { text: "", at: 0 })}><Icon name="check" />{text}</p>}</div>;
}
