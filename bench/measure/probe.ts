/**
 * Loaded into a server before everything else (`--import`): counts what goes to the stores, at their drivers, and says so
 * when the benchmark asks. The server itself knows nothing of it.
 */
import { watchStores } from '../../test/support/trips.ts';

export interface Trips {
  /** Statements to PostgreSQL, those of transactions included. */
  readonly postgres: number;
  readonly redis: number;
}

const trips = { postgres: 0, redis: 0 };

watchStores((kind) => { trips[kind] += 1; });

process.on('message', (message) => {
  if (message === 'trips') process.send?.({ ...trips } satisfies Trips);
});
process.channel?.unref();
