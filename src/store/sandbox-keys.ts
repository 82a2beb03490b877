import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import type { SigningKey } from '../crypto/signing-key.ts';

export type SandboxKeyStore = ReturnType<typeof createSandboxKeyStore>;

interface Row {
  readonly kid: string;
  readonly algorithm: string;
  readonly sealed: Buffer;
  readonly created_at: Date;
}

const PURPOSE = 'sandbox-key';

/** The private keys of the sandbox, sealed: its own, and those made for one check. */
export function createSandboxKeyStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  const toKey = ({ kid, algorithm, sealed, created_at }: Row): SigningKey => ({
    kid,
    algorithm,
    jwk: JSON.parse(sealer.open(PURPOSE, kid, sealed).toString('utf8')) as Record<string, unknown>,
    createdAt: created_at,
  });

  return {
    /** The standing ones. */
    async list(): Promise<readonly SigningKey[]> {
      return (await db<Row>('sandbox_keys').whereNull('check_id').orderBy('created_at', 'desc').orderBy('kid')).map(
        toKey,
      );
    },

    /** Those made for checks since then, newest first. */
    async ofChecks(since: Date, limit: number): Promise<readonly SigningKey[]> {
      return (
        await db<Row>('sandbox_keys')
          .whereNotNull('check_id')
          .where('created_at', '>=', since)
          .orderBy('created_at', 'desc')
          .limit(limit)
      ).map(toKey);
    },

    /** The newest made for a check. */
    async ofCheck(checkId: string): Promise<SigningKey | undefined> {
      const row = await db<Row>('sandbox_keys').where('check_id', checkId).orderBy('created_at', 'desc').first();
      return row === undefined ? undefined : toKey(row);
    },

    /** @param checkId  of a check, in the place of the one that was made for it before. */
    async insert(key: SigningKey, checkId?: string): Promise<void> {
      if (checkId !== undefined) await db('sandbox_keys').where('check_id', checkId).delete();
      await db('sandbox_keys').insert({
        kid: key.kid,
        algorithm: key.algorithm,
        sealed: sealer.seal(PURPOSE, key.kid, JSON.stringify(key.jwk)),
        check_id: checkId ?? null,
        created_at: key.createdAt,
      });
    },

    /** Those made for checks of a client that is not tried any more. */
    async removeOfClient(clientId: string): Promise<void> {
      await db('sandbox_keys')
        .whereIn('check_id', db('client_checks').select('id').where('client_id', clientId))
        .delete();
    },

    /** Removes keys made for checks before that moment; the standing ones stay. @returns how many rows went. */
    async purgeOfChecks(before: Date, limit: number): Promise<number> {
      const { rows } = await db.raw<{ rows: unknown[] }>(
        `delete from sandbox_keys where kid = any(array(
           select kid from sandbox_keys where check_id is not null and created_at <= ? limit ? for update skip locked)) returning 1`,
        [before, limit],
      );
      return rows.length;
    },

    /** Until the transaction ends nobody else makes keys. */
    async lock(): Promise<void> {
      await db.raw('lock table sandbox_keys in exclusive mode');
    },
  };
}
