import { PageHead } from "../ui/bits";

export function LicensesPage(_: { subscription?:string }) {
  return <PageHead title="Licenses" />;
}
