import type { EventEmitter } from 'node:events';
import type { Knex } from 'knex';
import type pg from 'pg';

/** What PostgreSQL says to a write where it takes none. */
const REFUSED_WRITE = '25006';
/**
 * Settings that PostgreSQL tells of by itself whenever they change: somebody closes a former primary to writing while
 * we are connected.
 */
const TOLD = new Set(['in_hot_standby', 'default_transaction_read_only']);

/** Of one connection, or of the next transaction of a pooler. */
export const READS_ONLY = "current_setting('transaction_read_only') = 'on'";

/**
 * The server that was reached takes no writes. It is a standby, or a former primary that has been closed to writing
 * since another took over: what it would answer may be out of date, and is no answer.
 */
export class ReadsOnly extends Error {
  override readonly name = 'ReadsOnly';
  readonly code = 'DATABASE_READS_ONLY';

  constructor() {
    super('the server that DATABASE_URL leads to only reads: it is a standby, or was closed to writing');
  }
}

/** @throws {ReadsOnly} and whatever the driver throws where the database does not answer. */
export async function askForWrites(knex: Knex): Promise<void> {
  const { rows } = await knex.raw<{ rows: [{ reads_only: boolean }] }>(`select ${READS_ONLY} as reads_only`);
  if (rows[0].reads_only) throw new ReadsOnly();
}

/**
 * Refuses new connections to a server that only reads. Where one that is there already hears that its server has become
 * such, all of them are let go of: the next go to wherever the address leads by then.
 */
export function demandWrites(): (made: pg.Client) => Promise<void> {
  const all = new Set<pg.Client>();
  const letGo = (): void => {
    for (const one of all) Object.assign(one, { __knex__disposed: new ReadsOnly() });
    all.clear();
  };

  return async (made) => {
    const { connection } = made as unknown as { connection: EventEmitter };
    connection.on('errorMessage', ({ code }: { code?: string }) => {
      if (code === REFUSED_WRITE) letGo();
    });
    connection.on(
      'parameterStatus',
      ({ parameterName, parameterValue }: { parameterName: string; parameterValue: string }) => {
        if (TOLD.has(parameterName) && parameterValue === 'on') letGo();
      },
    );
    made.once('end', () => {
      all.delete(made);
    });
    all.add(made);
    try {
      const { rows } = await made.query<{ reads_only: boolean }>(`select ${READS_ONLY} as reads_only`);
      if (rows[0]?.reads_only !== true) return;
      letGo();
      throw new ReadsOnly();
    } catch (error) {
      // The pool knows nothing yet of a connection that it is refused.
      made.end().catch(() => undefined);
      throw error;
    }
  };
}
