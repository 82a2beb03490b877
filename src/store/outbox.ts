import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import { prepared } from './knex.ts';

/** A message as `/dev/outbox.json` shows it. */
export interface OutboxEntry {
  readonly id: string;
  readonly channel: 'sms' | 'email';
  readonly to: string;
  readonly subject: string | null;
  readonly text: string;
  readonly code: string | null;
  readonly createdAt: string;
}

interface NewEntry {
  readonly id: string;
  readonly channel: 'sms' | 'email';
  readonly to: string;
  readonly subject: string | undefined;
  readonly text: string;
  readonly code: string | undefined;
  readonly createdAt: Date;
}

interface Row {
  position: number;
  id: string;
  channel: 'sms' | 'email';
  sealed: Buffer;
  created_at: Date;
}

export type OutboxStore = ReturnType<typeof createOutboxStore>;

const PURPOSE = 'outbox';

/** `0812…`, `62812…` and `+62 812…` are one number to somebody who looks for it. */
const comparable = (recipient: string): string =>
  recipient.includes('@') ? recipient.trim().toLowerCase() : recipient.replaceAll(/\D/g, '').replace(/^(?:62|0)/, '');

/** Messages of development and tests that went nowhere. Sealed all the same: no table shows a person in clear. */
export function createOutboxStore(
  db: Knex,
  { sealer, keep = 1000 }: { readonly sealer: Sealer; readonly keep?: number },
) {
  return {
    /** Adds a message unless one with its id is there, and forgets the oldest beyond `keep`, some at once. */
    async add({ id, channel, createdAt, ...content }: NewEntry): Promise<void> {
      const [added] = await prepared<Pick<Row, 'position'>>(
        db,
        'outbox-add',
        'insert into outbox (id, channel, sealed, created_at) values ($1, $2, $3, $4) on conflict (id) do nothing returning position',
        [id, channel, sealer.seal(PURPOSE, id, JSON.stringify(content)), createdAt],
      );
      // Now and then: to find the oldest, all that are kept are counted.
      if (added === undefined || added.position % Math.ceil(keep / 20) !== 0) return;
      await prepared(
        db,
        'outbox-forget',
        'delete from outbox where position <= (select position from outbox order by position desc offset $1 limit 1)',
        [keep],
      );
    },

    /** Newest first. @param to  only messages to this number or address, in any usual spelling. */
    async newest({ to, limit = keep }: { to?: string | undefined; limit?: number } = {}): Promise<OutboxEntry[]> {
      const rows = await db<Row>('outbox')
        .orderBy('position', 'desc')
        .limit(keep)
        .select('id', 'channel', 'sealed', 'created_at');
      const entries = rows.map(({ id, channel, sealed, created_at }): OutboxEntry => {
        const content = JSON.parse(sealer.open(PURPOSE, id, sealed).toString('utf8')) as {
          to: string;
          subject?: string;
          text: string;
          code?: string;
        };
        return {
          id,
          channel,
          to: content.to,
          subject: content.subject ?? null,
          text: content.text,
          code: content.code ?? null,
          createdAt: created_at.toISOString(),
        };
      });
      const wanted =
        to === undefined || to.trim() === ''
          ? entries
          : entries.filter((entry) => comparable(entry.to) === comparable(to));
      return wanted.slice(0, limit);
    },
  };
}
