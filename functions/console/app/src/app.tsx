// The console's frame: who is signed in, which account is on screen, and which page.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { AccountProvider, hereOf } from "./lib/account";
import { path, type Schema } from "./lib/api";
import { useBinding } from "./lib/binding";
import { visible } from "./lib/format";
import { useQuery } from "./lib/query";
import { go, here, match } from "./lib/router";
import { arrive, forget, identity, restore, signIn } from "./lib/session";
import { useAll } from "./lib/signal";
import { AcceptPage } from "./pages/accept";
import { accountRoutes } from "./pages/account-routes";
import { Home, lastAccount } from "./pages/home";
import { OperatorArea } from "./pages/operator";
import { Welcome } from "./pages/welcome";
import { Shell } from "./shell";
import { Button } from "./ui/button";
import { Empty, Loaded, Notice, Skeleton, Toast } from "./ui/notice";

export function App() {
  useAll();
  const [ready, setReady] = useState(false);
  useEffect(() => void restore().finally(() => setReady(true)), []);
  return (
    <>
      {ready ? <Pages /> : <Middle><Skeleton rows={3} /></Middle>}
      <Toast />
    </>
  );
}

/** A page without the frame: sign-in, invitations. */
export const Middle = ({ children }: { children: ComponentChildren }) => <main class="middle" id="main">{children}</main>;

function Pages(): JSX.Element {
  const at = here.value.path;
  if (at === "/signed-in") return <Arrive />;
  if (at === "/accept") return <AcceptPage />;
  const hint = new URLSearchParams(here.value.query).get("login_hint");
  if (hint && hint !== identity.value?.email) return <SwitchTo email={hint} />;
  if (!identity.value) return <Welcome />;
  if (at === "/operator" || at.startsWith("/operator/")) return <OperatorArea />;
  const [, first, account] = at.split("/");
  if (first === "accounts" && account) return <InAccount id={decodeURIComponent(account)} key={account} />;
  return <Home />;
}

function Arrive() {
  const [problem, setProblem] = useState("");
  useEffect(() => {
    arrive().then((back) => go(back, { replace: true }), (reason: unknown) => setProblem(reason instanceof Error ? reason.message : String(reason)));
  }, []);
  return (
    <Middle>
      {problem
        ? <Notice tone="bad" title="The sign-in did not work" actions={<Button kind="primary" onClick={() => void signIn("/", { again: true })}>Sign in again</Button>}>{problem}</Notice>
        : <Skeleton rows={3} />}
    </Middle>
  );
}

/** Signs in as somebody whom the address names, where it is not who is signed in. */
function SwitchTo({ email }: { email: string }) {
  const [problem, setProblem] = useState("");
  useEffect(() => {
    forget();
    signIn(here.peek().path, { hint: email, again: true }).catch((reason: unknown) => setProblem(String(reason)));
  }, []);
  return <Middle>{problem ? <Notice tone="bad" title="The sign-in service does not answer">{problem}</Notice> : <Skeleton rows={2} />}</Middle>;
}

function InAccount({ id }: { id: string }) {
  const me = useQuery<Schema<"Me">>("/v1/me");
  const account = useQuery<Schema<"Account">>(path`/v1/accounts/${id}`);
  const binding = useBinding();
  const mine = me.data?.accounts.find((a) => a.id === id);
  useEffect(() => {
    if (mine) lastAccount.set(id);
  }, [mine?.id]);
  if (!mine && binding) return <Shell><Skeleton /></Shell>;
  if (!me.data || (mine && !account.data)) return <Shell>{me.data ? <Loaded query={account} what="this account">{() => null}</Loaded> : <Loaded query={me} what="your accounts">{() => null}</Loaded>}</Shell>;
  if (!mine || !account.data) {
    return <Shell accounts={me.data.accounts}><Empty page icon="key" title="You are not in this account" actions={<Button kind="primary" onClick={() => go("/")}>To your accounts</Button>}>Your access may have been taken, or you are signed in as somebody else.</Empty></Shell>;
  }
  const there = hereOf(account.data, mine.user);
  const at = here.value.path.slice(there.home.length) || "/";
  for (const [pattern, show] of accountRoutes) {
    const values = match(pattern, at === "/" ? "" : at);
    if (!values) continue;
    return <AccountProvider value={there}><Shell here={there} accounts={me.data.accounts}>{account.data.status === "parked" && <Parked name={account.data.name} />}{show(values)}</Shell></AccountProvider>;
  }
  return <AccountProvider value={there}><Shell here={there} accounts={me.data.accounts}><Empty page icon="search" title="There is no such page" actions={<Button kind="primary" onClick={() => go(there.home)}>To the users</Button>}>The address may be old.</Empty></Shell></AccountProvider>;
}

const Parked = ({ name }: { name: string }) => (
  <Notice tone="warn" title={`Billing of ${visible(name)} is on hold`}>The vendor is looking into it. People and free seats can be managed as always; buying, plans and invoices wait.</Notice>
);
