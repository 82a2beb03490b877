import type { Core } from '../core.ts';
import { seedsIn } from './seed.ts';

/** The settings say one thing and what lies in the database another. */
export class WrongDatabase extends Error {
  readonly code = 'WRONG_DATABASE';
}

/** What the doctor and a start that refuses say to do about seeds in production. */
export const AWAY_WITH_SEEDS =
  'begin with an empty database; where real people have registered, take the roles of these away (operator revoke) and suspend them (account suspend), and stop the services (client disable)';

const listed = (ids: readonly string[]): string => ids.join(', ');

/** @returns what of the seeds is of use to somebody here, in words; undefined where nothing is. */
export async function tellSeeds(core: Core): Promise<string | undefined> {
  const { citizens, clients } = await seedsIn(core);
  const active = [
    ...citizens.filter(({ status }) => status === 'active').map(({ id }) => id),
    ...clients.filter(({ status }) => status === 'active').map(({ id }) => id),
  ];
  return active.length === 0
    ? undefined
    : `the database holds people or services of development, whose passwords anybody can read: ${listed(active)}`;
}

const LEFT_ALONE =
  'and left alone. To do: set NODE_ENV=production, or let development have an empty database of its own';

/**
 * A start in production on what development has filled would let strangers in as administrators; one in development on
 * what production has filled (`NODE_ENV` was forgotten) would make those administrators, and send real people's codes
 * to an outbox. The first start says what the database is for.
 * @throws {WrongDatabase} before anybody is served.
 */
export async function demandOwnDatabase(core: Core): Promise<void> {
  const { config, store, clock } = core;
  if (config.environment === 'production') {
    const told = await tellSeeds(core);
    if (told !== undefined) throw new WrongDatabase(`${told}. To do: ${AWAY_WITH_SEEDS}`);
  } else if (config.environment === 'development') {
    const known = await store.environment.find();
    if (known === 'production') throw new WrongDatabase(`the database is one of production, ${LEFT_ALONE}`);
    // One that no start has marked yet, since the releases before did not. Whoever wants no samples has thought about
    // what this database is for.
    if (known === undefined && config.sampleService.enabled && (await seedsIn(core)).citizens.length === 0) {
      if ((await store.operators.list()).length > 0)
        throw new WrongDatabase(
          `the database has operators and nobody of development, so it is taken for one of production, ${LEFT_ALONE}`,
        );
      if (await store.environment.hasAccounts())
        throw new WrongDatabase(
          `the database has accounts and nobody of development, so it is taken for one of production, ${LEFT_ALONE}`,
        );
    }
  } else return;
  await store.environment.mark(config.environment, clock.now());
}
