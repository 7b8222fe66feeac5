import { PageHead } from "../ui/bits";

export function OperatorArea() {
  return <PageHead title="OperatorArea" />;
}
