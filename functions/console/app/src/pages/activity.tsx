import { PageHead } from "../ui/bits";

export function ActivityPage() {
  return <PageHead title="Activity" />;
}
