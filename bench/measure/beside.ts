import { runBatch } from '../drivers/batch.ts';
import { protocolScenarios } from '../scenarios/protocol.ts';
import { peopleScenarios } from '../scenarios/people.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Measured } from '../setups/product.ts';
import { percentile } from './statistics.ts';

const VISITORS = 4;
const HASHING = 16;

export interface Beside {
  readonly quiet: { readonly p50: number; readonly p99: number; readonly operations: number };
  readonly busy: { readonly p50: number; readonly p99: number; readonly operations: number };
  readonly signIns: number;
  readonly errors: number;
  readonly firstError: string | undefined;
}

const find = (all: readonly Scenario[], name: string): Scenario => {
  const found = all.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
};

/** Single sign-on alone, and while people have their passwords hashed on the same servers; in turns. */
export async function measureBeside(
  { target }: Measured,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<Beside> {
  const begin = (scenario: Scenario, count: number) =>
    Promise.all(Array.from({ length: count }, () => scenario.begin(target)));
  const visitors = (await begin(find(protocolScenarios, 'sso'), VISITORS)).map(({ work }) => work);
  const people = (await begin(find(peopleScenarios, 'sign-in-hashed'), HASHING)).map(({ work }) => work);
  const quiet: number[] = [];
  const busy: number[] = [];
  let signIns = 0;
  let errors = 0;
  let firstError: string | undefined;
  await runBatch(visitors, seconds / 2);
  for (let round = 0; round < rounds; round += 1) {
    const alone = await runBatch(visitors, seconds);
    const [beside, hashing] = await Promise.all([runBatch(visitors, seconds), runBatch(people, seconds)]);
    quiet.push(...alone.latencies);
    busy.push(...beside.latencies);
    signIns += hashing.latencies.length;
    for (const batch of [alone, beside, hashing]) {
      errors += batch.errors;
      firstError ??= batch.firstError;
    }
  }
  const of = (latencies: readonly number[]) => ({
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    operations: latencies.length,
  });
  return { quiet: of(quiet), busy: of(busy), signIns, errors, firstError };
}
