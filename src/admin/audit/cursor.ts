import { z } from 'zod';
import type { AuditMark } from '../../store/audit-search.ts';

const mark = z.tuple([z.iso.datetime(), z.uuid()]);

/** Where a page ended, as an opaque word. */
export const toCursor = ({ at, id }: AuditMark): string => Buffer.from(JSON.stringify([at.toISOString(), id])).toString('base64url');

export function parseCursor(text: string): AuditMark | undefined {
  try {
    const [at, id] = mark.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { at: new Date(at), id };
  } catch {
    return undefined;
  }
}
