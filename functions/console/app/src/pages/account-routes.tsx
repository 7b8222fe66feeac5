// Which page of an account stands at which path below it.
import type { JSX } from "preact";

import { ActivityPage } from "./activity";
import { InvoicePage } from "./invoice";
import { InvoicesPage } from "./invoices";
import { LicensesPage } from "./licenses";
import { PlanPage } from "./plan";
import { RequestsPage } from "./requests";
import { SettingsPage } from "./settings";
import { AddUsersPage } from "./users-add";
import { InvitationsPage } from "./users-invitations";
import { UserPage } from "./user";
import { UsersPage } from "./users";

export const accountRoutes: [string, (values: Record<string, string>) => JSX.Element][] = [
  ["", () => <UsersPage />],
  ["/users", () => <UsersPage />],
  ["/users/add", () => <AddUsersPage />],
  ["/users/invitations", () => <InvitationsPage />],
  ["/users/:user", (v) => <UserPage id={v.user ?? ""} key={v.user} />],
  ["/licenses", () => <LicensesPage />],
  ["/licenses/:subscription", (v) => <LicensesPage subscription={v.subscription} key={v.subscription} />],
  ["/plan", () => <PlanPage />],
  ["/invoices", () => <InvoicesPage />],
  ["/invoices/:number", (v) => <InvoicePage number={v.number ?? ""} key={v.number} />],
  ["/requests", () => <RequestsPage />],
  ["/requests/:request", (v) => <RequestsPage request={v.request} key={v.request} />],
  ["/activity", () => <ActivityPage />],
  ["/settings", () => <SettingsPage />],
];
