/** A line of a report. */
export interface Count {
  /** The day, or the month where a report adds them up. */
  readonly period: string;
  readonly kind: string;
  readonly per: string | null;
  readonly count: number;
  /** Counted in another way than today's (in another zone, of other events), and what it was counted from is gone. */
  readonly former?: true;
}

const compare = (a: string | null, b: string | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;

/** By period, kind and what it is counted by; nothing comes last. */
export const inOrder = (counts: readonly Count[]): readonly Count[] =>
  counts.toSorted(
    (a, b) =>
      compare(a.period, b.period) ||
      compare(a.kind, b.kind) ||
      compare(a.per, b.per) ||
      Number(a.former ?? false) - Number(b.former ?? false),
  );

/** Days added up to their months. Those that were counted in another way are added up by themselves. */
export function byMonth(counts: readonly Count[]): readonly Count[] {
  const months = new Map<string, Count>();
  for (const count of counts) {
    const period = count.period.slice(0, 7);
    const key = JSON.stringify([period, count.kind, count.per, count.former === true]);
    months.set(key, { ...count, period, count: (months.get(key)?.count ?? 0) + count.count });
  }
  return inOrder([...months.values()]);
}
