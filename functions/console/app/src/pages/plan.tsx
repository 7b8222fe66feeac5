import { PageHead } from "../ui/bits";

export function PlanPage() {
  return <PageHead title="Plan" />;
}
