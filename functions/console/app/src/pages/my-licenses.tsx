// What members see: themselves, and what they may use.
import { useAccount } from "../lib/account";
import { path, query, type Schema } from "../lib/api";
import { date, personName, roleNames, visible } from "../lib/format";
import { useQuery } from "../lib/query";
import { Card, Chip, Fact, Facts, PageHead, Typed } from "../ui/bits";
import { Icon } from "../ui/icon";
import { Empty, Loaded } from "../ui/notice";

const denials: Record<NonNullable<Schema<"EntitlementCheck">["denied"]>, string> = {
  no_license: "You hold no license. If you need one, ask an admin of your company.",
  subscription_ended: "Your company’s subscription has ended.",
  no_subscription: "Your company is not subscribed to it.",
  user_not_active: "Your access is switched off. Ask an admin of your company.",
};

export function MyLicenses() {
  const here = useAccount();
  const me = useQuery<Schema<"Me">>("/v1/me");
  const products = me.data?.accounts.find((a) => a.id === here.account.id)?.products;
  const u = here.me;
  return (
    <>
      <PageHead title="My licenses" lead={<p>What you may use at <Typed>{here.account.name}</Typed>.</p>} />
      <Loaded query={me} what="your licenses">
        {() => (products?.length
          ? <div class="cards">{products.map((p) => <Product key={p.id} id={p.id} name={visible(p.name)} />)}</div>
          : <Card><Empty icon="seat" title="There is nothing to use yet">Your company has not subscribed to a product.</Empty></Card>)}
      </Loaded>
      <Card title="About you">
        <Facts>
          <Fact name="Name"><bdi>{personName(u)}</bdi></Fact>
          <Fact name="Email"><Typed>{u.email}</Typed></Fact>
          <Fact name="Role">{roleNames[u.role]}</Fact>
          <Fact name="Qualification">{u.qualification ? <Typed>{u.qualification}</Typed> : "–"}</Fact>
        </Facts>
        <p class="soft small-text">Is something wrong? Ask an admin of your company to change it.</p>
      </Card>
    </>
  );
}

function Product({ id, name }: { id: string; name: string }) {
  const here = useAccount();
  const check = useQuery<Schema<"EntitlementCheck">>(query(path`/v1/entitlements/${id}`, { account: here.account.id }));
  const license = here.me.licenses.find((l) => l.product_id === id);
  return (
    <Card title={name} actions={check.data && <Chip tone={check.data.entitled ? "good" : "neutral"}>{check.data.entitled ? "You may use it" : "No license"}</Chip>}>
      <Loaded query={check} what="this product" rows={2}>
        {(e) => (e.entitled
          ? (
            <>
              <ul class="checks">{e.entitlements.map((one) => <li key={one.id}><Icon name="check" /><Typed>{one.name}</Typed></li>)}</ul>
              <p class="soft small-text">
                {license ? `Your license since ${date(license.since, here.zone)}.` : "Everybody active in your company may use it."}
                {e.trial && " It is being tried for free."}
                {e.ends_at && ` It ends on ${date(e.ends_at, here.zone)}.`}
              </p>
            </>
          )
          : <p class="soft">{denials[e.denied ?? "no_license"]}</p>)}
      </Loaded>
    </Card>
  );
}
