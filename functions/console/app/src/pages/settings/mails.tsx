// Which mails the account gets.
import { useAccount } from "../../lib/account";
import { Checkbox } from "../../ui/field";
import { FormCard, useForm, type AccountPatch } from "./form";

type Kind = NonNullable<AccountPatch["mails_off"]>[number];

const about = "To the person whom it is about", inviter = "To whoever sent the invitation", payers = "To the primary contact and the billing admins", vendor = "Requests to the vendor";

/** Each kind of mail: its group, what it says, and who gets it where that is not what its group says. */
const kinds: Record<Kind, [group: string, what: string, to?: string]> = {
  invitation: [about, "Invitation", "It holds the link: without it nobody can accept."],
  invitation_reminder: [about, "Reminder before an invitation ends"],
  role_given: [about, "New role"],
  license_given: [about, "License given"],
  license_taken: [about, "License taken"],
  ownership_transferred: [about, "New primary contact", "To the old one and the new one."],
  invitation_expired: [inviter, "Invitation expired"],
  invitation_cancelled: [inviter, "Invitation cancelled by somebody else"],
  joined_without_license: [inviter, "Joined, but no license was free"],
  invoice: [payers, "Invoice", "To the billing contact."],
  credit_note: [payers, "Credit note", "To the billing contact."],
  seat_change_receipt: [payers, "Licenses added or given back", "To whoever did it and the billing contact."],
  decrease_scheduled: [payers, "Decrease scheduled", "To whoever did it and the billing contact."],
  plan_changed: [payers, "Plan changed"],
  plan_change_scheduled: [payers, "Plan change scheduled"],
  change_reminder: [payers, "Reminder before a change"],
  cancellation_scheduled: [payers, "Subscription cancelled"],
  subscription_ended: [payers, "Subscription ended"],
  trial_ended: [payers, "Trial ended"],
  request_opened: [vendor, "Request sent", "To the vendor, with a copy to whoever asked."],
  request_answered: [vendor, "Request answered", "To whoever asked."],
};

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
      {[about, inviter, payers, vendor].map((group) => (
        <fieldset key={group} class="mails">
          <legend class="group-label">{group}</legend>
          <div class="mail-kinds">
            {(Object.keys(kinds) as Kind[]).map((kind) => kinds[kind][0] === group && <Checkbox key={kind} label={kinds[kind][1]} hint={kinds[kind][2]} checked={!off.has(kind)} onChecked={(on) => turn(kind, on)} />)}
          </div>
        </fieldset>
      ))}
    </FormCard>
  );
}
