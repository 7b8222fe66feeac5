// What the vendor's staff does: accounts, requests, the catalog and what is on hold.
import { here, match } from "../lib/router";
import { identity } from "../lib/session";
import { Shell } from "../shell";
import { Empty, NoPermission } from "../ui/notice";
import { AccountOverviewPage } from "./operator/account";
import { AccountsPage } from "./operator/accounts";
import { CatalogPage } from "./operator/catalog";
import { OpenAccountPage } from "./operator/open";
import { ParkedPage } from "./operator/parked";
import { RequestsInbox } from "./operator/requests";

export function OperatorArea() {
  const at = here.value.path;
  const account = match("/operator/accounts/:account", at);
  const page = () => {
    if (!identity.value?.operator) return <NoPermission page what="the vendor’s pages" detail="They are for the vendor’s staff. Sign in with an account of the operators’ group." />;
    if (match("/operator", at)) return <AccountsPage />;
    if (match("/operator/accounts/open", at)) return <OpenAccountPage />;
    if (account) return <AccountOverviewPage id={account.account ?? ""} key={account.account} />;
    if (match("/operator/requests", at)) return <RequestsInbox />;
    if (match("/operator/catalog", at)) return <CatalogPage />;
    if (match("/operator/parked", at)) return <ParkedPage />;
    return <Empty page icon="search" title="There is no such page">The address may be old.</Empty>;
  };
  return <Shell operator>{page()}</Shell>;
}
