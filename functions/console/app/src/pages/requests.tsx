// What was asked of the vendor, and what they answered.
import { useAccount } from "../lib/account";
import type { Page, Schema } from "../lib/api";
import { date } from "../lib/format";
import { nameOf } from "../lib/people";
import { usePages } from "../lib/query";
import { Link, queryValue, setQuery } from "../lib/router";
import { Card, Chip, PageHead, Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Empty, NoPermission } from "../ui/notice";
import { TableList } from "../ui/table";
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
      <PageHead title="Requests" lead={<p>Ask the vendor for what cannot be done here.</p>} actions={<Button kind="primary" icon="plus" onClick={() => setQuery({ new: "other" })}>New request</Button>} />
      <Card plain>
        <TableList list={list} what="the requests of this account" caption="Requests, the newest first" keyOf={(r) => r.id}
          empty={<Empty icon="request" title="Nothing has been asked yet" actions={<Button onClick={() => setQuery({ new: "other" })}>Ask the vendor</Button>}>The vendor answers here and by mail.</Empty>}
          columns={[
            { name: "Request", cell: (r) => <Link href={`${here.home}/requests/${r.id}`}>{subject(r)}</Link> },
            { name: "Message", cell: (r) => (r.message ? <Typed>{r.message}</Typed> : <span class="soft">–</span>) },
            { name: "By", class: "amount", cell: (r) => <Typed>{nameOf(here.api, r.opened_by)}</Typed> },
            { name: "Opened", class: "amount", cell: (r) => date(r.opened_at, here.zone) },
            { name: "Status", cell: (r) => <Chip tone={statusOf[r.status][0]}>{statusOf[r.status][1]}</Chip> },
          ]} />
      </Card>
      {queryValue("new") && <OpenRequest />}
    </>
  );
}
