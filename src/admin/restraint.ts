import type { Audit } from '../audit/log.ts';
import type { Account } from '../domain/account.ts';
import { isOneself, signatureOf, type Actor } from '../domain/operator.ts';
import type { Counters, Limit } from '../ports/counters/counters.ts';
import type { Store } from '../store/store.ts';

/** Nobody acts on their own account, and an operator's account is dealt with after the roles are taken away. */
export async function objectionTo(
  { operators }: Pick<Store, 'operators'>,
  { id }: Pick<Account, 'id'>,
  by: Actor,
): Promise<'own-account' | 'operator-account' | undefined> {
  if (isOneself(by, id)) return 'own-account';
  return (await operators.holdsAny(id)) ? 'operator-account' : undefined;
}

export interface OperatorLimitsDeps {
  readonly store: Pick<Store, 'audit'>;
  readonly audit: Pick<Audit, 'recordOnce'>;
  readonly counters: Pick<Counters, 'take'>;
}

/** Counts on who acts, and remembers who comes to a limit. @returns whether they are beyond it. */
export const createOperatorLimits =
  ({ store, audit, counters }: OperatorLimitsDeps) =>
  async (limit: Limit, by: Actor): Promise<boolean> => {
    const { refused } = await counters.take(limit, signatureOf(by));
    if (refused)
      await audit.recordOnce(store, [signatureOf(by), limit.name], 'operator.limited', {
        by: signatureOf(by),
        limit: limit.name,
      });
    return refused;
  };
