import type { Command } from 'commander';
import { demandClosedKeyring } from '../crypto/keyring-source.ts';
import { seed } from '../dev/seed.ts';
import { earlierClock } from '../jobs/earlier-clock.ts';
import { purge } from '../jobs/purge.ts';
import { purgeCounters } from '../ports/counters/postgres.ts';
import { createKnex, migrate, rollback } from '../store/knex.ts';
import { isConnectionLost } from '../store/reconnect.ts';
import { readConfig, withCore, withDatabase } from './open.ts';
import { print, Refused, showRecord } from './terminal.ts';

async function runMigrations(flags: { rollback?: boolean }, command: Command): Promise<void> {
  const back = flags.rollback === true;
  // With such a keyring no instance would start afterwards; the way back is open to everybody.
  if (!back) demandClosedKeyring(readConfig());
  const names = await withDatabase(readConfig(), async ({ config, databaseUrl }) => {
    const knex = createKnex({ url: config.database.directUrl ?? databaseUrl, poolMax: 2, statementTimeoutMs: 0 });
    return (back ? rollback(knex) : migrate(knex)).finally(() => knex.destroy());
  });
  print(command, { [back ? 'rolledBack' : 'migrated']: names }, () =>
    names.length === 0 ? 'Nothing to do.' : names.map((name) => `${back ? 'taken back' : 'done'}  ${name}`).join('\n'),
  );
}

async function runSeed(_flags: object, command: Command): Promise<void> {
  // Before the database is touched.
  if (readConfig().environment === 'production')
    throw new Refused('seeds are invented people and services: never in production');
  const { citizens, clients } = await withCore(seed);
  const services = clients.map(({ id, metadata }) => ({ client_id: id, client_name: metadata.client_name }));
  print(command, { citizens, clients: services }, () =>
    [
      ...services.map(({ client_id, client_name }) => `service  ${client_id}  ${client_name}`),
      ...citizens.map(
        ({ nik, email, phone, password, roles }) =>
          `${roles.length === 0 ? 'citizen' : 'operator'}  ${nik}  ${email}  ${phone}  ${password}`,
      ),
    ].join('\n'),
  );
}

async function runPurge(_flags: object, command: Command): Promise<void> {
  const removed = await withCore(async ({ config, store, clock, knex }) =>
    purge({
      store,
      clock: await earlierClock({ clock, store }),
      deviceSeconds: config.lifetimes.deviceSeconds,
      formerAccountDays: config.lifetimes.formerAccountDays,
      recoveryRequestDays: config.recoveryRequests.keptDays,
      purgeCounters: (now, limit) => purgeCounters(knex, now, limit),
      isConnectionLost,
    }),
  );
  print(command, removed, () => showRecord(removed));
}

export function addUpkeepCommands(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to its newest state')
    .option('--rollback', 'take the last batch of migrations back, with the data in it')
    .action(runMigrations);
  program.command('seed').description('sample services and people for development; may be repeated').action(runSeed);
  program.command('purge').description('remove what has run out').action(runPurge);
}
