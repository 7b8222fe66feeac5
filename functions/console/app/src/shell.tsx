// What stands around every page: the account, the ways to its pages, and the reader.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Here } from "./lib/account";
import type { Schema } from "./lib/api";
import { dateTime, roleNames, visible } from "./lib/format";
import { go, here as place, Link } from "./lib/router";
import { identity, signIn, signOut } from "./lib/session";
import { choose, theme, type Theme } from "./lib/theme";
import { Button } from "./ui/button";
import { Dialog } from "./ui/dialog";
import { Select } from "./ui/field";
import { Brand, Icon, type IconName } from "./ui/icon";
import { Menu } from "./ui/menu";

interface Way {
  to: string;
  label: string;
  icon: IconName;
}

/** The ways of an account that the reader may go. */
function ways(h: Here): Way[] {
  const all: Way[] = [{ to: "/users", label: "Users", icon: "users" }];
  if (!h.manages) return [{ to: "/users", label: "My licenses", icon: "seat" }];
  all.push({ to: "/licenses", label: "Licenses", icon: "seat" }, { to: "/plan", label: "Plan", icon: "plan" }, { to: "/invoices", label: "Invoices", icon: "invoice" });
  all.push({ to: "/requests", label: "Requests", icon: "request" }, { to: "/activity", label: "Activity", icon: "activity" }, { to: "/settings", label: "Settings", icon: "settings" });
  return all;
}

const operatorWays: Way[] = [
  { to: "/operator", label: "Accounts", icon: "building" },
  { to: "/operator/requests", label: "Requests", icon: "request" },
  { to: "/operator/catalog", label: "Catalog", icon: "catalog" },
  { to: "/operator/parked", label: "Parked", icon: "warn" },
];

export function Shell({ here, accounts = [], operator, children }: { here?: Here; accounts?: Schema<"MyAccount">[]; operator?: boolean; children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  const at = place.value.path;
  useEffect(() => {
    setOpen(false);
    main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }, [at]);
  const list = operator ? operatorWays : here ? ways(here) : [];
  const base = operator ? "" : (here?.home ?? "");
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>Skip to the page</a>
      <header class="bar">
        <Link href="/" class="brand" aria-label="Your accounts"><Brand /></Link>
        <AccountSwitch here={here} accounts={accounts} operator={operator} />
        <button type="button" class="button quiet bare nav-toggle" aria-expanded={open} aria-controls="nav" aria-label="Pages" onClick={() => setOpen(!open)}><Icon name={open ? "close" : "menu"} /></button>
      </header>
      <nav id="nav" class={open ? "nav open" : "nav"} aria-label={operator ? "Operator" : "Account"}>
        <ul>
          {list.map((w) => {
            const current = w.to === "/operator" ? at === w.to || at.startsWith("/operator/accounts") : at.startsWith(base + w.to) || (w.to === "/users" && at === base);
            return <li key={w.to}><Link href={base + w.to} aria-current={current ? "page" : undefined}><Icon name={w.icon} />{w.label}</Link></li>;
          })}
        </ul>
        <Me here={here} />
      </nav>
      <main id="main" ref={main} tabIndex={-1}>{children}</main>
    </div>
  );
}

function AccountSwitch({ here, accounts, operator }: { here?: Here; accounts: Schema<"MyAccount">[]; operator?: boolean }) {
  const others = accounts.filter((a) => a.id !== here?.account.id);
  const staff = identity.value?.operator && !operator;
  const name = operator ? "Operator" : visible(here?.account.name ?? "Your accounts");
  if (!others.length && !staff) return <p class="account-name"><bdi>{name}</bdi></p>;
  return (
    <div class="account-name">
      <bdi>{name}</bdi>
      <Menu label="Switch account" icon="swap" actions={[
        ...others.map((a) => ({ label: visible(a.name), icon: "building" as const, run: () => go(`/accounts/${encodeURIComponent(a.id)}`) })),
        ...(staff ? [{ label: "Operator", icon: "key" as const, run: () => go("/operator") }] : []),
      ]} />
    </div>
  );
}

/** Who is signed in, and how the pages look. */
function Me({ here }: { here?: Here }) {
  const [looks, setLooks] = useState(false);
  const who = identity.value;
  if (!who) return null;
  return (
    <div class="me">
      {here?.account.test && <p class="clock-note"><Icon name="clock" /><span>Test clock: {dateTime(here.account.now, here.zone)}</span></p>}
      <div class="me-row">
        <span class="person-text"><bdi class="person-name">{visible(who.name)}</bdi><span class="soft">{here ? roleNames[here.me.role] : visible(who.email)}</span></span>
        <Menu label="Your menu" actions={[
          { label: "Appearance", icon: "settings", run: () => setLooks(true) },
          { label: "Sign in as somebody else", icon: "swap", run: () => void signIn("/", { again: true }) },
          { label: "Sign out", icon: "out", run: () => void signOut() },
        ]} />
      </div>
      {looks && (
        <Dialog title="Appearance" onClose={() => setLooks(false)}>
          <div class="dialog-body">
            <Select label="Colours" value={theme.value} onValue={(v) => choose(v as Theme)} options={[{ value: "system", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }]} />
          </div>
          <footer><Button kind="primary" onClick={() => setLooks(false)}>Done</Button></footer>
        </Dialog>
      )}
    </div>
  );
}
