import { z } from 'zod';
import { Problem } from '../web/problem.ts';

/** Where a page of what happened ended: the next begins right below. */
interface Mark {
  readonly at: Date;
  readonly id: string;
}

const mark = z.tuple([z.iso.datetime(), z.uuid()]);

/** The place as an opaque word. */
export const toCursor = ({ at, id }: Mark): string =>
  Buffer.from(JSON.stringify([at.toISOString(), id])).toString('base64url');

export function parseCursor(text: string): Mark | undefined {
  try {
    const [at, id] = mark.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { at: new Date(at), id };
  } catch {
    return undefined;
  }
}

/** The same of a request to the API. @throws {Problem} for a cursor that is none of ours. */
export function readCursor(text: string | undefined): Mark | undefined {
  if (text === undefined) return undefined;
  const found = parseCursor(text);
  if (found === undefined)
    throw new Problem(422, 'invalid', 'The cursor is none of ours.', {
      fields: [{ field: 'query.cursor', what: 'unknown' }],
    });
  return found;
}
