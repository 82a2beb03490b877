import type { Knex } from 'knex';
import { prepared, preparedChange } from './knex.ts';
import type { AccountId } from '../domain/account.ts';
import type { Locale } from '../domain/locale.ts';
import type { ConsentKind, ConsentText } from '../domain/sharing.ts';

/** A person agreed to a text, or was told it. */
export interface Receipt {
  readonly id: string;
  readonly accountId: AccountId;
  readonly clientId: string;
  readonly textVersion: string;
  readonly kind: ConsentKind;
  /** The language in which the text was read. */
  readonly locale: Locale;
  readonly givenAt: Date;
}

export interface ReceiptWithText extends Receipt {
  readonly text: ConsentText;
}

interface Row {
  id: string;
  account_id: AccountId;
  client_id: string;
  text_version: string;
  kind: ConsentKind;
  locale: Locale;
  given_at: Date;
  content: ConsentText;
}

export type ConsentStore = ReturnType<typeof createConsentStore>;

/** Receipts of what people agreed to or were told, and the very texts. */
export function createConsentStore(db: Knex) {
  const toReceipt = (row: Row): ReceiptWithText => ({
    id: row.id,
    accountId: row.account_id,
    clientId: row.client_id,
    textVersion: row.text_version,
    kind: row.kind,
    locale: row.locale,
    givenAt: row.given_at,
    text: row.content,
  });

  return {
    /**
     * @param occasion  a keyed hash of the interaction in which it was given.
     * @returns         false when that interaction has left its receipt already, or the person has taken back since
     *   what this one says.
     */
    async keep({ text, ...receipt }: ReceiptWithText, occasion: Buffer): Promise<boolean> {
      const kept = await preparedChange(
        db,
        'consent-keep',
        `with told as (insert into consent_texts (version, content, first_used_at) values ($4, $9, $8) on conflict (version) do nothing)
         insert into consent_receipts (id, account_id, client_id, text_version, kind, locale, occasion, given_at)
         select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (select from consent_receipts where account_id = $2 and client_id = $3 and withdrawn_at > $8)
         on conflict (occasion) do nothing`,
        [
          receipt.id,
          receipt.accountId,
          receipt.clientId,
          receipt.textVersion,
          receipt.kind,
          receipt.locale,
          occasion,
          receipt.givenAt,
          JSON.stringify(text),
        ],
      );
      return kept === 1;
    },

    /** Those not withdrawn, oldest first. */
    async standing(accountId: string, clientId: string): Promise<readonly ReceiptWithText[]> {
      const rows = await prepared<Row>(
        db,
        'consents-standing',
        `select r.id, r.account_id, r.client_id, r.text_version, r.kind, r.locale, r.given_at, t.content from consent_receipts r join consent_texts t on t.version = r.text_version
         where r.withdrawn_at is null and r.account_id = $1 and r.client_id = $2 order by r.given_at`,
        [accountId, clientId],
      );
      return rows.map(toReceipt);
    },

    /** The same for every service. */
    async standingOf(accountId: AccountId): Promise<readonly ReceiptWithText[]> {
      const rows = await db('consent_receipts as r')
        .join('consent_texts as t', 't.version', 'r.text_version')
        .whereNull('r.withdrawn_at')
        .where({ account_id: accountId })
        .orderBy('r.given_at')
        .select<Row[]>('r.*', 't.content');
      return rows.map(toReceipt);
    },

    /** Whether the person has ever taken back what this service may have. */
    async wasWithdrawn(accountId: string, clientId: string): Promise<boolean> {
      return (
        (await db('consent_receipts')
          .whereNotNull('withdrawn_at')
          .where({ account_id: accountId, client_id: clientId })
          .first('id')) !== undefined
      );
    },

    /** @returns how many receipts that ended. */
    async withdraw(accountId: AccountId, clientId: string, at: Date): Promise<number> {
      return db('consent_receipts')
        .whereNull('withdrawn_at')
        .where({ account_id: accountId, client_id: clientId })
        .update({ withdrawn_at: at });
    },
  };
}
