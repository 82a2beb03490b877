import type { Knex } from 'knex';
import type { AccountId } from '../domain/account.ts';
import type { Role } from '../domain/operator.ts';

/** A role that an account holds now. */
export interface RoleGrant {
  readonly accountId: AccountId;
  readonly role: Role;
  readonly grantedBy: string;
  readonly grantedAt: Date;
}

interface Row {
  id: string;
  account_id: AccountId;
  role: Role;
  granted_by: string;
  granted_at: Date;
  revoked_by: string | null;
  revoked_at: Date | null;
}

export type OperatorStore = ReturnType<typeof createOperatorStore>;

/** Roles of operators, asked for at each request: one that was taken away acts at once. */
export function createOperatorStore(db: Knex) {
  const held = (): Knex.QueryBuilder<Row, Row[]> => db<Row>('operators').whereNull('revoked_at');
  return {
    /** @returns false when the account holds the role already. */
    async grant(id: string, { accountId, role, grantedBy, grantedAt }: RoleGrant): Promise<boolean> {
      const inserted: unknown[] = await db('operators')
        .insert({ id, account_id: accountId, role, granted_by: grantedBy, granted_at: grantedAt })
        .onConflict(db.raw('(account_id, role) where revoked_at is null'))
        .ignore()
        .returning('id');
      return inserted.length === 1;
    },

    /** @returns false when the account does not hold the role. */
    async revoke(accountId: AccountId, role: Role, by: string, at: Date): Promise<boolean> {
      const revoked: number = await db('operators')
        .whereNull('revoked_at')
        .where({ account_id: accountId, role })
        .update({ revoked_by: by, revoked_at: at });
      return revoked === 1;
    },

    /** What the account may be trusted with now; a suspended one with nothing. */
    async rolesOf(accountId: string): Promise<readonly Role[]> {
      const { rows } = await db.raw<{ rows: { role: Role }[] }>(
        `select o.role from operators o join accounts a on a.id = o.account_id where o.account_id = ? and o.revoked_at is null and a.status = 'active' order by o.role`,
        [accountId],
      );
      return rows.map(({ role }) => role);
    },

    /** Whether the account is an operator's, suspended or not. */
    async holdsAny(accountId: AccountId): Promise<boolean> {
      return (await held().where({ account_id: accountId }).first('id')) !== undefined;
    },

    /** Those of them who hold a role, or held one. */
    async everHeld(ids: readonly string[]): Promise<readonly AccountId[]> {
      return ids.length === 0
        ? []
        : db('operators')
            .distinct()
            .whereIn('account_id', [...ids])
            .pluck<AccountId[]>('account_id');
    },

    async list(): Promise<readonly RoleGrant[]> {
      const rows = await held().orderBy('granted_at').orderBy('id').select('*');
      return rows.map((row) => ({
        accountId: row.account_id,
        role: row.role,
        grantedBy: row.granted_by,
        grantedAt: row.granted_at,
      }));
    },
  };
}
