import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: Linux gives the times of a process in hundredths of a second, whatever the kernel was built with. */
const TICK_MS = 10;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time, its own and of children that have ended. */
  readonly ms: number;
}

/** A process may end between the look at the list and the look at it. */
function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in parentheses, may hold anything: fields are counted from behind it.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
  return { pid, parent: fields[1] ?? 0, ms: (utime + stime + cutime + cstime) * TICK_MS };
}

const allProcesses = (): Stat[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== undefined);

/** Processor time of a process and all that came of it, in milliseconds. */
export function cpuOfTree(root: number): number {
  const all = allProcesses();
  const family = new Set([root]);
  // Children have later numbers nearly always, and a few passes find the others.
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid)).reduce((sum, { ms }) => sum + ms, 0);
}

/** Memory that the process holds at the moment, in bytes. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** Of it what is mapped from files, the programs themselves: processes of a machine share it. */
export function residentFileBytes(pid: number): number {
  const kib = /^RssFile:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** Whose child it is. */
export const parentOf = (pid: number): number => statOf(pid)?.parent ?? 0;
