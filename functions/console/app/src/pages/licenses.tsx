// The licenses of an account, product by product.
import { useAccount, useSubscriptions } from "../lib/account";
import type { Schema } from "../lib/api";
import { visible } from "../lib/format";
import { Link } from "../lib/router";
import { PageHead } from "../ui/bits";
import { ButtonLink } from "../ui/button";
import { Empty, Loaded, NoPermission } from "../ui/notice";
import { ActiveUsers } from "./licenses/active-users";
import { Ended } from "./licenses/ended";
import { Pool } from "./licenses/pool";

type Subscription = Schema<"Subscription">;

export function LicensesPage({ subscription }: { subscription?: string }) {
  const here = useAccount();
  const list = useSubscriptions();
  if (!here.manages) return <><PageHead title="Licenses" /><NoPermission what="the licenses of this account" /></>;
  return (
    <>
      {!list.data && <PageHead title="Licenses" />}
      <Loaded query={list} what="the licenses of this account" rows={8}>
        {({ items }) => {
          const running = items.filter((s) => s.status === "active");
          const first = subscription ? items.find((s) => s.id === subscription) : (running[0] ?? items[0]);
          if (!first) return <None known={!subscription} />;
          return <><Products of={running.length ? running : items} at={first} /><One of={first} key={first.id} /></>;
        }}
      </Loaded>
    </>
  );
}

const None = ({ known }: { known: boolean }) => {
  const here = useAccount();
  return (
    <>
      <PageHead title="Licenses" />
      {known
        ? <Empty icon="seat" title="There are no licenses yet" actions={<ButtonLink kind="primary" href={`${here.home}/plan`}>Choose a plan</ButtonLink>}>Licenses come with a plan.</Empty>
        : <Empty icon="search" title="There is no such subscription" actions={<ButtonLink kind="primary" href={`${here.home}/licenses`}>To the licenses</ButtonLink>}>The address may be old.</Empty>}
    </>
  );
};

/** The ways to the other products' licenses. */
function Products({ of, at }: { of: Subscription[]; at: Subscription }) {
  const here = useAccount();
  const others = of.includes(at) ? of : [at, ...of];
  if (others.length < 2) return null;
  return (
    <nav class="tabs" aria-label="Products">
      {others.map((s) => <Link key={s.id} href={`${here.home}/licenses/${encodeURIComponent(s.id)}`} aria-current={s.id === at.id ? "page" : undefined}>{visible(s.product_name)}</Link>)}
    </nav>
  );
}

const One = ({ of: s }: { of: Subscription }) => s.status === "ended" ? <Ended of={s} /> : s.billing === "active_users" ? <ActiveUsers of={s} /> : <Pool of={s} />;
