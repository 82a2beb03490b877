import type { AccountId } from '../../domain/account.ts';
import { signatureOf, type Actor, type Permission } from '../../domain/operator.ts';
import type { Store } from '../../store/store.ts';
import { COMMAND_LINE, type Hand } from './versions.ts';

/** @returns undefined where nobody with that right stands behind the machine. */
export type FindHand = (actor: Actor, permission: Permission) => Promise<Hand | undefined>;

export interface HandsDeps {
  readonly store: Pick<Store, 'clients'>;
  readonly rightsOf: (accountId: AccountId) => Promise<{ readonly permissions: ReadonlySet<Permission> }>;
}

/**
 * Who has a hand in it when somebody acts. A machine is the long arm of the operator who answers for it
 * (`operated_by`): it may do what they may, for as long as they may, and counts as them where two people are asked for.
 */
export const createFindHand =
  ({ store, rightsOf }: HandsDeps): FindHand =>
  async (actor, permission) => {
    if (actor.kind === 'command-line') return COMMAND_LINE;
    const by = signatureOf(actor);
    if (actor.kind === 'operator') return { by, involved: [by] };
    const person = (await store.clients.find(actor.clientId))?.metadata.operated_by;
    if (typeof person !== 'string' || !(await rightsOf(person as AccountId)).permissions.has(permission))
      return undefined;
    return { by, involved: [by, signatureOf({ kind: 'operator', accountId: person as AccountId })] };
  };
