// Which mails the account gets.
import { useAccount } from "../../lib/account";
import { Checkbox } from "../../ui/field";
import { FormCard, useForm, type AccountPatch } from "./form";

type Kind = NonNullable<AccountPatch["mails_off"]>[number];

/** Each kind of mail: what it says and who gets it. */
const kinds: Record<Kind, [what: string, to: string]> = {
  invitation: ["Invitations", "To who is invited. It holds the link; without it nobody can accept."],
  invitation_reminder: ["Invitation about to expire", "To who was invited and has not accepted yet."],
  invitation_expired: ["Invitation expired", "To who invited."],
  invitation_cancelled: ["Invitation cancelled by somebody else", "To who invited."],
  joined_without_license: ["Joined, but no license was free", "To who invited."],
  role_given: ["New role", "To the user."],
  license_given: ["License given", "To the user."],
  license_taken: ["License taken", "To the user."],
  ownership_transferred: ["New primary contact", "To the old and the new one."],
  invoice: ["Invoices", "To the billing contact, with the PDF."],
  credit_note: ["Credit notes", "To the billing contact, with the PDF."],
  seat_change_receipt: ["Licenses added or given back", "To who answers for the money."],
  decrease_scheduled: ["Decrease scheduled", "To who answers for the money."],
  plan_changed: ["Plan changed", "To who answers for the money."],
  plan_change_scheduled: ["Plan change scheduled", "To who answers for the money."],
  change_reminder: ["Reminder before a scheduled change", "To who answers for the money, and to whom it takes a license from."],
  cancellation_scheduled: ["Subscription cancelled", "To who answers for the money."],
  subscription_ended: ["Subscription ended", "To who answers for the money."],
  trial_ended: ["Trial ended", "To who answers for the money."],
  request_opened: ["Request sent to the vendor", "To the vendor, with a copy to who asked."],
  request_answered: ["Request answered", "To who asked."],
};

const groups: [string, Kind[]][] = [
  ["People and licenses", ["invitation", "invitation_reminder", "invitation_expired", "invitation_cancelled", "joined_without_license", "role_given", "license_given", "license_taken", "ownership_transferred"]],
  ["Money and plans", ["invoice", "credit_note", "seat_change_receipt", "decrease_scheduled", "plan_changed", "plan_change_scheduled", "change_reminder", "cancellation_scheduled", "subscription_ended", "trial_ended"]],
  ["Requests", ["request_opened", "request_answered"]],
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
