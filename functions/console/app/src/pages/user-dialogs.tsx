// What is done with a person, each in a dialog that says what becomes of access and of the bill.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { useAccount, useSubscriptions, type Here } from "../lib/account";
import { path } from "../lib/api";
import { useDraft } from "../lib/draft";
import { personName, roleNames, visible } from "../lib/format";
import { put } from "../lib/query";
import { go } from "../lib/router";
import { allows, billOfActive, billOfLess, heldBy, listed, peopleChanged, roleWords, running, userPage, userPath, type Deed, type Role, type Subscription, type User } from "../lib/users";
import { useWrite, write } from "../lib/write";
import { Typed } from "../ui/bits";
import { Button } from "../ui/button";
import { Dialog, FormDialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { Notice } from "../ui/notice";
import { Radios } from "../ui/radios";

interface Props {
  user: User;
  onClose: () => void;
  /** Goes on with the role, which must be taken first, and comes back. */
  onRoleFirst: () => void;
}

/** What is being done with a user: `open` begins a deed, `dialog` is its dialog. */
export function useDeeds(user: User) {
  const here = useAccount();
  const [at, setAt] = useState<{ deed: Deed; then?: Deed } | null>(null);
  const done = () => setAt(at?.then ? { deed: at.then } : null);
  return {
    // Handing over stands in the address of the person's page, so that a sign-in in between leads back to it.
    open: (deed: Deed) => (deed === "owner" ? go(`${userPage(here, user.id)}?hand-over=${encodeURIComponent(user.id)}`) : setAt({ deed })),
    dialog: at && <DeedDialog key={at.deed} deed={at.deed} user={user} toMember={!!at.then} onDone={done} onClose={() => setAt(null)} onRoleFirst={() => setAt({ deed: "role", then: at.deed })} />,
  };
}

function DeedDialog({ deed, toMember, onDone, ...props }: Props & { deed: Deed; toMember: boolean; onDone: () => void }) {
  switch (deed) {
    case "edit": return <EditDialog {...props} />;
    case "role": return <RoleDialog {...props} toMember={toMember} onDone={onDone} />;
    case "activate": return <ActivateDialog {...props} />;
    case "deactivate": return props.user.role === "member" ? <DeactivateDialog {...props} /> : <RoleFirstDialog {...props} />;
    case "remove": return <RemoveDialog {...props} />;
    case "erase": return <EraseDialog {...props} />;
    case "owner": return null;
  }
}

/** What a change does, under the two headings that every such dialog has. */
export const Effects = ({ access, bill }: { access: ComponentChildren; bill: ComponentChildren }) => (
  <dl class="effects">
    <div><dt>Access</dt><dd>{access}</dd></div>
    <div><dt>Bill</dt><dd>{bill}</dd></div>
  </dl>
);

/** Sends a write about a user and shows its effect. */
async function change(here: Here, user: User, method: "POST" | "PATCH" | "DELETE", deed = "", body?: object): Promise<void> {
  const at = userPath(here, user.id);
  const now = await write<User | undefined>(method, at + deed, body);
  if (now) put(at, now);
  await peopleChanged(here);
}

const Lines = ({ of }: { of: string[] }) => <>{of.filter(Boolean).map((line) => <p key={line}>{line}</p>)}</>;

/** What ending somebody's access does to the bill, product by product. */
function billOfEnd(here: Here, u: User, subscriptions: Subscription[]): string[] {
  const name = personName(u);
  const products = new Set(heldBy(u, subscriptions).map((h) => h.product));
  const lines = running(subscriptions).filter((s) => products.has(s.product_id)).map((s) => billOfLess(s, here, name));
  return lines.length ? lines : [`Nothing changes: ${name} holds no license.`];
}

const loses = (u: User, subscriptions: Subscription[]) => {
  const names = heldBy(u, subscriptions).map((h) => h.name);
  return names.length ? ` ${names.length === 1 ? "The license of" : "The licenses of"} ${listed(names)} ${names.length === 1 ? "ends" : "end"} with it.` : "";
};

function EditDialog({ user: u, onClose }: Props) {
  const here = useAccount(), w = useWrite();
  const before = { first_name: u.first_name, last_name: u.last_name, qualification: u.qualification ?? "" };
  const draft = useDraft(`edit.${u.id}`, before);
  const set = (part: Partial<typeof before>) => (draft.value = { ...draft.value, ...part });
  const fault = (field: string) => w.problem.value?.fields.find((f) => f.location === `body.${field}`)?.message;
  const close = () => {
    draft.discard();
    onClose();
  };
  const save = async () => {
    await change(here, u, "PATCH", "", draft.value);
    return "Saved";
  };
  const { first_name, last_name, qualification } = draft.value;
  return (
    <FormDialog title={`Edit ${personName(u)}`} submit="Save" write={w} send={save} onClose={close} disabled={!first_name.trim() || !last_name.trim()}>
      <TextField label="First name" value={first_name} onValue={(v) => set({ first_name: v })} maxLength={60} required autocomplete="off" error={fault("first_name")} />
      <TextField label="Last name" value={last_name} onValue={(v) => set({ last_name: v })} maxLength={60} required autocomplete="off" error={fault("last_name")} />
      <TextField label="Qualification" value={qualification} onValue={(v) => set({ qualification: v })} maxLength={60} autocomplete="off" hint="Such as Surveyor, for your own overview." error={fault("qualification")} />
      <p class="soft small-text">Access and bill stay as they are. The email cannot be changed: remove the user and invite the new address.</p>
    </FormDialog>
  );
}

/** Changes the role. toMember: so that another deed can follow. */
function RoleDialog({ user: u, onClose, toMember, onDone }: Props & { toMember: boolean; onDone: () => void }) {
  const here = useAccount(), subscriptions = useSubscriptions().data?.items ?? [];
  const [role, setRole] = useState<string>(toMember ? "member" : u.role);
  const name = personName(u);
  const roles = (["admin", "billing_admin", "member"] as Role[]).filter(here.mayChange);
  const chosen = roleNames[role as Role].toLowerCase();
  const save = async () => {
    await change(here, u, "PATCH", "", { role });
    return `${name} is ${chosen} now`;
  };
  const missing = (["admin", "billing_admin"] as Role[]).filter((r) => !here.mayChange(r)).map((r) => roleNames[r].toLowerCase());
  return (
    <FormDialog title={`Role of ${name}`} submit={role === u.role ? "Change the role" : `Make ${name} ${chosen}`} send={save} onClose={onClose} onDone={role === "member" ? onDone : onClose} disabled={role === u.role}>
      <Radios label="Role" value={role} onValue={setRole} options={roles.map((r) => ({ value: r, label: roleNames[r] + (r === u.role ? " (now)" : ""), hint: roleWords(r, subscriptions) }))} />
      {missing.length > 0 && <p class="soft small-text">Your role cannot grant {listed(missing)}. Ask the primary contact.</p>}
      <Effects access={<>The new role counts at once. Licenses stay as they are.</>} bill={<>Nothing changes.</>} />
    </FormDialog>
  );
}

function ActivateDialog({ user: u, onClose }: Props) {
  const here = useAccount(), subscriptions = useSubscriptions().data?.items ?? [];
  const name = personName(u);
  const active = running(subscriptions).filter((s) => s.billing === "active_users");
  const save = async () => {
    await change(here, u, "POST", "/activate");
    return `${name} is active`;
  };
  return (
    <FormDialog title={`Activate ${name}?`} submit={`Activate ${name}`} send={save} onClose={onClose}>
      <Effects
        access={active.length ? <>{name} can sign in again and use {listed(active.map((s) => visible(s.product_name)))} at once.</> : <>{name} can sign in again. No license comes with it: give one afterwards.</>}
        bill={active.length ? <Lines of={active.map((s) => billOfActive(s, here, name))} /> : <>Nothing changes.</>} />
    </FormDialog>
  );
}

function DeactivateDialog({ user: u, onClose, onRoleFirst }: Props) {
  const here = useAccount(), w = useWrite(), subscriptions = useSubscriptions().data?.items ?? [];
  const name = personName(u);
  const save = async () => {
    await change(here, u, "POST", "/deactivate");
    return `${name} is deactivated`;
  };
  return (
    <FormDialog title={`Deactivate ${name}?`} submit={`Deactivate ${name}`} danger write={w} send={save} onClose={onClose}>
      <Effects
        access={<>{name} is shut out at once.{loses(u, subscriptions)} You can activate {name} again at any time{u.licenses.length > 0 && "; licenses have to be given anew then"}.</>}
        bill={<Lines of={billOfEnd(here, u, subscriptions)} />} />
      {w.problem.value?.code === "role_must_be_removed_first" && <p><Button onClick={onRoleFirst}>Change the role first</Button></p>}
    </FormDialog>
  );
}

/** Holders of an administrator's role keep their access until the role is taken. */
function RoleFirstDialog({ user: u, onClose, onRoleFirst }: Props) {
  const name = personName(u), role = roleNames[u.role].toLowerCase();
  return (
    <Dialog title={`${name} is ${role}`} onClose={onClose}>
      <div class="dialog-body">
        <p>Only members can be deactivated. Make {name} a member first; then deactivate.</p>
        <Effects access={<>Until then {name} keeps access and role.</>} bill={<>Nothing changes.</>} />
      </div>
      <footer><Button onClick={onClose}>Cancel</Button><Button kind="primary" onClick={onRoleFirst}>Change the role</Button></footer>
    </Dialog>
  );
}

function RemoveDialog({ user: u, onClose }: Props) {
  const here = useAccount(), subscriptions = useSubscriptions().data?.items ?? [];
  const name = personName(u), invited = u.status === "invited";
  const reserved = running(subscriptions).find((s) => s.id === u.invitation?.subscription_id && u.invitation?.seat_reserved);
  const save = async () => {
    await change(here, u, "DELETE");
    return `${name} is removed`;
  };
  return (
    <FormDialog title={`Remove ${name}?`} submit={`Remove ${name}`} danger send={save} onClose={onClose}>
      <Effects
        access={(
          <>
            <p>{invited ? `The invitation is cancelled: its link works no more.` : `${name} is shut out at once.${loses(u, subscriptions)}`}</p>
            <p>This cannot be undone. The email <Typed>{u.email}</Typed> is free then and can be invited again, as a new user.</p>
          </>
        )}
        bill={reserved ? <>{billOfLess(reserved, here, name)}</> : <Lines of={billOfEnd(here, u, subscriptions)} />} />
      {!invited && <p class="soft small-text">To keep the person for later, deactivate instead. What {name} did stays in the activity.</p>}
    </FormDialog>
  );
}

function EraseDialog({ user: u, onClose }: Props) {
  const here = useAccount();
  const [typed, setTyped] = useState("");
  const name = personName(u);
  const save = async () => {
    await change(here, u, "POST", "/erase");
    return "The personal data is erased";
  };
  return (
    <FormDialog title={`Erase ${name}?`} submit={`Erase ${name} for good`} danger send={save} onClose={onClose} disabled={typed.trim() !== name}>
      <Notice tone="warn" title="This is final">Name, email and qualification are replaced by “Erased user”. Nobody can bring them back.</Notice>
      <Effects access={<>Nothing changes: {name} was removed before.</>} bill={<>Nothing changes: invoices and activity hold no names.</>} />
      <TextField label={`Type ${name} to confirm`} value={typed} onValue={setTyped} autocomplete="off" spellcheck={false} />
    </FormDialog>
  );
}

/** Takes a license. */
export function TakeDialog({ user: u, subscription: s, onClose }: { user: User; subscription: Subscription; onClose: () => void }) {
  const here = useAccount();
  const name = personName(u), product = visible(s.product_name);
  const save = async () => {
    await write("DELETE", here.api + path`/subscriptions/${s.id}/licenses/${u.id}`);
    await peopleChanged(here);
    return `${name} holds no license of ${product} any more`;
  };
  return (
    <FormDialog title={`Take the license from ${name}?`} submit={`Take it from ${name}`} danger send={save} onClose={onClose}>
      <Effects access={<>From now on {name} may not use {product}{s.entitlements.length > 0 && <>: {allows(s.entitlements)}</>}. The person stays in the account{here.account.mails_off.includes("license_taken") ? "" : ", and is told by mail"}.</>} bill={billOfLess(s, here, name)} />
    </FormDialog>
  );
}

export const deedNames: Record<Deed, string> = {
  edit: "Edit", role: "Change role", activate: "Activate", deactivate: "Deactivate", remove: "Remove", erase: "Erase personal data", owner: "Make primary contact",
};
