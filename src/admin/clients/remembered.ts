import type { Result } from '../../domain/result.ts';
import type { Refusals } from '../refusals.ts';
import type { ClientKeys } from './keys/service.ts';
import type { ClientRefusal } from './refusals.ts';
import type { ClientReview } from './review.ts';
import type { ClientSecrets } from './secrets/service.ts';
import type { ClientService } from './service.ts';
import { COMMAND_LINE } from './versions.ts';

export interface ClientChanges {
  readonly clients: ClientService;
  readonly review: ClientReview;
  readonly secrets: ClientSecrets;
  readonly keys: ClientKeys;
}

/** The same services; what they refuse, the audit log remembers. */
export function rememberClientRefusals(
  { clients, review, secrets, keys }: ClientChanges,
  refusals: Refusals,
): ClientChanges {
  async function tell<T>(
    by: string,
    clientId: string | undefined,
    work: Promise<Result<T, ClientRefusal>>,
  ): Promise<Result<T, ClientRefusal>> {
    const result = await work;
    // Who decides on what is their own has an event of their own.
    if (!result.ok && result.refusal.reason !== 'proposal-own')
      await refusals.change(by, {
        kind: 'client',
        reason: result.refusal.reason,
        faults: 'problems' in result.refusal ? result.refusal.problems : [],
        clientId,
      });
    return result;
  }

  return {
    clients: {
      ...clients,
      setStatus: (id, status, because = COMMAND_LINE) => tell(because.by, id, clients.setStatus(id, status, because)),
    },
    review: {
      ...review,
      register: (wish, options) => tell(options.hand.by, undefined, review.register(wish, options)),
      save: (id, changes, options) => tell(options.hand.by, id, review.save(id, changes, options)),
      approve: (id, read, options) => tell(options.hand.by, id, review.approve(id, read, options)),
      reject: (id, read, options) => tell(options.hand.by, id, review.reject(id, read, options)),
      withdraw: (id, read, hand) => tell(hand.by, id, review.withdraw(id, read, hand)),
      waive: (id, read, options) => tell(options.hand.by, id, review.waive(id, read, options)),
      returnTo: (id, number, options) => tell(options.hand.by, id, review.returnTo(id, number, options)),
    },
    secrets: {
      add: (id, wish, because) => tell(because.by, id, secrets.add(id, wish, because)),
      end: (id, number, because) => tell(because.by, id, secrets.end(id, number, because)),
    },
    keys: {
      ...keys,
      end: (id, thumbprint, wish, because) => tell(because.hand.by, id, keys.end(id, thumbprint, wish, because)),
    },
  };
}
