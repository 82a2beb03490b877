/**
 * `npm run bench:parts`: what single steps of a request cost in the usual way and in ours, what of a hash depends on
 * how memory is handed out, and how long a start takes. docs/performance.md tells what came of it.
 */
import { table } from '../report/table.ts';
import { measureHashes } from './hashes.ts';
import { parts } from './parts.ts';
import { measureStarts } from './starts.ts';
import { median } from '../measure/statistics.ts';

const CALLS = 50_000;
const ROUNDS = 5;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/**
 * Microseconds of processor time of one call. What is a promise is waited for by nobody, as it is made at once here.
 */
function once(work: () => unknown): number {
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call += 1) void work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const rows = parts.map(({ name, usual, ours }) => {
  once(usual);
  once(ours);
  const rounds = Array.from({ length: ROUNDS }, () => ({ usual: once(usual), ours: once(ours) }));
  return [
    name,
    median(rounds.map((round) => round.usual)).toFixed(1),
    median(rounds.map((round) => round.ours)).toFixed(1),
  ];
});
say(table([['µs of one call', 'usual', 'ours'], ...rows]));

say(`\n${table([['a hash of production', 'ms', 'pages'], ...(await measureHashes())])}`);
say(`\n${table([['a start', 'seconds to ready', 'MB'], ...(await measureStarts())])}`);
process.exit(0);
