import { PageHead } from "../ui/bits";

export function InvoicePage(_: { number:string }) {
  return <PageHead title="Invoice" />;
}
