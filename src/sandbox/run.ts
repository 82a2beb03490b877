import type { Finding } from '../domain/check-judge.ts';
import { isPassed } from '../domain/check-judge.ts';
import { bendOf, isApplicable, scenarios } from '../domain/check-scenarios.ts';
import type { Client } from '../domain/client.ts';
import type { Checks } from './checks.ts';
import type { createWalk } from './walk.ts';

export interface RunDeps {
  readonly checks: Checks;
  readonly walk: ReturnType<typeof createWalk>;
  /** Lets time pass: libraries fetch keys again only so long after the last time. */
  readonly wait: (ms: number) => Promise<void>;
  /** Is told before each wait. */
  readonly remark?: (text: string) => void;
}

/** What well-known libraries keep keys for at least, whatever token comes: a minute. */
const KEYS_KEPT_MS = 61_000;

/**
 * Goes through every scenario that needs no person, one after the other, as a browser that begins at `start`.
 * @returns what is thought of each, also of those that need a person's eye.
 */
export async function runCheck(
  { checks, walk, wait, remark }: RunDeps,
  client: Client,
  start: string,
  by: string,
): Promise<{ readonly passed: boolean; readonly findings: readonly Finding[] }> {
  await checks.start(client, by);

  async function once(id: string, isSignIn: boolean): Promise<Finding | undefined> {
    await checks.begin(client, id);
    if (isSignIn)
      await checks.tell(client, id, 'page', {
        ...(await walk(start, { deny: bendOf(id) === 'deny', mark: await checks.markFor(client) })),
      });
    return (await checks.report(client)).findings.find(({ scenario }) => scenario === id);
  }

  for (const scenario of scenarios) {
    // Refreshing is the service's own affair: nothing that a browser does makes it.
    if (!isApplicable(scenario, client.metadata) || scenario.id === 'refresh') continue;
    const found = await once(scenario.id, 'citizen' in scenario);
    // Nobody there who could be tried.
    if (found?.fault === 'not-begun') break;
    if (found?.fault !== 'keys-not-fetched') continue;
    remark?.('the new key was not accepted at once; trying again in a minute, as libraries fetch keys no more often');
    await wait(KEYS_KEPT_MS);
    await once(scenario.id, true);
  }
  const { findings } = await checks.report(client);
  return { passed: isPassed(findings), findings };
}
