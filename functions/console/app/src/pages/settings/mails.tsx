// Which mails the account gets.
import { useAccount } from "../../lib/account";
import { Checkbox } from "../../ui/field";
import { FormCard, useForm, type AccountPatch } from "./form";

type Kind = NonNullable<AccountPatch["mails_off"]>[number];

/** Each kind of mail: what it says, and who gets it where that is not what its group says. */
const kinds: Record<Kind, [what: string, to?: string]> = {
  invitation: ["Invitation", "It holds the link: without it nobody can accept."],
  invitation_reminder: ["Reminder before an invitation ends"],
  role_given: ["New role"],
  license_given: ["License given"],
  license_taken: ["License taken"],
  ownership_transferred: ["New primary contact", "To the old one and the new one."],
  invitation_expired: ["Invitation expired"],
  invitation_cancelled: ["Invitation cancelled by somebody else"],
  joined_without_license: ["Joined, but no license was free"],
  invoice: ["Invoice", "To the billing contact."],
  credit_note: ["Credit note", "To the billing contact."],
  seat_change_receipt: ["Licenses added or given back"],
  decrease_scheduled: ["Decrease scheduled"],
  plan_changed: ["Plan changed"],
  plan_change_scheduled: ["Plan change scheduled"],
  change_reminder: ["Reminder before a change"],
  cancellation_scheduled: ["Subscription cancelled"],
  subscription_ended: ["Subscription ended"],
  trial_ended: ["Trial ended"],
  request_opened: ["Request sent", "To the vendor, with a copy to whoever asked."],
  request_answered: ["Request answered", "To whoever asked."],
};

const groups: [name: string, inside: Kind[]][] = [
  ["To the person whom it is about", ["invitation", "invitation_reminder", "role_given", "license_given", "license_taken", "ownership_transferred"]],
  ["To whoever sent the invitation", ["invitation_expired", "invitation_cancelled", "joined_without_license"]],
  ["To the primary contact and the billing admins", ["invoice", "credit_note", "seat_change_receipt", "decrease_scheduled", "plan_changed", "plan_change_scheduled", "change_reminder", "cancellation_scheduled", "subscription_ended", "trial_ended"]],
  ["Requests to the vendor", ["request_opened", "request_answered"]],
];

const joined = (off: readonly string[]) => [...off].sort().join(" ");

export function Mails() {
  const here = useAccount();
  const form = useForm("mails", { off: joined(here.account.mails_off) });
  const off = new Set(form.values.off.split(" ").filter(Boolean));
  const turn = (kind: Kind, on: boolean) => {
    const next = new Set(off);
    if (on) next.delete(kind);
    else next.add(kind);
    form.set("off", joined([...next]));
  };
  return (
    <FormCard title="Mails" form={form} places={[]} saved="The choice of mails is saved" patch={() => ({ mails_off: [...off] as Kind[] })}>
      <p class="soft">What is not ticked is not sent to anybody of this account.</p>
      {groups.map(([name, inside]) => (
        <fieldset key={name} class="mails">
          <legend class="group-label">{name}</legend>
          <div class="mail-kinds">
            {inside.map((kind) => <Checkbox key={kind} label={kinds[kind][0]} hint={kinds[kind][1]} checked={!off.has(kind)} onChecked={(on) => turn(kind, on)} />)}
          </div>
        </fieldset>
      ))}
    </FormCard>
  );
}
