import type { Permission } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import { Problem } from '../../web/problem.ts';
import type { Machine } from '../api-route.ts';
import type { FindHand } from './hands.ts';
import type { ClientRefusal } from './refusals.ts';
import type { Hand } from './versions.ts';

const details: Readonly<
  Record<Exclude<ClientRefusal['reason'], 'client-metadata'>, readonly [status: number, words: string]>
> = {
  'client-id-taken': [409, 'There is a client of that id.'],
  'client-unknown': [404, 'There is no such client.'],
  'client-without-secret': [409, 'The client has no secret.'],
  'secret-unknown': [404, 'There is no such secret.'],
  'secret-last': [409, 'It is the last secret of the client.'],
  'key-unknown': [404, 'There is no such key in the registration that is still good.'],
  'key-last': [409, 'It is the last key of its use.'],
  'client-changed': [409, 'Somebody else changed the client meanwhile; nothing was saved. Read it again.'],
  'client-draft': [409, 'The client is a draft: it has to be approved.'],
  'drafts-many': [
    409,
    'Too many drafts in the name of this operator wait or were begun today: have some decided or withdraw them.',
  ],
  'proposal-changed': [409, 'There is no such proposal any more: it was changed or decided.'],
  'proposal-open': [409, 'A proposal waits already.'],
  'proposal-own': [403, 'Nobody decides on what they had a hand in, themselves or by a machine.'],
  'proposal-stale': [409, 'The client has changed since this was proposed: save the proposal again.'],
  'proposal-unchecked': [409, 'The client has not passed the integration check; an administrator may waive it.'],
  'version-unknown': [404, 'There is no such version, or it was never in effect.'],
  'version-in-effect': [409, 'That version says what is in effect.'],
};

/** What came of it, or the answer to a refusal. */
export function unwrap<T>(result: Result<T, ClientRefusal>): T {
  if (result.ok) return result.value;
  const { refusal } = result;
  if (refusal.reason === 'client-metadata')
    throw new Problem(422, 'client-metadata', 'The metadata are not acceptable.', {
      fields: refusal.problems.map(({ field, what }) => ({ field: `body.metadata.${field}`, what })),
    });
  const [status, words] = details[refusal.reason];
  throw new Problem(status, refusal.reason, words);
}

/** Who acts by a machine. @throws {Problem} where nobody with that right stands behind it. */
export const createGetHand =
  (findHand: FindHand) =>
  async (by: Machine, permission: Permission): Promise<Hand> => {
    const hand = await findHand(by, permission);
    if (hand === undefined)
      throw new Problem(
        403,
        'operator-missing',
        `No operator with the right ${permission} answers for this machine (operated_by).`,
      );
    return hand;
  };
