// What the pages do beyond showing: forms without leaving the page, parts that
// stay current, copying, and the way to the sign-in.
import { toast } from "./dom.js";
import { leave } from "./sign-in.js";

const everyMillis = 3000;

async function act(form, button) {
  if (form.dataset.ask && !confirm(form.dataset.ask)) return;
  const data = new URLSearchParams(new FormData(form));
  if (button?.name) data.set(button.name, button.value);
  const busy = button ?? form.querySelector("button");
  const label = busy?.textContent;
  const buttons = [...form.querySelectorAll("button")];
  // Disabling and replacing lose the focus; the hand that acted is to stay where it is.
  const focused = document.activeElement;
  const again = form.contains(focused) ? { action: form.getAttribute("action"), name: focused.name, value: focused.value } : null;
  if (busy) busy.textContent = form.dataset.act;
  buttons.forEach((b) => (b.disabled = true));
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const { ok, said } = await answer.json();
    toast(said, !ok);
  } catch {
    toast("The stack does not answer. See whether it still runs.", true);
  }
  buttons.forEach((b) => (b.disabled = false));
  if (busy) busy.textContent = label;
  document.activeElement?.blur();
  // What was done may show anywhere.
  for (const part of document.querySelectorAll("[data-part]")) part.stale = true;
  await refreshAll();
  if (again) {
    const same = [...document.forms].find((f) => f.getAttribute("action") === again.action);
    [...(same?.elements ?? [])].find((e) => e.name === again.name && e.value === again.value)?.focus({ preventScroll: true });
  }
}

// Fetches a part again, and keeps what stands open in it open.
async function refresh(part) {
  const answer = await fetch(part.dataset.live ?? part.dataset.part);
  if (!answer.ok) return;
  const html = await answer.text();
  if (part.shown === html || busyInside(part)) return;
  part.shown = html;
  const open = [...part.querySelectorAll("details[open][data-key]")].map((d) => d.dataset.key);
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  for (const details of fresh.querySelectorAll("details[data-key]")) details.open = open.includes(details.dataset.key);
  part.replaceChildren(...fresh.childNodes);
}

// Nothing is replaced under a hand that is at work in it.
let pressing = false;
addEventListener("pointerdown", () => (pressing = true));
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => (pressing = false), 0));

function busyInside(part) {
  const selection = getSelection();
  return pressing || part.contains(document.activeElement) || part.querySelector("button:disabled") !== null ||
    (!selection.isCollapsed && part.contains(selection.anchorNode));
}

const version = () => document.querySelector("[data-version]")?.dataset.version;

async function refreshAll() {
  const before = version();
  try {
    await Promise.all([...document.querySelectorAll("[data-live]")].map(refresh));
    const parts = [...document.querySelectorAll("[data-part]")];
    for (const part of parts) part.stale ||= before !== version() || part.querySelector("[data-retry]") !== null;
    await Promise.all(parts.filter((part) => part.stale).map(async (part) => {
      part.stale = busyInside(part);
      if (!part.stale) await refresh(part);
    }));
  } catch {
    // The stack was stopped; the page keeps what it has until it is back.
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-act]")) return;
  event.preventDefault();
  act(event.target, event.submitter);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (event.target.closest("[data-submit-on-change]")) form.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    const label = copy.textContent;
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = label), 1500);
  }
  const person = event.target.closest("[data-sign-in]");
  if (person) {
    person.disabled = true;
    leave("/signed-in", { hint: person.dataset.signIn }).catch((error) => {
      person.disabled = false;
      toast(error.message, true);
    });
  }
  const width = event.target.closest("[data-width]");
  if (width) {
    document.querySelector(".paper").classList.toggle("phone", width.dataset.width === "phone");
    for (const button of document.querySelectorAll("[data-width]")) button.setAttribute("aria-pressed", String(button === width));
  }
});

for (const said of document.querySelectorAll(".toast")) setTimeout(() => said.remove(), 8000);
if (document.querySelector("[data-live]")) {
  setInterval(() => {
    if (document.visibilityState === "visible") refreshAll();
  }, everyMillis);
}
