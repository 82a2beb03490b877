/** Half a year, as Dukcapil wants its use reported: `2026-1` is January to June. */
export interface HalfYear {
  readonly year: number;
  readonly half: 1 | 2;
}

/** First and last day, itself included, as `2026-01-31`. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export const halfYearOf = (day: string): HalfYear => ({
  year: Number(day.slice(0, 4)),
  half: Number(day.slice(5, 7)) <= 6 ? 1 : 2,
});

export const halfYearBefore = ({ year, half }: HalfYear): HalfYear =>
  half === 2 ? { year, half: 1 } : { year: year - 1, half: 2 };

export const daysOf = ({ year, half }: HalfYear): Days =>
  half === 1 ? { from: `${year}-01-01`, to: `${year}-06-30` } : { from: `${year}-07-01`, to: `${year}-12-31` };

export const writeHalfYear = ({ year, half }: HalfYear): string => `${year}-${half}`;

/** What an address says; undefined where it is no half-year. */
export function readHalfYear(text: string): HalfYear | undefined {
  const [, year, half] = /^((?:19|2\d)\d{2})-([12])$/.exec(text) ?? [];
  return year === undefined ? undefined : { year: Number(year), half: half === '1' ? 1 : 2 };
}

/** That of today and those before it, newest first. */
export function recentHalfYears(today: string, count: number): readonly HalfYear[] {
  const found = [halfYearOf(today)];
  for (let last = found[0]; last !== undefined && found.length < count; found.push(last)) last = halfYearBefore(last);
  return found;
}
