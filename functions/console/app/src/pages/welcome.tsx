// Before anybody is signed in.
import { useState } from "preact/hooks";

import { Middle } from "../app";
import { here } from "../lib/router";
import { signIn } from "../lib/session";
import { PageHead } from "../ui/bits";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";

export function Welcome() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const begin = () => {
    setBusy(true);
    signIn(here.peek().path + here.peek().query).catch((reason: unknown) => {
      setBusy(false);
      setProblem(reason instanceof Error ? reason.message : String(reason));
    });
  };
  return (
    <Middle>
      <PageHead title="Seats and licenses" lead={<p>Who may use what, what it costs, and every invoice explained. Sign in as you do for the product itself.</p>} />
      {problem && <Notice tone="bad" title="The sign-in service does not answer">{problem}</Notice>}
      <p class="actions"><Button kind="primary" busy={busy} onClick={begin}>Sign in</Button></p>
    </Middle>
  );
}
