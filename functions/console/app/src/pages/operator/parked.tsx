// Accounts whose cycle could not be closed: why, and trying again.
import { path, type Page, type Schema } from "../../lib/api";
import { visible } from "../../lib/format";
import { invalidate, usePages } from "../../lib/query";
import { Link } from "../../lib/router";
import { useWrite, write } from "../../lib/write";
import { Card, PageHead, Pager, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Empty, Loaded, Notice, ProblemNotice, say } from "../../ui/notice";
import { accountPath } from "./accounts";

type Overview = Schema<"AccountOverview">;

export function ParkedPage() {
  const list = usePages<Page<Overview>>("/v1/operator/parked-accounts");
  return (
    <>
      <PageHead title="Parked accounts" lead={<p>Nothing is invoiced or mailed; people and free seats go on. Mend the cause, then try again.</p>} />
      <Loaded query={list} what="the parked accounts">
        {(page) => page.items.length === 0
          ? <Card plain><Empty icon="check" title="Nothing is parked">Every account’s cycles are closed as they fall due.</Empty></Card>
          : <div class="stack">{page.items.map((a) => <One key={a.id} account={a} />)}</div>}
      </Loaded>
      <Pager number={list.number} back={list.back} forward={list.forward} />
    </>
  );
}

function One({ account: a }: { account: Overview }) {
  return (
    <Card item title={<Link href={accountPath(a.id)}><Typed>{a.name}</Typed></Link>}>
      <Retry account={a} />
    </Card>
  );
}

/** Why an account is parked, and the button that tries to close it again. */
export function Retry({ account: a }: { account: Overview }) {
  const retry = useWrite();
  const again = () => retry.run(async () => {
    const found = await write<Schema<"Parked">>("POST", path`/v1/operator/parked-accounts/${a.id}/retry`);
    await invalidate("/v1/operator");
    say(found.status === "open" ? `${visible(a.name)} is open again and its cycle closed` : `${visible(a.name)} is still parked`);
  });
  return (
    <>
      <Notice tone="warn" title="Why it is parked" actions={<Button busy={retry.busy.value} onClick={again}>Try again</Button>}>{visible(a.parked_for ?? "No reason was kept.")}</Notice>
      <ProblemNotice problem={retry.problem.value} />
    </>
  );
}
