// Who decides about money, for those who do not.
import { useAccount } from "../lib/account";
import type { Schema } from "../lib/api";
import { personName } from "../lib/format";
import { useQuery } from "../lib/query";
import { Typed } from "./bits";
import { Notice } from "./notice";

/** Says whom to ask, by name. */
export function WhoMaySpend({ what }: { what: string }) {
  const { api } = useAccount();
  const owner = useQuery<Schema<"UserPage">>(`${api}/users?role=owner&limit=1`);
  const billing = useQuery<Schema<"UserPage">>(`${api}/users?role=billing_admin&status=active&limit=5`);
  const people = [...(owner.data?.items ?? []), ...(billing.data?.items ?? [])];
  return (
    <Notice title={`The primary contact and billing admins decide about ${what}`}>
      {people.length > 0 && <ul>{people.map((u) => <li key={u.id}>{personName(u)}, <a href={`mailto:${encodeURIComponent(u.email)}`}><Typed>{u.email}</Typed></a></li>)}</ul>}
    </Notice>
  );
}
