import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until it is so. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, withinMs = 20_000): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    const done = await Promise.resolve()
      .then(isSo)
      .catch(() => false);
    if (done) return;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(20);
  }
}
