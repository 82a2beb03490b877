import type { Audit } from '../../audit/log.ts';
import type { Account, AccountId } from '../../domain/account.ts';
import {
  isOneself,
  permissionsOf,
  signatureOf,
  type Actor,
  type Permission,
  type Role,
} from '../../domain/operator.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';

export type OperatorRefusal = 'own-account' | 'account-suspended' | 'role-held' | 'role-not-held';

export interface Operator {
  readonly account: Account;
  readonly grants: readonly { readonly role: Role; readonly grantedBy: string; readonly grantedAt: Date }[];
}

export interface OperatorService {
  /** Gives a role. Nobody gives one to themselves: the first operator is made on the command line. */
  grant(account: Account, role: Role, by: Actor): Promise<Result<undefined, OperatorRefusal>>;
  /** Takes a role away; it acts on the next request. */
  revoke(account: Account, role: Role, by: Actor): Promise<Result<undefined, OperatorRefusal>>;
  list(): Promise<readonly Operator[]>;
  /** What the account may do now. */
  rightsOf(
    accountId: AccountId,
  ): Promise<{ readonly roles: readonly Role[]; readonly permissions: ReadonlySet<Permission> }>;
}

export interface OperatorServiceDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
}

export function createOperatorService({ store, audit, clock, random }: OperatorServiceDeps): OperatorService {
  return {
    async grant(account, role, by) {
      if (isOneself(by, account.id)) return refuse('own-account');
      if (account.status !== 'active') return refuse('account-suspended');
      return store.transactionOnce(async (tx) => {
        const granted = await tx.operators.grant(random.uuid(), {
          accountId: account.id,
          role,
          grantedBy: signatureOf(by),
          grantedAt: clock.now(),
        });
        if (!granted) return refuse('role-held');
        await audit.record(tx, 'operator.granted', { role, by: signatureOf(by) }, { accountId: account.id });
        return ok(undefined);
      });
    },

    async revoke(account, role, by) {
      if (isOneself(by, account.id)) return refuse('own-account');
      return store.transactionOnce(async (tx) => {
        if (!(await tx.operators.revoke(account.id, role, signatureOf(by), clock.now())))
          return refuse('role-not-held');
        await audit.record(tx, 'operator.revoked', { role, by: signatureOf(by) }, { accountId: account.id });
        return ok(undefined);
      });
    },

    async list() {
      const grants = Map.groupBy(await store.operators.list(), ({ accountId }) => accountId);
      const operators: Operator[] = [];
      for (const [accountId, held] of grants) {
        const account = await store.accounts.findById(accountId);
        if (account !== undefined) operators.push({ account, grants: held });
      }
      return operators;
    },

    async rightsOf(accountId) {
      const roles = await store.operators.rolesOf(accountId);
      return { roles, permissions: permissionsOf(roles) };
    },
  };
}
