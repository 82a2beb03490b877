import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sensitive } from '../../src/domain/sensitive.ts';
import { median } from '../measure/statistics.ts';
import { hasherOf } from '../setups/product.ts';

const HASHES = 40;
const ROUNDS = 3;

/** How glibc may be told to hand out memory. */
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'as it is': {},
  'pages are kept': { MALLOC_MMAP_THRESHOLD_: '1073741824', MALLOC_TRIM_THRESHOLD_: '1073741824' },
  'pages are given back each time': { MALLOC_MMAP_THRESHOLD_: '131072' },
};

interface Price {
  /** Processor milliseconds of one. */
  readonly ms: number;
  /** Pages that the system had to give for one. */
  readonly pages: number;
}

/** In a process of its own: how memory is handed out is settled when it starts. */
const inProcess = (env: Readonly<Record<string, string>>): Price =>
  JSON.parse(
    spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { env: { ...process.env, ...env }, encoding: 'utf8' })
      .stdout,
  ) as Price;

export async function measureHashes(): Promise<string[][]> {
  const rounds = Array.from({ length: ROUNDS }, () => Object.values(WAYS).map(inProcess));
  return Promise.resolve(
    Object.keys(WAYS).map((way, at) => {
      const prices = rounds.map((round) => round[at] ?? { ms: Number.NaN, pages: Number.NaN });
      return [way, median(prices.map(({ ms }) => ms)).toFixed(1), median(prices.map(({ pages }) => pages)).toFixed(0)];
    }),
  );
}

async function price(): Promise<Price> {
  const hasher = hasherOf('dear');
  const hash = (): Promise<string> => hasher.hash(sensitive('Kopi-Hitam7!'));
  for (let done = 0; done < 5; done += 1) await hash();
  const [cpu, { minorPageFault: before }] = [process.cpuUsage(), process.resourceUsage()];
  for (let done = 0; done < HASHES; done += 1) await hash();
  const { user, system } = process.cpuUsage(cpu);
  return { ms: (user + system) / 1000 / HASHES, pages: (process.resourceUsage().minorPageFault - before) / HASHES };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(JSON.stringify(await price()));
