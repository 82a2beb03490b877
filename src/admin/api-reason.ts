import { z } from 'zod';
import { parseReason, type Reason } from '../domain/operator.ts';
import { Problem } from '../web/problem.ts';

/** The member of a request by which a machine says why. */
export const reason = z
  .string()
  .describe('Why: 10 to 300 characters, without a number or address of a person. It stays in the audit log.');

/** @throws {Problem} where it is too short, too long or names a person. */
export function readReason(text: string): Reason {
  const parsed = parseReason(text);
  if (!parsed.ok)
    throw new Problem(422, parsed.refusal, 'The reason is not acceptable.', {
      fields: [{ field: 'body.reason', what: parsed.refusal }],
    });
  return parsed.value;
}
