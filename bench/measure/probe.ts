/**
 * Loaded into a server before everything else (`--import`): counts what goes to the stores, at their drivers, and says
 * so when the benchmark asks. The server itself knows nothing of it.
 */
import { watchStores } from '../../test/support/trips.ts';

export interface Trips {
  /** Statements to PostgreSQL, those of transactions included. */
  readonly postgres: number;
  readonly redis: number;
}

/** The heap of V8, in bytes. */
export interface HeapSize {
  readonly used: number;
  /** What V8 has for it. */
  readonly total: number;
}

const trips = { postgres: 0, redis: 0 };

watchStores((kind) => {
  trips[kind] += 1;
});

process.on('message', (message) => {
  if (message === 'trips') process.send?.({ ...trips } satisfies Trips);
  if (message === 'heap') {
    const { heapUsed, heapTotal } = process.memoryUsage();
    process.send?.({ used: heapUsed, total: heapTotal } satisfies HeapSize);
  }
});
process.channel?.unref();
