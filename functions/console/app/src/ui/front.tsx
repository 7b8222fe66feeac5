// Pages in front of any account: sign-in, invitations, the choice of an account.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { PageHead } from "./bits";
import { Brand, Icon, type IconName } from "./icon";

const marks: Record<"good" | "bad" | "info", IconName> = { good: "check", bad: "warn", info: "mail" };

/** One calm card in the middle. `tone` puts a mark over its heading, which takes the focus, so that a change of the page is read out. */
export function Front({ title, lead, tone, actions, children }: {
  title: string; lead?: ComponentChildren; tone?: keyof typeof marks; actions?: ComponentChildren; children?: ComponentChildren;
}) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true }), [title]);
  return (
    <main class="middle" id="main" ref={main}>
      <p class="front-brand">
        <Brand />
        Seats and licenses
      </p>
      <div class="card front">
        {tone && <span class={`front-mark ${tone}`}><Icon name={marks[tone]} /></span>}
        <PageHead title={title} lead={lead} />
        {children}
        {actions && <p class="actions">{actions}</p>}
      </div>
    </main>
  );
}
