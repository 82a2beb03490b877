import type { Knex } from 'knex';
import { jobQueueTables } from '../src/store/job-queue.ts';
import { sqlOf } from '../src/store/knex.ts';

/** The text has a transaction of its own. */
export const config = { transaction: false };

/** The tables of the queue of periodic jobs, which its library keeps up from here on. */
export async function up(knex: Knex): Promise<void> {
  await sqlOf(knex)(jobQueueTables());
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop schema jobs cascade');
}
