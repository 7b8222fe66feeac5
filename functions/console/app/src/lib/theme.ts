// Light or dark: what the system says, unless the reader has chosen here.
import { signal } from "./signal";

export type Theme = "system" | "light" | "dark";

const place = "usher.theme";

const chosen = (): Theme => {
  const value = localStorage.getItem(place);
  return value === "light" || value === "dark" ? value : "system";
};

export const theme = signal<Theme>(chosen());

const dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * The system's choice is written down like the reader's own: where only the system's
 * changes, Chromium now and then leaves text that inherits its colour as it was, light on
 * light.
 */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value === "system" ? (dark.matches ? "dark" : "light") : theme.value;
}

dark.addEventListener("change", applyTheme);

export function choose(value: Theme): void {
  theme.value = value;
  if (value === "system") localStorage.removeItem(place);
  else localStorage.setItem(place, value);
  applyTheme();
}
