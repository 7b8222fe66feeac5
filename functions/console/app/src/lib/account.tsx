// The account on screen: who the reader is in it, what its clock says, and where its
// resources are.
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { path, type Page, type Schema } from "./api";
import { useQuery } from "./query";

export interface Here {
  account: Schema<"Account">;
  me: Schema<"User">;
  /** The API's path of the account, to which parts are added. */
  api: string;
  /** The console's path of the account. */
  home: string;
  zone: string;
  /** The account's own time: that of its test clock, or the wall clock. */
  now: Date;
  /** Whether the reader is more than a member. */
  manages: boolean;
  /** Whether the reader may give and take licenses where the plan does not say more. */
  licenses: boolean;
  /** Whether the reader may spend where the plan does not say less; the API has the last word. */
  money: boolean;
  owner: boolean;
  /** Whether the reader may grant, take, deactivate or remove a holder of the role (domain's table of rights). */
  mayChange: (role: Schema<"User">["role"]) => boolean;
}

const context = createContext<Here | null>(null);
export const AccountProvider = context.Provider;

/** The account on screen. Only below a page of an account. */
export function useAccount(): Here {
  const here = useContext(context);
  if (!here) throw new Error("no account");
  return here;
}

const grants: Record<Schema<"User">["role"], Schema<"User">["role"][]> = {
  owner: ["admin", "billing_admin", "member"],
  billing_admin: ["billing_admin", "member"],
  admin: ["admin", "member"],
  member: [],
};

export function hereOf(account: Schema<"Account">, me: Schema<"User">): Here {
  const role = me.role;
  return {
    account, me, api: path`/v1/accounts/${account.id}`, home: path`/accounts/${account.id}`, zone: account.time_zone, now: new Date(account.now),
    manages: role !== "member", licenses: role !== "member", money: role !== "member", owner: role === "owner",
    mayChange: (other) => grants[role].includes(other),
  };
}

/** The account's subscriptions, which are few. */
export const useSubscriptions = () => useQuery<Page<Schema<"Subscription">>>(`${useAccount().api}/subscriptions`);
