// Light or dark: what the system says, unless the reader has chosen here.
import { signal } from "./signal";

export type Theme = "system" | "light" | "dark";

const place = "usher.theme";

const chosen = (): Theme => {
  const value = localStorage.getItem(place);
  return value === "light" || value === "dark" ? value : "system";
};

export const theme = signal<Theme>(chosen());

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

export function choose(value: Theme): void {
  theme.value = value;
  if (value === "system") localStorage.removeItem(place);
  else localStorage.setItem(place, value);
  applyTheme();
}
