// Icons of the console, drawn on a grid of 20 with one stroke.
const paths = {
  users: "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2 16.5c0-3 2.4-5 5.5-5s5.5 2 5.5 5M13 3.8a3 3 0 0 1 0 5.4M15 11.9c1.9.7 3 2.4 3 4.6",
  seat: "M6 3v6a4 4 0 0 0 8 0V3M5 17h10M10 13v4",
  plan: "M3 6.5 10 3l7 3.5-7 3.5-7-3.5ZM3 10l7 3.5 7-3.5M3 13.5 10 17l7-3.5",
  invoice: "M5 2.5h10v15l-2.5-1.6L10 17.5l-2.5-1.6L5 17.5v-15ZM8 7h4M8 10.5h4",
  activity: "M2.5 10h3.5l2.5-6 3.5 12 2.5-6h3",
  settings: "M3 6h7M15 6h2M12.5 3.5v5M3 14h2M10 14h7M7.5 11.5v5",
  request: "M3 4h14v10H9l-4 3.5V14H3V4ZM6.5 8h7M6.5 10.8h4",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  close: "m5 5 10 10M15 5 5 15",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  down: "m5.5 8 4.5 4.5L14.5 8",
  up: "m5.5 12 4.5-4.5 4.5 4.5",
  left: "m12 5-5 5 5 5",
  right: "m8 5 5 5-5 5",
  check: "m4 10.5 4 4 8-9",
  warn: "M10 3 2.5 16.5h15L10 3ZM10 8.5v3.5M10 14.5h.01",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 9v5M10 6.2h.01",
  mail: "M2.5 4.5h15v11h-15v-11ZM3 5l7 6 7-6",
  clock: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 5.5V10l3 2",
  download: "M10 3v10M6 9.5l4 4 4-4M3.5 17h13",
  out: "M8 3H4v14h4M8.5 10H17M13.5 6.5 17 10l-3.5 3.5",
  swap: "M4 7h12l-3-3M16 13H4l3 3",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  catalog: "M4 3h9a3 3 0 0 1 3 3v11H7a3 3 0 0 1-3-3V3ZM4 14a3 3 0 0 1 3-3h9",
  building: "M4 17.5v-15h8v15M12 7.5h4v10M2.5 17.5h15M7 6h2M7 9h2M7 12h2",
  edit: "M4 16l.8-3.6L13 4.2l2.8 2.8-8.2 8.2L4 16ZM11.2 6l2.8 2.8",
  key: "M7 12.5a4 4 0 1 1 3.5-2L17 17l-2 .5-1-2-2 0v-2l-1.6-1.6",
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d={paths[name]} /></svg>
);

/** The console's own mark. */
export const Brand = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" class="brand-tile" /><path d="M10 8v9a6 6 0 0 0 12 0V8" class="brand-seat" /><circle cx="16" cy="11" r="2.4" class="brand-dot" /></svg>
);
