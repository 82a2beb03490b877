import { text as readAll } from 'node:stream/consumers';

/**
 * What is personal may come by standard input, as `-`: there no history of a shell keeps it, and no list of processes
 * shows it.
 */
export const readPersonal = async (given: string): Promise<string> =>
  given === '-' ? (await readAll(process.stdin)).trim() : given;
