// Making elements, so that nothing that people typed is ever read as HTML.

/** An element with properties and children; strings become text. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// The controls that reorder text (Unicode, Bidi_Control), and other controls.
const deceptive = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** A name or an address, which cannot disturb the text around it. */
export const bdi = (text) => h("bdi", {}, String(text ?? "").replaceAll(deceptive, "\uFFFD"));

/** Replaces what an element shows, and says that it is done loading. */
export function show(element, ...children) {
  element.replaceChildren(...children.filter(Boolean));
  element.setAttribute("aria-busy", "false");
}

/** A sentence in the corner for some seconds. */
export function toast(text, bad = false) {
  const note = h("p", { class: bad ? "toast bad" : "toast" }, bdi(text));
  document.querySelector(".toasts").append(note);
  setTimeout(() => note.remove(), bad ? 12000 : 6000);
}

/** A button that copies a text. */
export const copyButton = (text, label = "Copy") => h("button", { class: "copy", type: "button", "data-copy": text }, label);
