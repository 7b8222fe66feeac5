// Days of the account's calendar, which begin where its time zone says.

const minute = 60_000;
/** No zone is further from UTC than 14 hours, and none was further than 16. */
const furthest = 16 * 60 * minute;

const calendars = new Map<string, Intl.DateTimeFormat>();

/** The local date of an instant as 2026-11-22. */
export function dayOf(instant: string | Date, zone: string): string {
  let calendar = calendars.get(zone);
  if (!calendar) calendars.set(zone, (calendar = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" })));
  return calendar.format(new Date(instant));
}

/** The first instant of a local date in RFC 3339, also where there is no midnight; "" where the date is none. */
export function startOf(day: string, zone: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(at)) return "";
  let before = at - furthest, first = at + furthest;
  while (first - before > minute) {
    const middle = before + Math.ceil((first - before) / 2 / minute) * minute;
    if (middle >= first) break;
    if (dayOf(new Date(middle), zone) >= day) first = middle;
    else before = middle;
  }
  return new Date(first).toISOString();
}

/** The date that many days later. */
export const addDays = (day: string, n: number) => new Date(Date.parse(`${day}T00:00:00Z`) + n * 24 * 60 * minute).toISOString().slice(0, 10);
