import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';

/**
 * For what takes away by age: of the two clocks, of this process and of the database, the earlier one. One that is
 * ahead takes nothing away before its time.
 */
export async function earlierClock({
  clock,
  store,
}: {
  readonly clock: Clock;
  readonly store: Pick<Store, 'databaseTime'>;
}): Promise<Clock> {
  const aheadMs = Math.max(0, clock.now().getTime() - (await store.databaseTime()).getTime());
  return { now: () => new Date(clock.now().getTime() - aheadMs) };
}
