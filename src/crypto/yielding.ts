import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * How far behind the threads of the pool stand: where both want a core, the event loop has nine tenths of it, and a
 * hash still comes to its end.
 */
const BEHIND = 10;
const THREADS = '/proc/self/task';

/**
 * Lets the threads of libuv's pool, which hash passwords, yield to the event loop and to the stores on the same
 * machine: a hash takes some ten milliseconds of a core, in which nobody else who is signed in already should stand
 * still. Linux has a priority for each thread; where it cannot be set, all stay alike.
 *
 * @returns how many threads yield from now on. None before the pool has done its first work.
 */
export function letPoolYield(): number {
  try {
    const mine = getPriority();
    const workers = readdirSync(THREADS).filter((id) =>
      readFileSync(`${THREADS}/${id}/comm`, 'latin1').startsWith('libuv-worker'),
    );
    for (const id of workers) setPriority(Number(id), Math.min(19, mine + BEHIND));
    return workers.length;
  } catch {
    return 0;
  }
}
