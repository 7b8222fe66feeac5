import { PageHead } from "../ui/bits";

export function RequestsPage(_: { request?:string }) {
  return <PageHead title="Requests" />;
}
