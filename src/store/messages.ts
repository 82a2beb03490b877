import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { UNANSWERED } from '../domain/unanswered.ts';
import { deleteBatch } from './delete-batch.ts';
import { insertRow, prepared, preparedChange } from './knex.ts';
import { isFree, leaseEnd } from './lease.ts';

export type MessageChannel = 'sms' | 'email';
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'failed' | 'expired';

/** What only the recipient may read. Sealed, bound to the row, and wiped when the message is done with. */
export interface MessagePayload {
  readonly to: string;
  readonly text: string;
  readonly subject?: string | undefined;
  readonly html?: string | undefined;
  readonly code?: string | undefined;
}

export interface QueuedMessage {
  readonly id: string;
  readonly channel: MessageChannel;
  readonly purpose: string;
  readonly locale: string;
  readonly payload: Sensitive<MessagePayload>;
  readonly createdAt: Date;
  /** After this it is not sent any more. */
  readonly expiresAt: Date | undefined;
  /** Stored as if its time had passed: it costs what a message costs and is never sent. */
  readonly withheld?: boolean | undefined;
}

export interface ClaimedMessage {
  readonly id: string;
  readonly channel: MessageChannel;
  readonly purpose: string;
  /** Hand-overs begun, this one included. */
  readonly attempts: number;
  readonly expiresAt: Date | undefined;
  /** A hand-over got no answer: the gateway may have it. */
  readonly wasUnanswered: boolean;
  readonly leaseOwner: string;
  /** @throws {SealBroken} the key is gone or the row was altered. */
  open(): Sensitive<MessagePayload>;
}

/** What became of a claimed message. An error is a code, never words of a gateway: those may quote the recipient. */
export type Settlement =
  | { readonly state: 'sent'; readonly providerId: string | undefined; readonly receiptKey?: string | undefined }
  | { readonly state: 'queued'; readonly nextAttemptAt: Date; readonly error: string }
  | { readonly state: 'failed'; readonly error: string }
  | { readonly state: 'expired' };

interface Row {
  id: string;
  channel: MessageChannel;
  purpose: string;
  sealed: Buffer;
  attempts: number;
  expires_at: Date | null;
  last_error: string | null;
}

export type MessageStore = ReturnType<typeof createMessageStore>;

const PURPOSE = 'message';

/** Messages on their way: {@link ../messages/courier.ts} puts them here and takes them out. */
export function createMessageStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  return {
    async add({
      id,
      channel,
      purpose,
      locale,
      payload,
      createdAt,
      expiresAt,
      withheld = false,
    }: QueuedMessage): Promise<void> {
      const sealed = sealer.seal(PURPOSE, id, JSON.stringify(payload.reveal()));
      await insertRow(db, 'messages', {
        id,
        channel,
        purpose,
        locale,
        // One text for both, so that the database takes as long.
        state: withheld ? 'expired' : 'queued',
        sealed: withheld ? null : sealed,
        finished_at: withheld ? createdAt : null,
        next_attempt_at: createdAt,
        created_at: createdAt,
        expires_at: expiresAt ?? null,
      });
    },

    /**
     * Takes messages that are due, for the length of a lease. Nobody else gets them until it is over; what is not
     * settled by then (the process died) is due again. One statement, so any number of instances may ask at once.
     *
     * @param by  `now` is by the clock of the instance, and says what is due. The lease is by that of the database
     *            alone. `leaseOwner` is new for each claim. Asking again with the same one, because the answer was lost
     *            on the way, gives the same messages again.
     */
    async claim(by: {
      channel: MessageChannel;
      now: Date;
      leaseSeconds: number;
      leaseOwner: string;
      limit: number;
    }): Promise<ClaimedMessage[]> {
      const rows = await prepared<Row>(
        db,
        'messages-claim',
        `update messages set state = 'sending', attempts = attempts + 1, leased_until = ${leaseEnd('$3')}, lease_owner = $4
         where id in (
           select id from messages
           where channel = $1 and state in ('queued', 'sending') and next_attempt_at <= $2 and (${isFree('$3')} or lease_owner = $4)
           order by next_attempt_at limit $5 for update skip locked)
         returning id, channel, purpose, sealed, attempts, expires_at, last_error`,
        [by.channel, by.now, by.leaseSeconds, by.leaseOwner, by.limit],
      );
      return rows.map(({ id, channel, purpose, sealed, attempts, expires_at, last_error }) => {
        let opened: Sensitive<MessagePayload> | undefined;
        return {
          id,
          channel,
          purpose,
          attempts,
          expiresAt: expires_at ?? undefined,
          wasUnanswered: last_error === UNANSWERED,
          leaseOwner: by.leaseOwner,
          open: () =>
            (opened ??= sensitive(JSON.parse(sealer.open(PURPOSE, id, sealed).toString('utf8')) as MessagePayload)),
        };
      });
    },

    /**
     * Records what became of a claimed message and ends the lease; the payload goes with the last word.
     * @returns false when the lease had passed to somebody else, whose word counts then.
     */
    async settle(
      { id, leaseOwner }: Pick<ClaimedMessage, 'id' | 'leaseOwner'>,
      settlement: Settlement,
      now: Date,
    ): Promise<boolean> {
      const { state } = settlement;
      const text = `update messages set state = $3, leased_until = null, lease_owner = null, next_attempt_at = coalesce($4, next_attempt_at),
          sealed = case when $3 = 'queued' then sealed end, finished_at = case when $3 = 'queued' then finished_at else $5 end,
          last_error = coalesce($6, last_error), provider_id = coalesce($7, provider_id)
        where id = $1 and lease_owner = $2`;
      const settled = await preparedChange(db, 'message-settle', text, [
        id,
        leaseOwner,
        state,
        state === 'queued' ? settlement.nextAttemptAt : null,
        now,
        'error' in settlement ? settlement.error : null,
        state === 'sent' ? (settlement.providerId ?? null) : null,
      ]);
      return settled === 1;
    },

    /** How far a message has come, for the page that waits for its code. */
    async stateOf(id: string): Promise<DeliveryState | undefined> {
      const row = await db<{ id: string; state: DeliveryState }>('messages').where('id', id).first('state');
      return row?.state;
    },

    /** Forgets messages that were done with before that time. @returns how many. */
    purge: (before: Date, limit: number): Promise<number> => deleteBatch(db, 'messages', 'finished_at', before, limit),
  };
}
