// What the reader may do with a person: the menu of a row and of a page, with its dialogs.
import { useState } from "preact/hooks";

import { useAccount } from "../lib/account";
import { personName, visible } from "../lib/format";
import { mayLicense } from "../lib/rights";
import { go } from "../lib/router";
import { deedsOf, userPage, type Deed, type Subscription, type User } from "../lib/users";
import type { IconName } from "../ui/icon";
import { Menu, type Action } from "../ui/menu";
import { AssignDialog, canAssign, takable } from "./assign-dialog";
import { deedNames, TakeDialog, useDeeds } from "./user-dialogs";

const icons: Record<Deed, IconName> = { edit: "edit", role: "key", activate: "check", owner: "swap", deactivate: "minus", remove: "close", erase: "close" };
const grave: Deed[] = ["deactivate", "remove", "erase"];

interface Props {
  user: User;
  subscriptions: Subscription[];
  /** On the person's own page the way to it is left out, and so is what has its own button there. */
  here?: boolean;
  text?: string;
}

export function UserMenu({ user: u, subscriptions, here: onPage, text }: Props) {
  const here = useAccount();
  const deeds = useDeeds(u);
  const [giving, setGiving] = useState(false);
  const [taking, setTaking] = useState<Subscription | null>(null);
  const may = (s: Subscription) => mayLicense(here, s);
  const name = personName(u);
  const act = (d: Deed): Action => ({ label: deedNames[d], icon: icons[d], danger: grave.includes(d), run: () => deeds.open(d) });
  const actions: Action[] = [];
  if (!onPage) {
    actions.push({ label: "Open", icon: "right", run: () => go(userPage(here, u.id)) });
    if (u.status === "active" && canAssign(subscriptions, (s) => may(s) && !u.licenses.some((l) => l.product_id === s.product_id))) actions.push({ label: "Give a license", icon: "seat", run: () => setGiving(true) });
    for (const s of takable(u, subscriptions, may)) actions.push({ label: `Take license: ${visible(s.product_name)}`, icon: "minus", run: () => setTaking(s) });
  }
  actions.push(...deedsOf(here, u).filter((d) => !onPage || d !== "edit").map(act));
  return (
    <>
      {actions.length > 0 && <Menu label={text ?? `Actions for ${name}`} text={text} icon={text ? "down" : "more"} actions={actions} />}
      {deeds.dialog}
      {giving && <AssignDialog users={[u]} subscription={freeOf(u, subscriptions.filter(may))} onClose={() => setGiving(false)} />}
      {taking && <TakeDialog user={u} subscription={taking} onClose={() => setTaking(null)} />}
    </>
  );
}

/** The first subscription of which somebody holds no license yet. */
const freeOf = (u: User, subscriptions: Subscription[]) =>
  subscriptions.find((s) => s.status === "active" && s.billing === "seats" && !u.licenses.some((l) => l.product_id === s.product_id))?.id;
