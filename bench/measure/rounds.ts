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

const cpuNow = ({ servers, postgres, redis }: Measured): Cost => ({ node: sum(servers.map((server) => server.cpuMs())), postgres: postgres?.cpuMs() ?? 0, redis: redis?.cpuMs() ?? 0 });

async function tripsNow({ servers }: Measured): Promise<Round['trips']> {
  const all = await Promise.all(servers.map((server) => server.trips()));
  return { postgres: sum(all.map(({ postgres }) => postgres)), redis: sum(all.map(({ redis }) => redis)) };
}

/** One batch and what it cost, work included that follows a while after the answers. */
async function measureBatch(measured: Measured, users: readonly User[], seconds: number, settleSeconds: number): Promise<Round> {
  const until = performance.now() + seconds * 1000;
  await Promise.all(users.map(async ({ supply }) => supply?.(until)));
  const [cpu, trips] = [cpuNow(measured), await tripsNow(measured)];
  const batch = await runBatch(users.map(({ work }) => work), seconds);
  if (settleSeconds > 0) await pause(settleSeconds * 1000);
  const [cpuAfter, tripsAfter] = [cpuNow(measured), await tripsNow(measured)];
  return {
    ...batch,
    cpu: { node: cpuAfter.node - cpu.node, postgres: cpuAfter.postgres - cpu.postgres, redis: cpuAfter.redis - cpu.redis },
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

/** A process compiles what it runs often: until then it is measured what nobody pays for a day. By operations, for on a busy machine seconds say nothing. */
const WARM = { operations: 1000, mostSeconds: 15 };

async function warmUp(users: readonly User[]): Promise<void> {
  const end = performance.now() + WARM.mostSeconds * 1000;
  for (let done = 0; done < WARM.operations && performance.now() < end; ) {
    await Promise.all(users.map(async ({ supply }) => supply?.(performance.now() + 500)));
    const { latencies, errors } = await runBatch(users.map(({ work }) => work), 1);
    done += latencies.length;
    // Whoever cannot be warmed says so when it is measured.
    if (errors > latencies.length) return;
  }
}

/** Runs the scenario on each target in turns, so that whatever else the machine does hits all alike. */
export async function measureInTurns(scenario: Scenario, targets: readonly Measured[], { users, seconds, rounds, between }: RoundsOptions): Promise<ReadonlyMap<Measured, readonly Round[]>> {
  const all = new Map<Measured, { readonly users: readonly User[]; readonly rounds: Round[] }>();
  for (const measured of targets) {
    const begun: User[] = [];
    for (let number = 0; number < users; number += 1) begun.push(await scenario.begin(measured.target));
    all.set(measured, { users: begun, rounds: [] });
  }
  for (const { users: begun } of all.values()) await warmUp(begun);
  for (let round = 0; round < rounds; round += 1) {
    await between?.();
    for (const [measured, one] of all) one.rounds.push(await measureBatch(measured, one.users, seconds, scenario.settleSeconds ?? 0));
  }
  return new Map([...all].map(([measured, one]) => [measured, one.rounds]));
}
