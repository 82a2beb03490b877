import { z } from 'zod';
import { clientStatuses, clientTypes } from '../../domain/client.ts';
import { checkStandings } from '../../domain/client-change.ts';
import { warnings } from './api-present.ts';
import { listing as listingFields } from './metadata-fields.ts';

export const listing = listingFields.describe('What the portal says of the service.');
/** Rules become stricter; what was registered before is shown all the same. */
const shownListing = z.object({ url: z.string(), id: z.string(), en: z.string() });
export const client = z.object({
  client_id: z.string(),
  status: z.enum(clientStatuses),
  type: z.enum(clientTypes),
  version: z.int().optional().describe('The version in effect; a draft has none.'),
  metadata: z.record(z.string(), z.unknown()),
  listing: shownListing.optional(),
  seen: z.string().describe('Names this state, for a change that must not meet another one.'),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export const version = z.object({
  number: z.int(),
  state: z.enum(['proposed', 'approved', 'rejected', 'withdrawn']),
  base: z.int().optional(),
  edition: z.int(),
  widens: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()),
  listing: shownListing.optional(),
  proposed_by: z.string(),
  involved: z.array(z.string()),
  reason: z.string().optional(),
  proposed_at: z.iso.datetime(),
  decided: z.object({ by: z.string(), note: z.string().optional(), at: z.iso.datetime() }).optional(),
  waiver: z.object({ by: z.string(), reason: z.string(), at: z.iso.datetime() }).optional(),
});
export const proposal = version.extend({
  changes: z.array(z.object({ member: z.string(), before: z.unknown(), after: z.unknown(), widens: z.boolean() })),
  stale: z.boolean().describe('Something else is in effect than when it was made: save it again first.'),
  check: z
    .enum(checkStandings)
    .describe(
      'How it stands with the integration check: `missing` has to be passed or waived before anybody approves.',
    ),
  warnings,
});
export const clientParams = z.strictObject({ client_id: z.string().regex(/^[\x21-\x7e]{1,255}$/) });
export const position = { number: z.int(), edition: z.int() };
export const outcome = z
  .enum(['applied', 'proposed', 'unchanged'])
  .describe('What widens nothing was applied at once; what widens access waits for a second operator.');
