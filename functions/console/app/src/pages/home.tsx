// The way to an account: at once where there is only one, else by choosing.
import { useEffect } from "preact/hooks";

import { Middle } from "../app";
import { path, type Schema } from "../lib/api";
import { roleNames } from "../lib/format";
import { invalidate, useQuery } from "../lib/query";
import { go, here, Link } from "../lib/router";
import { idToken, identity, signOut } from "../lib/session";
import { useWrite, write } from "../lib/write";
import { PageHead, Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Empty, Loaded } from "../ui/notice";

const place = "usher.account";

/** The account that was on screen last, on this device. */
export const lastAccount = {
  get: () => localStorage.getItem(place) ?? "",
  set: (id: string) => localStorage.setItem(place, id),
};

/** Paths that stand for the same page of whichever account the reader is in. */
const shortcuts = /^\/(users|licenses|plan|invoices|requests|activity|settings)(\/.*)?$/;

export function Home() {
  const me = useQuery<Schema<"Me">>("/v1/me");
  const binding = useWrite();
  const at = here.value.path;
  const rest = shortcuts.test(at) ? at : "";
  const accounts = me.data?.accounts;
  const only = accounts?.length === 1 || rest ? (accounts?.find((a) => a.id === lastAccount.get()) ?? accounts?.[0]) : undefined;
  useEffect(() => {
    if (only) go(path`/accounts/${only.id}` + (rest || "/users") + here.peek().query, { replace: true });
    else if (accounts?.length === 0 && identity.peek()?.operator) go("/operator", { replace: true });
  }, [only?.id, accounts]);
  // Users that were created with this email before its owner ever signed in become theirs here.
  useEffect(() => {
    if (accounts?.length !== 0 || !idToken()) return;
    void binding.run(async () => {
      const bound = await write<Schema<"Me">>("POST", "/v1/me", { id_token: idToken() });
      if (bound.bound) await invalidate("/v1/me");
    });
  }, [accounts?.length]);
  return (
    <Middle>
      <Loaded query={me} what="your accounts">
        {({ accounts: mine }) => mine.length === 0
          ? (
            <Empty icon="building" title={binding.busy.value ? "Looking for your accounts…" : "You are in no account yet"} actions={<Button onClick={() => void signOut()}>Sign out</Button>}>
              <p>You are signed in as <Typed>{identity.value?.email ?? ""}</Typed>. Open the link in your invitation’s mail, or ask an admin of your company to invite this address.</p>
            </Empty>
          )
          : (
            <>
              <PageHead title="Your accounts" />
              <ul class="choices">
                {mine.map((a) => <li key={a.id}><Link href={path`/accounts/${a.id}` + (rest || "/users")}><Typed>{a.name}</Typed><span class="soft">{roleNames[a.user.role]}</span></Link></li>)}
                {identity.value?.operator && <li><Link href="/operator">Operator<span class="soft">The vendor’s staff</span></Link></li>}
              </ul>
            </>
          )}
      </Loaded>
    </Middle>
  );
}
