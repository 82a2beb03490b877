import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import type { AccountId } from '../domain/account.ts';
import type { Email } from '../domain/email.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { deleteBatch } from './delete-batch.ts';
import { insertRow } from './knex.ts';

const TABLE = 'email_confirmations';
const PURPOSE = 'new-email';

export interface EmailConfirmation {
  readonly accountId: AccountId;
  readonly emailIndex: Buffer;
  readonly usedAt: Date | undefined;
  /** Of an address that is to take the place of the account's: it, and when that was asked for. */
  readonly replacing: NewAddress | undefined;
}

export interface NewAddress {
  readonly email: Sensitive<Email>;
  readonly requestedAt: Date;
}

interface Row {
  token_hash: Buffer;
  expires_at: Date;
  account_id: AccountId;
  email_index: Buffer;
  used_at: Date | null;
  email_sealed: Buffer | null;
  requested_at: Date | null;
}

const COLUMNS = ['account_id', 'email_index', 'used_at', 'email_sealed', 'requested_at'] as const;

export type ConfirmationStore = ReturnType<typeof createConfirmationStore>;

/** Links that prove possession of an e-mail address; only a keyed hash of the token is kept. */
export function createConfirmationStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  function newAddressOf(row: Pick<Row, (typeof COLUMNS)[number]>): NewAddress | undefined {
    if (row.email_sealed === null || row.requested_at === null) return undefined;
    return {
      email: sensitive(sealer.open(PURPOSE, row.account_id, row.email_sealed).toString('utf8') as Email),
      requestedAt: row.requested_at,
    };
  }

  return {
    /** @param confirmation.replacing  the address that is not the account's yet: it waits here, sealed. */
    async insert(confirmation: {
      tokenHash: Buffer;
      accountId: AccountId;
      emailIndex: Buffer;
      at: Date;
      expiresAt: Date;
      replacing?: Sensitive<Email> | undefined;
    }): Promise<void> {
      const { replacing } = confirmation;
      await insertRow(db, TABLE, {
        token_hash: confirmation.tokenHash,
        account_id: confirmation.accountId,
        email_index: confirmation.emailIndex,
        expires_at: confirmation.expiresAt,
        requested_at: confirmation.at,
        ...(replacing === undefined
          ? {}
          : { email_sealed: sealer.seal(PURPOSE, confirmation.accountId, replacing.reveal()) }),
      });
    },

    async find(tokenHash: Buffer, now: Date): Promise<EmailConfirmation | undefined> {
      const row = await db<Row>(TABLE)
        .where('token_hash', tokenHash)
        .where('expires_at', '>', now)
        .first(...COLUMNS);
      return row === undefined
        ? undefined
        : {
            accountId: row.account_id,
            emailIndex: row.email_index,
            usedAt: row.used_at ?? undefined,
            replacing: newAddressOf(row),
          };
    },

    /** The address that waits for its link to be opened: of several the one that was asked for last. */
    async waitingFor(accountId: AccountId, now: Date): Promise<NewAddress | undefined> {
      const row = await db<Row>(TABLE)
        .where('account_id', accountId)
        .whereNull('used_at')
        .whereNotNull('email_sealed')
        .where('expires_at', '>', now)
        .orderBy('requested_at', 'desc')
        .first(...COLUMNS);
      return row === undefined ? undefined : newAddressOf(row);
    },

    /**
     * When a link to this address was last sent on behalf of the account; undefined also where it was before this was
     * written down.
     */
    async lastSentAt(accountId: AccountId, emailIndexes: readonly Buffer[]): Promise<Date | undefined> {
      const row = (await db(TABLE)
        .where('account_id', accountId)
        .whereIn('email_index', [...emailIndexes])
        .max('requested_at as at')
        .first()) as { at: Date | null } | undefined;
      return row?.at ?? undefined;
    },

    /**
     * Ends every link by which another address was to take the place of the account's. That they were sent stays: the
     * next one to the same address has to wait for it.
     */
    async dropWaiting(accountId: AccountId, now: Date): Promise<void> {
      await db(TABLE)
        .where('account_id', accountId)
        .whereNull('used_at')
        .whereNotNull('email_sealed')
        .update({ used_at: now, email_sealed: null });
    },

    /** Ends every link of the account, also those that confirm the address it has. */
    async dropAll(accountId: AccountId, now: Date): Promise<void> {
      await db(TABLE).where('account_id', accountId).whereNull('used_at').update({ used_at: now, email_sealed: null });
    },

    /** @returns false when somebody was faster. */
    async use(tokenHash: Buffer, now: Date): Promise<boolean> {
      return (
        (await db(TABLE)
          .where('token_hash', tokenHash)
          .whereNull('used_at')
          .where('expires_at', '>', now)
          .update({ used_at: now })) === 1
      );
    },

    purge: (now: Date, limit: number): Promise<number> => deleteBatch(db, TABLE, 'expires_at', now, limit),
  };
}
