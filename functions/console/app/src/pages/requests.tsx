// What was asked of the vendor, and what they answered.
import { useAccount } from "../lib/account";
import type { Page, Schema } from "../lib/api";
import { date } from "../lib/format";
import { nameOf } from "../lib/people";
import { usePages } from "../lib/query";
import { Link, queryValue, setQuery } from "../lib/router";
import { Card, Chip, PageHead, Pager, Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Empty, Loaded, NoPermission } from "../ui/notice";
import { OneRequest } from "./requests/one";
import { OpenRequest } from "./requests/open";
import { statusOf, useSubject } from "./requests/subject";

type Request = Schema<"Request">;

export function RequestsPage({ request }: { request?: string }) {
  const here = useAccount();
  if (!here.manages) return <><PageHead title="Requests" /><NoPermission what="the requests of this account" /></>;
  return request ? <OneRequest id={request} /> : <List />;
}

function List() {
  const here = useAccount();
  const list = usePages<Page<Request>>(`${here.api}/requests`);
  const subject = useSubject();
  return (
    <>
      <PageHead title="Requests" lead={<p>Ask the vendor for what cannot be done here, and see what they answered.</p>} actions={<Button kind="primary" icon="plus" onClick={() => setQuery({ new: "other" })}>New request</Button>} />
      <Card plain>
        <Loaded query={list} what="the requests of this account">
          {(page) => page.items.length === 0
            ? <Empty icon="request" title="Nothing has been asked yet" actions={<Button onClick={() => setQuery({ new: "other" })}>Ask the vendor</Button>}>More licenses than can be bought here, another plan, or a question: the vendor answers here and by mail.</Empty>
            : (
              <div class="table-frame" aria-busy={list.late}>
                <table class="rows">
                  <caption class="hidden">Requests, the newest first</caption>
                  <thead><tr><th scope="col">Request</th><th scope="col">Message</th><th scope="col">By</th><th scope="col">Opened</th><th scope="col">Status</th></tr></thead>
                  <tbody>
                    {page.items.map((r) => (
                      <tr key={r.id}>
                        <th scope="row"><Link href={`${here.home}/requests/${r.id}`}>{subject(r)}</Link></th>
                        <td data-label="Message">{r.message ? <Typed>{r.message}</Typed> : <span class="soft">–</span>}</td>
                        <td data-label="By" class="amount"><Typed>{nameOf(here.api, r.opened_by)}</Typed></td>
                        <td data-label="Opened" class="amount">{date(r.opened_at, here.zone)}</td>
                        <td data-label="Status"><Chip tone={statusOf[r.status][0]}>{statusOf[r.status][1]}</Chip></td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
        </Loaded>
        <Pager number={list.number} back={list.back} forward={list.forward} />
      </Card>
      {queryValue("new") && <OpenRequest />}
    </>
  );
}
