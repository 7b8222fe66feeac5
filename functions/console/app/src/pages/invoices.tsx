import { PageHead } from "../ui/bits";

export function InvoicesPage() {
  return <PageHead title="Invoices" />;
}
