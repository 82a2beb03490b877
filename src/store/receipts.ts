import type { Knex } from 'knex';
import { isFinal, progressOf, type FinalState, type OperatorRecord, type ReceiptState } from '../domain/receipt.ts';
import { deleteBatch } from './delete-batch.ts';
import { prepared } from './knex.ts';
import type { ClaimedMessage, DeliveryState } from './messages.ts';

/** A message that was handed over, and what must be known of it when a receipt comes. */
export interface HandedOver {
  /** Under which the gateway will report. */
  readonly key: string;
  readonly providerId: string | undefined;
  readonly operator: string;
  /** On which limits count the number; kept until the last word about the message. */
  readonly recipientHash: string;
}

/** The last word about a message that was handed over. */
export interface Outcome {
  readonly messageId: string;
  readonly purpose: string;
  readonly operator: string;
  readonly state: FinalState;
  readonly sentAt: Date;
  readonly recipientHash: string | undefined;
}

interface Row {
  message_id: string | null;
  purpose: string | null;
  operator: string | null;
  state: ReceiptState;
  sent_at: Date | null;
  recipient_hash: string | null;
}

export type ReceiptStore = ReturnType<typeof createReceiptStore>;

/** A receipt that came first waits so long for its message; an older one is of another message that had the same id. */
const EARLY = "interval '10 minutes'";
const { sent, delivered: final } = progressOf;
/** How many reports are looked at to judge an operator. */
const JUDGED_BY = 100;

function outcomeOf(row: Row | undefined): Outcome | undefined {
  if (row === undefined || row.message_id === null || !isFinal(row.state)) return undefined;
  const { message_id, purpose, operator, state, sent_at, recipient_hash } = row;
  return {
    messageId: message_id,
    purpose: purpose ?? 'unknown',
    operator: operator ?? 'other',
    state,
    sentAt: sent_at ?? new Date(0),
    recipientHash: recipient_hash ?? undefined,
  };
}

/**
 * What gateways report. A message and its receipt find each other by the key, whichever comes first and on whichever
 * instance; each side is one statement that locks the one row, so the pair is complete exactly once.
 */
export function createReceiptStore(db: Knex) {
  return {
    /**
     * Records that a claimed message was handed over, as `messages.settle` does, and where its receipts belong.
     * @returns the outcome, where the receipt was here before; undefined where nothing is known yet, or the lease had
     *   passed to somebody else.
     */
    async settle(
      { id, leaseOwner }: Pick<ClaimedMessage, 'id' | 'leaseOwner'>,
      { key, providerId, operator, recipientHash }: HandedOver,
      now: Date,
    ): Promise<Outcome | undefined> {
      const [row] = await prepared<Row>(
        db,
        'receipts-settle',
        `with settled as (
           update messages set state = 'sent', leased_until = null, lease_owner = null, sealed = null, finished_at = $3, provider_id = $4
           where id = $1 and lease_owner = $2 returning id, purpose)
         insert into message_receipts as r (key, message_id, purpose, operator, recipient_hash, state, progress, sent_at, changed_at)
         select $5, id, purpose, $6, $7, 'sent', ${sent}, $3, $3 from settled
         on conflict (key) do update set
           (message_id, purpose, operator, sent_at, changed_at) = (excluded.message_id, excluded.purpose, excluded.operator, excluded.sent_at, excluded.changed_at),
           (state, progress, recipient_hash) = (
             select case when early then r.state else excluded.state end, case when early then r.progress else excluded.progress end,
               case when early and r.progress = ${final} then null else excluded.recipient_hash end
             from (select r.message_id is null and r.changed_at > excluded.changed_at - ${EARLY} and r.progress > excluded.progress as early) came)
         where r.message_id is distinct from excluded.message_id
         returning message_id, purpose, operator, state, sent_at, $7::text as recipient_hash`,
        [id, leaseOwner, now, providerId ?? null, key, operator, recipientHash],
      );
      return outcomeOf(row);
    },

    /**
     * Records what a gateway reports, where it is further than what is known.
     * @returns the outcome, where this was the last word about a message that was handed over; whoever has counted it
     *   forgets the recipient.
     */
    async take(key: string, state: ReceiptState, now: Date): Promise<Outcome | undefined> {
      const [row] = await prepared<Row>(
        db,
        'receipts-take',
        // The recipient is as the locked row has it: another statement may have written the row since this one began.
        `insert into message_receipts as r (key, state, progress, changed_at) values ($1, $2, $3, $4)
         on conflict (key) do update set
           state = excluded.state, progress = excluded.progress, changed_at = excluded.changed_at
         where excluded.progress > r.progress
         returning message_id, purpose, operator, state, sent_at, recipient_hash`,
        [key, state, progressOf[state], now],
      );
      return outcomeOf(row);
    },

    /** After the last word about a message nobody needs to know any more whose number it was. */
    async forgetRecipient(key: string): Promise<void> {
      await prepared(
        db,
        'receipts-forget',
        `update message_receipts set recipient_hash = null where key = $1 and progress = ${final} and recipient_hash is not null`,
        [key],
      );
    },

    /**
     * How far a message has come on our side, and what was reported of it since, for the page that waits for its code.
     */
    async standingOf(
      messageId: string,
    ): Promise<{ readonly state: DeliveryState; readonly receipt: ReceiptState | undefined } | undefined> {
      const [row] = await prepared<{ state: DeliveryState; receipt: ReceiptState | null }>(
        db,
        'receipts-standing',
        'select m.state, r.state as receipt from messages m left join message_receipts r on r.message_id = m.id where m.id = $1 order by r.progress desc nulls last limit 1',
        [messageId],
      );
      return row === undefined ? undefined : { state: row.state, receipt: row.receipt ?? undefined };
    },

    /**
     * What became of the last messages to numbers of an operator that were delivered or not, a hundred at most, back to
     * a moment.
     */
    async recordOf(operator: string, since: Date): Promise<OperatorRecord> {
      const [row] = await prepared<{ delivered: number; undelivered: number }>(
        db,
        'receipts-record',
        `select count(*) filter (where state = 'delivered')::int as delivered, count(*) filter (where state = 'undelivered')::int as undelivered
         from (select state from message_receipts where operator = $1 and changed_at > $2 and state in ('delivered', 'undelivered') order by changed_at desc limit ${JUDGED_BY}) last`,
        [operator, since],
      );
      return row ?? { delivered: 0, undelivered: 0 };
    },

    /** Forgets receipts for which no message came. @returns how many. */
    async purgeUnknown(before: Date, limit: number): Promise<number> {
      const { rows } = await db.raw<{ rows: unknown[] }>(
        'delete from message_receipts where ctid = any(array(select ctid from message_receipts where message_id is null and changed_at <= ? limit ? for update skip locked)) and message_id is null returning 1',
        [before, limit],
      );
      return rows.length;
    },

    /** Forgets what nobody asks for any more. @returns how many. */
    purge: (before: Date, limit: number): Promise<number> =>
      deleteBatch(db, 'message_receipts', 'changed_at', before, limit),
  };
}
