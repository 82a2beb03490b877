import { z } from 'zod';
import type { Account } from '../../domain/account.ts';
import { roles, signatureOf, type Permission } from '../../domain/operator.ts';
import { refuse } from '../../domain/result.ts';
import { apiRoute, type ApiRoute, type Machine } from '../api-route.ts';
import { maskName } from '../../domain/mask.ts';
import { Problem } from '../../web/problem.ts';
import type { OperatorRefusal, OperatorService } from './service.ts';

const params = z.strictObject({ sub: z.uuid(), role: z.enum(roles) });
const operator = z.object({
  sub: z.uuid(),
  name_masked: z.string(),
  status: z.enum(['active', 'suspended']),
  roles: z.array(z.object({ role: z.enum(roles), granted_by: z.string(), granted_at: z.iso.datetime() })),
});
const held = z.object({ sub: z.uuid(), role: z.enum(roles), held: z.boolean() });

const details: Readonly<Record<OperatorRefusal, string>> = {
  'own-account': 'Nobody changes their own roles.',
  'account-suspended': 'The account is suspended.',
  'role-held': 'The account holds the role already.',
  'role-not-held': 'The account does not hold the role.',
};

export interface OperatorRoutesDeps {
  readonly operators: OperatorService;
  readonly getAccount: (sub: string) => Promise<Account>;
  /** Who acts by a machine. @throws {Problem} where nobody with that right stands behind it. */
  readonly getHand: (by: Machine, permission: Permission) => Promise<{ readonly involved: readonly string[] }>;
}

export function operatorRoutes({ operators, getAccount, getHand }: OperatorRoutesDeps): ApiRoute[] {
  const change = (verb: 'grant' | 'revoke') =>
    apiRoute({
      method: verb === 'grant' ? 'put' : 'delete',
      path: '/operators/{sub}/roles/{role}',
      summary: verb === 'grant' ? 'Give a role.' : 'Take a role away, at once.',
      scope: 'admin:operators:write',
      params,
      answer: held,
      async handle({ params: { sub, role }, by }) {
        const { involved } = await getHand(by, 'operators.write');
        const account = await getAccount(sub);
        // By the machine that they answer for nobody does what they may not do themselves.
        const isOwn = involved.includes(signatureOf({ kind: 'operator', accountId: account.id }));
        const done = isOwn ? refuse('own-account' as const) : await operators[verb](account, role, by);
        if (!done.ok) throw new Problem(409, done.refusal, details[done.refusal]);
        return { sub, role, held: verb === 'grant' };
      },
    });

  return [
    apiRoute({
      method: 'get',
      path: '/operators',
      summary: 'Who holds which role.',
      scope: 'admin:operators:read',
      answer: z.object({ operators: z.array(operator) }),
      async handle() {
        const found = await operators.list();
        return {
          operators: found.map(({ account, grants }) => ({
            sub: account.id,
            name_masked: maskName(account.name.reveal()),
            status: account.status,
            roles: grants.map(({ role, grantedBy, grantedAt }) => ({
              role,
              granted_by: grantedBy,
              granted_at: grantedAt.toISOString(),
            })),
          })),
        };
      },
    }),
    change('grant'),
    change('revoke'),
  ];
}
