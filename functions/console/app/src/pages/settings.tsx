// What the account is called, where its days begin, where invoices go, and whose it is.
import { useAccount, type Here } from "../lib/account";
import { countryName, longDate, visible } from "../lib/format";
import { Card, Fact, Facts, PageHead } from "../ui/bits";
import { TextArea, TextField } from "../ui/field";
import { Amount } from "../ui/money";
import { Notice } from "../ui/notice";
import { FormCard, useForm, type AccountPatch } from "./settings/form";
import { Mails } from "./settings/mails";
import { PrimaryContact } from "./settings/transfer";

export function SettingsPage() {
  const here = useAccount();
  // The API tells the credit to those alone who may spend, who are those who may change settings.
  const may = here.account.credit !== undefined;
  return (
    <>
      <PageHead title="Settings" />
      <Money here={here} />
      {may ? <><Account here={here} /><Billing here={here} /></> : <ReadOnly here={here} />}
      <PrimaryContact />
      {may && <Mails />}
    </>
  );
}

function Money({ here: { account, zone } }: { here: Here }) {
  return (
    <Card title="At a glance">
      <Facts>
        {account.credit && <Fact name="Credit balance"><strong><Amount of={account.credit} /></strong>{account.credit.amount_minor !== 0 && <span class="under soft">It is taken off the next invoices.</span>}</Fact>}
        <Fact name="Currency">{account.currency}</Fact>
        <Fact name="Opened on">{longDate(account.opened_at, zone)}</Fact>
        <Fact name="Billing days count from">{longDate(`${account.anchor_date}T12:00:00Z`, "UTC")}</Fact>
        {account.next_due && <Fact name="Next billing day">{longDate(account.next_due, zone)}</Fact>}
      </Facts>
      <p class="soft small-text">The vendor’s support knows this account as <code>{account.id}</code>.</p>
    </Card>
  );
}

const ReadOnly = ({ here: { account } }: { here: Here }) => (
  <Card title="Account">
    <Facts>
      <Fact name="Name"><bdi>{visible(account.name)}</bdi></Fact>
      <Fact name="Time zone">{account.time_zone}</Fact>
    </Facts>
    <Notice>Settings, invoices and mails are for the primary contact and billing admins, and for admins where the plan lets them buy.</Notice>
  </Card>
);

function Account({ here }: { here: Here }) {
  const form = useForm("account", { name: here.account.name, time_zone: here.account.time_zone });
  const { values, changed, error } = form;
  const zones = [...Intl.supportedValuesOf("timeZone"), "UTC"];
  const patch = (): AccountPatch => Object.fromEntries(changed.map((k) => [k, values[k]]));
  return (
    <FormCard title="Account" form={form} patch={patch} places={["body.name", "body.time_zone"]} saved="The account’s settings are saved">
      <div class="fields">
        <TextField label="Account name" value={values.name} onValue={(v) => form.set("name", v)} maxLength={100} required autocomplete="organization" error={error("body.name", "The name")} hint="Invoices have a name of their own." />
        <TextField label="Time zone" list="zones" value={values.time_zone} onValue={(v) => form.set("time_zone", v)} maxLength={64} required spellcheck={false} autocomplete="off" error={error("body.time_zone", "The time zone")}
          hint={changed.includes("time_zone") ? "Billing days go by the new zone from the next one on; the running period keeps its end." : "Days of billing begin at midnight here. Type a city, such as Tokyo."} />
        <datalist id="zones">{zones.map((value) => <option key={value} value={value} />)}</datalist>
      </div>
    </FormCard>
  );
}

/** The API's bounds of an address. */
const maxAddressLines = 5;

function Billing({ here: { account } }: { here: Here }) {
  const party = account.invoice_address ?? { name: "", lines: [], tax_id: "", country: "" };
  const form = useForm("billing", { contact: account.billing_contact ?? "", name: party.name, lines: party.lines.join("\n"), country: party.country, tax_id: party.tax_id });
  const { values, changed, error } = form;
  const lines = values.lines.split("\n").map((l) => l.trim()).filter(Boolean);
  const patch = (): AccountPatch => ({
    ...(changed.includes("contact") && { billing_contact: values.contact.trim() }),
    // An address is one value: it is sent whole where a part of it changed.
    ...(changed.some((k) => k !== "contact") && { invoice_address: { name: values.name.trim(), lines, country: values.country.trim(), tax_id: values.tax_id.trim() } }),
  });
  const at = "body.invoice_address";
  const lineErrors = lines.map((_, i) => error(`${at}.lines[${i}]`, `Line ${i + 1}`)).filter(Boolean).join(" ");
  return (
    <FormCard title="Billing" form={form} patch={patch} places={["body.billing_contact", at]} saved="What stands on invoices is saved">
      <TextField label="Billing contact" type="email" value={values.contact} onValue={(v) => form.set("contact", v)} maxLength={254} autocomplete="email" spellcheck={false} error={error("body.billing_contact", "The billing contact")} hint="The email to which invoices go. Empty: to the primary contact." />
      <fieldset class="stack">
        <legend class="group-label legend">Invoice address</legend>
        <div class="fields">
          <TextField label="Company on invoices" value={values.name} onValue={(v) => form.set("name", v)} maxLength={100} autocomplete="organization" error={error(`${at}.name`, "The company")} hint="Empty: the account’s name." />
          <TextField label="Tax id" value={values.tax_id} onValue={(v) => form.set("tax_id", v)} maxLength={32} spellcheck={false} autocomplete="off" error={error(`${at}.tax_id`, "The tax id")} />
          <TextField label="Country" value={values.country} onValue={(v) => form.set("country", v.toUpperCase())} maxLength={2} spellcheck={false} autocomplete="country" error={error(`${at}.country`, "The country")}
            hint={/^[A-Z]{2}$/.test(values.country) && countryName(values.country) !== values.country ? countryName(values.country) : "Two letters, such as DE."} />
        </div>
        <TextArea label="Address" value={values.lines} onValue={(v) => form.set("lines", v)} rows={4} error={error(`${at}.lines`, "The address") ?? (lineErrors || undefined)} hint={`Street, postcode and town: up to ${maxAddressLines} lines of 60 characters.`} />
      </fieldset>
      <p class="soft small-text">Invoices that were issued already stay as they are.</p>
    </FormCard>
  );
}
