import { PageHead } from "../ui/bits";

export function AcceptPage() {
  return <PageHead title="Accept" />;
}
