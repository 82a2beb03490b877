import type { Knex } from 'knex';
import { createIndexOnline, dropIndexOnline } from '../src/store/online.ts';

/** The index is made while messages are sent. */
export const config = { transaction: false };

/**
 * The few messages that still wait, among those of thirty days, by the key that they are sealed under. Their content
 * changes when it is wiped, and never without other indexed columns: the index costs no row its place on the page.
 * Drafts and protocol state have none for that reason, and are walked through (ADR 23).
 */
export const up = (knex: Knex): Promise<void> =>
  createIndexOnline(knex, 'messages_sealed_by', 'on messages (sealed_by(sealed)) where sealed is not null');

export const down = (knex: Knex): Promise<void> => dropIndexOnline(knex, 'messages_sealed_by');
