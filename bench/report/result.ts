import type { Beside } from '../measure/beside.ts';
import { totalOf, type Cost, type Round } from '../measure/rounds.ts';
import { median, percentile, sum } from '../measure/statistics.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Measured } from '../setups/product.ts';

export interface Situation {
  readonly setUp: string;
  readonly instances: number;
  readonly accounts: number;
  readonly users: number;
}

/** What one target did in one scenario. */
export interface Figures {
  readonly target: string;
  readonly operations: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Processor milliseconds of one operation. */
  readonly cpu: Cost & { readonly total: number };
  /** Statements and commands of one operation. */
  readonly trips: Omit<Cost, 'node'>;
  readonly memoryMb: Cost;
}

export interface Ratio {
  readonly to: 'former' | 'memory' | 'redis' | 'floor';
  /** Of the totals, over all rounds. */
  readonly total: number;
  /** Of the server processes alone, stores left out. */
  readonly node: number;
  /** The middle one of the ratios of each round. */
  readonly median: number;
}

export interface Result extends Situation {
  readonly scenario: string;
  readonly operation: string;
  readonly figures: readonly Figures[];
  readonly ratios: readonly Ratio[];
  readonly goal:
    { readonly words: string; readonly measured: number; readonly limit: number; readonly isMet: boolean } | undefined;
  /** Price of a hash, where one is part of the operation. */
  readonly hashMs: number | undefined;
}

const MB = 1_048_576;
const operationsOf = (rounds: readonly Round[]): number => sum(rounds.map(({ latencies }) => latencies.length));
const share = (value: number, count: number): number => (count === 0 ? Number.NaN : value / count);

function figuresOf(measured: Measured, rounds: readonly Round[]): Figures {
  const operations = operationsOf(rounds);
  const latencies = rounds.flatMap((round) => round.latencies);
  const cost = (of: (round: Round) => number): number => share(sum(rounds.map(of)), operations);
  const cpu = {
    node: cost(({ cpu: { node } }) => node),
    postgres: cost(({ cpu: { postgres } }) => postgres),
    redis: cost(({ cpu: { redis } }) => redis),
  };
  return {
    target: measured.target.name,
    operations,
    errors: sum(rounds.map(({ errors }) => errors)),
    firstError: rounds.find(({ firstError }) => firstError !== undefined)?.firstError,
    perSecond: operations / sum(rounds.map(({ seconds }) => seconds)),
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
    cpu: { ...cpu, total: totalOf(cpu) },
    trips: { postgres: cost(({ trips: { postgres } }) => postgres), redis: cost(({ trips: { redis } }) => redis) },
    memoryMb: {
      node: sum(measured.servers.map((server) => server.memoryBytes())) / MB,
      postgres: (measured.postgres?.memoryBytes() ?? 0) / MB,
      redis: (measured.redis?.memoryBytes() ?? 0) / MB,
    },
  };
}

const perOperation = ({ cpu, latencies }: Round): number => share(totalOf(cpu), latencies.length);

export function resultOf(
  scenario: Scenario,
  situation: Situation,
  product: Measured,
  all: ReadonlyMap<Measured, readonly Round[]>,
  hashMs: number | undefined,
): Result {
  const figures = [...all].map(([measured, rounds]) => figuresOf(measured, rounds));
  const ours = figures[0];
  const ourRounds = all.get(product) ?? [];
  const ratios = [...all].slice(1).flatMap(([measured, rounds], at): Ratio[] => {
    const theirs = figures[at + 1];
    if (theirs === undefined || ours === undefined) return [];
    return [
      {
        to: measured.target.name as Ratio['to'],
        total: ours.cpu.total / theirs.cpu.total,
        node: ours.cpu.node / theirs.cpu.node,
        median: median(
          ourRounds.map(
            (round, number) =>
              perOperation(round) / (rounds[number] === undefined ? Number.NaN : perOperation(rounds[number])),
          ),
        ),
      },
    ];
  });
  return {
    ...situation,
    scenario: scenario.name,
    operation: scenario.operation,
    figures,
    ratios,
    goal: goalOf(scenario, ours, ratios, hashMs),
    hashMs,
  };
}

function goalOf(
  { goal, aboveHashMs }: Scenario,
  ours: Figures | undefined,
  ratios: readonly Ratio[],
  hashMs: number | undefined,
): Result['goal'] {
  const judge = (words: string, measured: number | undefined, limit: number) =>
    measured === undefined ? undefined : { words, measured, limit, isMet: measured <= limit };
  if (goal !== undefined) {
    const ratio = ratios.find(({ to }) => to === goal.yardstick);
    return judge(`at most ${goal.ratio} of ${goal.yardstick}`, ratio?.total, goal.ratio);
  }
  if (aboveHashMs !== undefined && hashMs !== undefined && ours !== undefined)
    return judge(`hash and ${aboveHashMs} ms`, ours.cpu.total - hashMs, aboveHashMs);
  return undefined;
}

export interface BesideResult extends Situation {
  readonly beside: Beside;
}
