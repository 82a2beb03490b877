export interface Batch {
  /** How long each operation that succeeded took, in milliseconds. */
  readonly latencies: readonly number[];
  readonly errors: number;
  /** What the first error said. */
  readonly firstError: string | undefined;
  readonly seconds: number;
}

/**
 * Lets virtual users work side by side, each one operation after another, until the time is up. An operation under way
 * then is finished and counts.
 *
 * @param users  one function for each user; it does one operation and answers false when it has nothing left to do.
 */
export async function runBatch(users: readonly (() => Promise<boolean>)[], seconds: number): Promise<Batch> {
  const latencies: number[] = [];
  let errors = 0;
  let firstError: string | undefined;
  const begun = performance.now();
  const end = begun + seconds * 1000;

  await Promise.all(
    users.map(async (work) => {
      while (performance.now() < end) {
        const from = performance.now();
        try {
          if (!(await work())) return;
          latencies.push(performance.now() - from);
        } catch (error) {
          errors += 1;
          firstError ??= error instanceof Error ? error.message : String(error);
          // Who is refused does not ask again at once.
          if (errors > 20 && errors > latencies.length) return;
        }
      }
    }),
  );
  return { latencies, errors, firstError, seconds: (performance.now() - begun) / 1000 };
}
