import type { Memory } from '../measure/server-process.ts';
import type { BesideResult, Figures, Result, Situation } from './result.ts';

/** Columns as wide as what stands in them; all but the first to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const two = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(2));
const one = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(1));

export const situationLine = ({ setUp, instances, accounts, users }: Situation): string =>
  `${setUp}, ${instances} instance${instances === 1 ? '' : 's'}, ${accounts} accounts, ${users} users`;

const line = (
  scenario: string,
  { target, operations, errors, perSecond, p50, p95, p99, cpu, trips, memoryMb }: Figures,
): string[] => [
  scenario,
  target,
  String(operations),
  String(errors),
  one(perSecond),
  one(p50),
  one(p95),
  one(p99),
  two(cpu.node),
  two(cpu.postgres),
  two(cpu.redis),
  two(cpu.total),
  one(trips.postgres),
  one(trips.redis),
  memoryMb.node.toFixed(0),
];

const HEAD = [
  'scenario',
  'target',
  'ops',
  'errors',
  'ops/s',
  'p50 ms',
  'p95',
  'p99',
  'cpu-ms node',
  'pg',
  'redis',
  'total',
  'pg trips',
  'redis trips',
  'MB node',
];

/** One result as it comes in. */
export function showResult({ scenario, figures, ratios, goal, hashMs }: Result): string {
  const words = [
    ...ratios.map(
      ({ to, total, node, median }) =>
        `${two(total)} of ${to} (node alone ${two(node)}, median of rounds ${two(median)})`,
    ),
    ...(hashMs === undefined ? [] : [`a hash costs ${two(hashMs)} ms`]),
    ...(goal === undefined ? [] : [`goal ${goal.words}: ${two(goal.measured)}, ${goal.isMet ? 'met' : 'MISSED'}`]),
    ...figures
      .filter(({ firstError }) => firstError !== undefined)
      .map(({ target, firstError }) => `first error of ${target}: ${firstError ?? ''}`),
  ];
  return `${table([HEAD, ...figures.map((each) => line(scenario, each))])}\n${words.map((word) => `  ${word}`).join('\n')}`;
}

const MB = 1_048_576;

/** Beside the heap stand `malloc`, machine code, and pages that V8 keeps for later. */
export function showMemory({ all, files, heap }: Memory): string {
  const mb = (bytes: number): string => (bytes / MB).toFixed(0);
  return `  memory of a process: ${mb(all)} MB, of which ${mb(files)} are files, ${mb(heap.total)} the heap of V8 (${mb(heap.used)} in use or garbage), ${mb(all - files - heap.total)} beside it`;
}

export function showBeside({ beside: { quiet, busy, signIns, errors, firstError } }: BesideResult): string {
  const ratio = busy.p99 / quiet.p99;
  return `single sign-on of 4 users: p50 ${one(quiet.p50)} p99 ${one(quiet.p99)} ms alone; p50 ${one(busy.p50)} p99 ${one(busy.p99)} ms while 16 people sign in (${signIns} did), ${errors} errors
  goal p99 at most 3 times the quiet one: ${two(ratio)}, ${ratio <= 3 && errors === 0 ? 'met' : 'MISSED'}${firstError === undefined ? '' : `; first error: ${firstError}`}`;
}

/** All goals that were measured, at the end. */
export function showGoals(results: readonly Result[], besides: readonly BesideResult[]): string {
  const rows = results.flatMap(({ scenario, goal, ...situation }) =>
    goal === undefined
      ? []
      : [[scenario, situationLine(situation), goal.words, two(goal.measured), goal.isMet ? 'met' : 'MISSED']],
  );
  const more = besides.map(({ beside, ...situation }) => {
    const ratio = beside.busy.p99 / beside.quiet.p99;
    return [
      'sso beside hashing',
      situationLine(situation),
      'p99 at most 3 times',
      two(ratio),
      ratio <= 3 && beside.errors === 0 ? 'met' : 'MISSED',
    ];
  });
  return table([['goal', 'situation', 'limit', 'measured', ''], ...rows, ...more]);
}
