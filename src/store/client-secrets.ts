import type { Knex } from 'knex';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { ClientSecret } from '../domain/client.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';

export interface NewClientSecret extends Pick<ClientSecret, 'number' | 'createdBy' | 'createdAt' | 'expiresAt'> {
  readonly secret: Sensitive<string>;
}

export type ClientSecretStore = ReturnType<typeof createClientSecretStore>;

/** The secrets of client applications, as keyed hashes; with a client they are read by `clients.find`. */
export function createClientSecretStore(
  db: Knex,
  { sealer, keyedHash }: { readonly sealer: Sealer; readonly keyedHash: KeyedHash },
) {
  /** Of 256 random bits: nothing would be gained by hashing slowly. */
  const hashOf = (clientId: string, secret: Sensitive<string>): Buffer =>
    keyedHash.hash('client-secret', clientId, secret.reveal());
  const toRow = (clientId: string, { number, secret, createdBy, createdAt, expiresAt }: NewClientSecret): object => ({
    client_id: clientId,
    number,
    hash: hashOf(clientId, secret),
    created_by: createdBy,
    created_at: createdAt,
    expires_at: expiresAt ?? null,
  });

  return {
    async insert(clientId: string, secret: NewClientSecret): Promise<void> {
      await db('client_secrets').insert(toRow(clientId, secret));
    },

    /**
     * Which of these secrets of the client it is that somebody showed; each is looked at, whichever fits. Asks no
     * database.
     */
    whichFits(
      clientId: string,
      secrets: readonly ClientSecret[],
      shown: Sensitive<string>,
    ): Promise<ClientSecret | undefined> {
      const hash = hashOf(clientId, shown);
      return Promise.resolve(
        secrets
          .map((secret) => (keyedHash.equal(secret.hash, hash) ? secret : undefined))
          .find((fitting) => fitting !== undefined),
      );
    },

    /** Those that would end later end then; what has ended stays so. @param numbers  which of the client's secrets. */
    async endBy(clientId: string, numbers: readonly number[], at: Date): Promise<void> {
      await db('client_secrets')
        .where('client_id', clientId)
        .whereIn('number', [...numbers])
        .andWhere((query) => void query.whereNull('expires_at').orWhere('expires_at', '>', at))
        .update({ expires_at: at });
    },

    /** Coarse: whoever tells it looks first whether it is worth writing down. */
    async used(clientId: string, number: number, at: Date): Promise<void> {
      await db('client_secrets').where({ client_id: clientId, number }).update({ last_used_at: at });
    },

    /**
     * Turns what an earlier release has sealed into hashes; several instances may begin it at once.
     * @returns how many there were.
     */
    async hashSealed(): Promise<number> {
      return db.transaction(async (trx) => {
        const rows = await trx<{ id: string; secret_sealed: Buffer; created_at: Date }>('clients')
          .whereNotNull('secret_sealed')
          .forUpdate()
          .select('id', 'secret_sealed', 'created_at');
        for (const { id, secret_sealed: sealed, created_at: createdAt } of rows) {
          const secret = sensitive(sealer.open('client-secret', id, sealed).toString('utf8'));
          // An earlier release that still runs beside this one may have sealed another since.
          const known = await trx<{ number: number; hash: Buffer }>('client_secrets')
            .where('client_id', id)
            .select('number', 'hash');
          const number = 1 + Math.max(0, ...known.map((one) => one.number));
          if (!known.some(({ hash }) => keyedHash.equal(hash, hashOf(id, secret))))
            await trx('client_secrets').insert(
              toRow(id, { number, secret, createdBy: 'operator', createdAt, expiresAt: undefined }),
            );
          await trx('clients').where('id', id).update({ secret_sealed: null });
        }
        return rows.length;
      });
    },
  };
}
