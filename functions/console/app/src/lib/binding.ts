// Whose users the signed-in person is.
import { useEffect, useState } from "preact/hooks";

import type { Schema } from "./api";
import { invalidate } from "./query";
import { idToken, identity } from "./session";
import { write } from "./write";

/**
 * Users that were created with this email before its owner ever signed in become theirs
 * here, once for each sign-in. True while that is asked where it decides what is shown.
 */
export function useBinding(): boolean {
  const [busy, setBusy] = useState(!!idToken());
  useEffect(() => {
    const token = idToken();
    const done = "usher.bound";
    if (!token || identity.peek()?.operator || sessionStorage.getItem(done) === token.slice(-16)) return setBusy(false);
    write<Schema<"Me">>("POST", "/v1/me", { id_token: token }).then(async ({ bound, accounts }) => {
      if (accounts.length) sessionStorage.setItem(done, token.slice(-16)); // who is nowhere may be let in any moment
      if (bound) await invalidate("/v1/");
    }).catch(() => undefined).finally(() => setBusy(false)); // a sign-in without a verified email binds nobody
    return undefined;
  }, []);
  return busy;
}
