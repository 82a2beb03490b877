import { runBatch, type Batch } from '../drivers/batch.ts';
import type { Scenario, User } from '../scenarios/scenario.ts';
import type { Measured } from '../setups/product.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { sum } from './statistics.ts';

/** Processor milliseconds, or trips to a store. */
export interface Cost {
  readonly node: number;
  readonly postgres: number;
  readonly redis: number;
}

export interface Round extends Batch {
  readonly cpu: Cost;
  readonly trips: Omit<Cost, 'node'>;
}

export const totalOf = ({ node, postgres, redis }: Cost): number => node + postgres + redis;

const cpuNow = ({ servers, postgres, redis }: Measured): Cost => ({
  node: sum(servers.map((server) => server.cpuMs())),
  postgres: postgres?.cpuMs() ?? 0,
  redis: redis?.cpuMs() ?? 0,
});

async function tripsNow({ servers }: Measured): Promise<Round['trips']> {
  const all = await Promise.all(servers.map((server) => server.trips()));
  return { postgres: sum(all.map(({ postgres }) => postgres)), redis: sum(all.map(({ redis }) => redis)) };
}

/**
 * How long servers are looked at while nobody asks them anything, in milliseconds; what they did last has to be over by
 * then.
 */
const IDLE = { settleMs: 2500, lookMs: 4000 };

const minus = (one: Cost, other: Cost, times = 1): Cost => ({
  node: one.node - times * other.node,
  postgres: one.postgres - times * other.postgres,
  redis: one.redis - times * other.redis,
});
const atLeastNothing = ({ node, postgres, redis }: Cost): Cost => ({
  node: Math.max(0, node),
  postgres: Math.max(0, postgres),
  redis: Math.max(0, redis),
});

/**
 * What servers do by themselves, looking for jobs and changes, in processor milliseconds of each millisecond: it is no
 * price of an operation.
 */
async function idleOf(targets: readonly Measured[]): Promise<ReadonlyMap<Measured, Cost>> {
  await pause(IDLE.settleMs);
  const before = targets.map(cpuNow);
  const begun = performance.now();
  await pause(IDLE.lookMs);
  const elapsed = performance.now() - begun;
  return new Map(
    targets.map((measured, at) => {
      const { node, postgres, redis } = minus(cpuNow(measured), before[at] ?? { node: 0, postgres: 0, redis: 0 });
      return [measured, { node: node / elapsed, postgres: postgres / elapsed, redis: redis / elapsed }];
    }),
  );
}

/** One batch and what it cost, work included that follows a while after the answers. */
async function measureBatch(
  measured: Measured,
  users: readonly User[],
  { seconds, settleSeconds, idle }: { readonly seconds: number; readonly settleSeconds: number; readonly idle: Cost },
): Promise<Round> {
  const until = performance.now() + seconds * 1000;
  await Promise.all(users.map(async ({ supply }) => supply?.(until)));
  const [cpu, trips] = [cpuNow(measured), await tripsNow(measured)];
  const begun = performance.now();
  const batch = await runBatch(
    users.map(({ work }) => work),
    seconds,
  );
  if (settleSeconds > 0) await pause(settleSeconds * 1000);
  const [cpuAfter, elapsed, tripsAfter] = [cpuNow(measured), performance.now() - begun, await tripsNow(measured)];
  return {
    ...batch,
    cpu: atLeastNothing(minus(minus(cpuAfter, cpu), idle, elapsed)),
    trips: { postgres: tripsAfter.postgres - trips.postgres, redis: tripsAfter.redis - trips.redis },
  };
}

export interface RoundsOptions {
  readonly users: number;
  readonly seconds: number;
  readonly rounds: number;
  /** What is measured besides, in turns with the batches. */
  readonly between?: () => Promise<void>;
}

/**
 * A process compiles what it runs often: until then it is measured what nobody pays for a day. By operations, for on a
 * busy machine seconds say nothing.
 */
const WARM = { operations: 8000, mostSeconds: 150 };

async function warmUp(users: readonly User[]): Promise<void> {
  const end = performance.now() + WARM.mostSeconds * 1000;
  for (let done = 0; done < WARM.operations && performance.now() < end;) {
    await Promise.all(users.map(async ({ supply }) => supply?.(performance.now() + 500)));
    const { latencies, errors } = await runBatch(
      users.map(({ work }) => work),
      1,
    );
    done += latencies.length;
    // Whoever cannot be warmed says so when it is measured.
    if (errors > latencies.length) return;
  }
}

/** Runs the scenario on each target in turns, so that whatever else the machine does hits all alike. */
export async function measureInTurns(
  scenario: Scenario,
  targets: readonly Measured[],
  { users, seconds, rounds, between }: RoundsOptions,
): Promise<ReadonlyMap<Measured, readonly Round[]>> {
  const all = new Map<Measured, { readonly users: readonly User[]; readonly rounds: Round[] }>();
  for (const measured of targets) {
    const begun: User[] = [];
    for (let number = 0; number < users; number += 1) begun.push(await scenario.begin(measured.target));
    all.set(measured, { users: begun, rounds: [] });
  }
  for (const { users: begun } of all.values()) await warmUp(begun);
  const idle = await idleOf(targets);
  for (let round = 0; round < rounds; round += 1) {
    await between?.();
    for (const [measured, one] of all)
      one.rounds.push(
        await measureBatch(measured, one.users, {
          seconds,
          settleSeconds: scenario.settleSeconds ?? 0,
          idle: idle.get(measured) ?? { node: 0, postgres: 0, redis: 0 },
        }),
      );
  }
  return new Map([...all].map(([measured, one]) => [measured, one.rounds]));
}
