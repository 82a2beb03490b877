/** One for each zone: to make one costs a hundred times what it costs to use it. */
const calendars = new Map<string, Intl.DateTimeFormat>();

function calendarOf(timeZone: string): Intl.DateTimeFormat {
  const calendar =
    calendars.get(timeZone) ??
    new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  calendars.set(timeZone, calendar);
  return calendar;
}

/** The calendar day that it is in the zone at that moment, as midnight UTC: people have birthdays where they live. */
export function dayIn(timeZone: string, now: Date): Date {
  return new Date(`${calendarOf(timeZone).format(now)}T00:00:00Z`);
}

const DAY_MS = 86_400_000;

/** The moment at which that day (`2026-01-31`) begins in the zone. */
export function beginningOf(day: string, timeZone: string): Date {
  const wanted = Date.parse(`${day}T00:00:00Z`);
  // Sweden writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const shown = (at: number): number => Date.parse(`${format.format(at).replace(' ', 'T')}Z`);
  // The second look counts where the first fell on the other side of a change of the clocks.
  const guess = wanted - (shown(wanted) - wanted);
  return new Date(guess - (shown(guess) - wanted));
}

/** The day so many days later, as `2026-01-31`. */
export const daysLater = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** Today in the zone, as `2026-01-31`. */
export const todayIn = (timeZone: string, now: Date): string => dayIn(timeZone, now).toISOString().slice(0, 10);

/** Whether the text is a day that exists, from 1900 on; databases and clocks have no others in common. */
export const isDay = (text: string): boolean =>
  /^(?:19|2\d)\d{2}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  daysLater(text, 0) === text;
