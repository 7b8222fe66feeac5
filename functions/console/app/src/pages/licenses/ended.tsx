// A subscription that is over.
import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { longDate, visible } from "../../lib/format";
import { PageHead } from "../../ui/bits";
import { ButtonLink } from "../../ui/button";
import { Empty } from "../../ui/notice";

export function Ended({ of: s }: { of: Schema<"Subscription"> }) {
  const here = useAccount();
  return (
    <>
      <PageHead title={`${visible(s.product_name)} licenses`} />
      <Empty icon="clock" title={`This subscription ended on ${longDate(s.period.end, here.zone)}`}
        actions={<><ButtonLink kind="primary" href={`${here.home}/plan?product=${encodeURIComponent(s.product_id)}`}>Subscribe again</ButtonLink><ButtonLink href={`${here.home}/invoices`}>To its invoices</ButtonLink></>}>
        Its licenses ended with it. The people are still in your account.
      </Empty>
    </>
  );
}
