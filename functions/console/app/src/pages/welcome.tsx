// Before anybody is signed in.
import { useState } from "preact/hooks";

import { here } from "../lib/router";
import { farewell, signIn } from "../lib/session";
import { Button } from "../ui/button";
import { Front } from "../ui/front";
import { Notice } from "../ui/notice";

export function Welcome() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const begin = () => {
    setBusy(true);
    setProblem("");
    signIn(here.peek().path + here.peek().query).catch((reason: unknown) => {
      setBusy(false);
      setProblem(reason instanceof Error ? reason.message : String(reason));
    });
  };
  const deeper = here.value.path !== "/";
  return (
    <Front title="Sign in" lead={<p>{deeper ? "You come back to the page that you want." : "Who may use what, what it costs, and every invoice explained."}</p>}>
      {farewell.value && <Notice tone="good" title="Handed over">{farewell.value}</Notice>}
      {problem && <Notice tone="bad" title="The sign-in service does not answer">{problem}</Notice>}
      <p class="actions"><Button kind="primary" busy={busy} onClick={begin}>{problem ? "Try again" : "Sign in"}</Button></p>
      <p class="soft small-text">You sign in as you do for the product itself. Were you invited? Open the link in the invitation’s mail; it brings you in.</p>
    </Front>
  );
}
