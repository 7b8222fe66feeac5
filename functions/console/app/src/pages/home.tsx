// The way to an account: at once where there is only one, else by choosing.
import { useEffect } from "preact/hooks";

import { path, type Schema } from "../lib/api";
import { useBinding } from "../lib/binding";
import { roleNames } from "../lib/format";
import { useQuery } from "../lib/query";
import { go, here, Link } from "../lib/router";
import { identity, signIn, signOut } from "../lib/session";
import { Chip, Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Front } from "../ui/front";
import { ProblemNotice, Skeleton } from "../ui/notice";

const place = "usher.account";

/** The account that was on screen last, on this device. */
export const lastAccount = {
  get: () => localStorage.getItem(place) ?? "",
  set: (id: string) => localStorage.setItem(place, id),
};

/** Paths that stand for the same page of whichever account the reader is in. */
const shortcuts = /^\/(users|licenses|plan|invoices|requests|activity|settings)(\/.*)?$/;

export function Home() {
  const operator = !!identity.value?.operator;
  // The vendor's staff are in no account.
  const me = useQuery<Schema<"Me">>(operator ? null : "/v1/me");
  const binding = useBinding();
  const at = here.value.path;
  const rest = shortcuts.test(at) ? at : "";
  const accounts = me.data?.accounts;
  const only = accounts?.length === 1 || rest ? (accounts?.find((a) => a.id === lastAccount.get()) ?? accounts?.[0]) : undefined;
  useEffect(() => {
    if (operator) go("/operator", { replace: true });
    else if (only) go(path`/accounts/${only.id}` + (rest || "/users") + here.peek().query, { replace: true });
  }, [only?.id, operator]);
  if (me.problem && !accounts) return <Front title="Your accounts"><ProblemNotice problem={me.problem} retry={me.reload} /></Front>;
  if (!accounts || only || (binding && !accounts.length)) return <Front title="Looking for your accounts"><Skeleton rows={3} /></Front>;
  return accounts.length ? <Choice accounts={accounts} /> : <Nowhere />;
}

const Out = () => (
  <>
    <Button icon="swap" onClick={() => void signIn("/", { again: true })}>Sign in as somebody else</Button>
    <Button icon="out" onClick={() => void signOut()}>Sign out</Button>
  </>
);

function Choice({ accounts }: { accounts: Schema<"MyAccount">[] }) {
  return (
    <Front title="Your accounts" lead={<p>You are signed in as <Typed>{identity.value?.email ?? ""}</Typed>.</p>} actions={<Out />}>
      <ul class="choices">
        {accounts.map((a) => (
          <li key={a.id}>
            <Link href={path`/accounts/${a.id}` + "/users"}>
              <Typed>{a.name}</Typed>
              <span class="soft">{a.status === "parked" ? <Chip tone="warn">Billing on hold</Chip> : roleNames[a.user.role]}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Front>
  );
}

const Nowhere = () => (
  <Front title="You are in no account yet" tone="info" actions={<Out />} lead={<p>You are signed in as <Typed>{identity.value?.email ?? ""}</Typed>.</p>}>
    <ul class="points">
      <li>Were you invited? Open the link in the invitation’s mail. It works with the address that it was sent to.</li>
      <li>Is your company a customer? Ask its administrators to invite this address.</li>
      <li>Did you have access before? It may have been taken; your administrators know.</li>
    </ul>
  </Front>
);
