import { z } from 'zod';
import type { Client, ClientVersion } from '../../domain/client.ts';
import type { ClientMark } from '../../store/clients.ts';
import { Problem } from '../../web/problem.ts';
import { document } from './metadata-fields.ts';

/** What a schema lets out, and what may be put in. */
export type Shown<Schema extends z.ZodType> = z.input<Schema>;

const { $schema: _dialect, ...rules } = z.toJSONSchema(document.omit({ client_secret: true, type: true }), {
  io: 'input',
  unrepresentable: 'any',
});

/**
 * A client metadata document, described by the very schema that reads it; all that is wrong with it is said at once, by
 * the service.
 */
export const describedMetadata = z
  .record(z.string(), z.unknown())
  .meta({ ...rules, description: 'An RFC 7591 client metadata document.' } as Record<string, unknown>);

export const warnings = z
  .array(z.object({ field: z.string(), what: z.string() }))
  .describe(
    'What keeps nobody from saving it, and may keep the client from working: an address at which nothing could be read just now.',
  );

export const presentClient = (
  { id, status, type, version, metadata, listing, createdAt, updatedAt }: Client,
  seen: string,
) => ({
  client_id: id,
  status,
  type,
  ...(version === undefined ? {} : { version }),
  metadata: { ...metadata },
  ...(listing === undefined ? {} : { listing }),
  seen,
  created_at: createdAt.toISOString(),
  updated_at: updatedAt.toISOString(),
});

export const presentVersion = ({
  number,
  state,
  base,
  edition,
  widens,
  metadata,
  listing,
  proposedBy,
  involved,
  reason,
  proposedAt,
  decided,
  waiver,
}: ClientVersion) => ({
  number,
  state,
  ...(base === undefined ? {} : { base }),
  edition,
  widens: [...widens],
  metadata: { ...metadata },
  ...(listing === undefined ? {} : { listing }),
  proposed_by: proposedBy,
  involved: [...involved],
  ...(reason === undefined ? {} : { reason }),
  proposed_at: proposedAt.toISOString(),
  ...(decided === undefined
    ? {}
    : {
        decided: {
          by: decided.by,
          ...(decided.note === undefined ? {} : { note: decided.note }),
          at: decided.at.toISOString(),
        },
      }),
  ...(waiver === undefined ? {} : { waiver: { ...waiver, at: waiver.at.toISOString() } }),
});

const mark = z.tuple([z.string(), z.string()]);
export const toCursor = ({ name, id }: ClientMark): string =>
  Buffer.from(JSON.stringify([name, id])).toString('base64url');

export function toMark(cursor: string): ClientMark {
  try {
    const [name, id] = mark.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (!`${name}${id}`.includes('\0')) return { name, id };
  } catch {
    // Told below.
  }
  throw new Problem(422, 'invalid', 'The cursor is none of ours.', {
    fields: [{ field: 'query.cursor', what: 'is none of ours' }],
  });
}
