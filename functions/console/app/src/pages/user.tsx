import { PageHead } from "../ui/bits";

export function UserPage(_: { id:string }) {
  return <PageHead title="User" />;
}
