import type { Knex } from 'knex';
import { createIndexOnline, dropIndexOnline } from '../src/store/online.ts';

/** The index is made while people sign out. */
export const config = { transaction: false };

/**
 * Logout notices that are due are looked for service by service: what one service that is away has waiting, hundreds of
 * thousands of them or more, is stepped over and not read. A former release finds its own by the new index as well.
 */
export async function up(knex: Knex): Promise<void> {
  await createIndexOnline(
    knex,
    'logout_notices_service_due',
    "on logout_notices (client_id, attempts, next_attempt_at) where state = 'pending'",
  );
  await dropIndexOnline(knex, 'logout_notices_due');
}

export async function down(knex: Knex): Promise<void> {
  await createIndexOnline(
    knex,
    'logout_notices_due',
    "on logout_notices (attempts, next_attempt_at) where state = 'pending'",
  );
  await dropIndexOnline(knex, 'logout_notices_service_due');
}
