import { z } from 'zod';
import type { Account } from '../../domain/account.ts';
import { parseReason, type Permission, type Reason } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import { Problem } from '../../web/problem.ts';
import { apiRoute, type ApiRoute, type Machine } from '../api-route.ts';
import { present } from './present.ts';
import type { AccountKey } from './service.ts';
import type { Support, SupportRefusal } from './support.ts';

const account = z.object({
  sub: z.uuid(),
  status: z.enum(['active', 'suspended']),
  nik_masked: z.string(),
  name_masked: z.string(),
  email_masked: z.string().optional(),
  email_verified: z.boolean().optional(),
  phone_masked: z.string().optional(),
  phone_verified: z.boolean().optional(),
  locale: z.enum(['id', 'en']),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
const params = z.strictObject({ sub: z.uuid() });
const reasonBody = z.strictObject({
  reason: z
    .string()
    .describe('Why: 10 to 300 characters, without a number or address of a person. It stays in the audit log.'),
});

const statusOf: Readonly<Record<SupportRefusal, number>> = {
  'own-account': 409,
  'operator-account': 409,
  limit: 429,
  'nothing-there': 409,
  'nothing-to-confirm': 409,
};
const details: Readonly<Record<SupportRefusal, string>> = {
  'own-account': 'Nobody acts on their own account.',
  'operator-account': 'The account is an operator’s: take the roles away first.',
  limit: 'Too many searches; try again later.',
  'nothing-there': 'The account has no such thing.',
  'nothing-to-confirm': 'The account has no address that waits to be confirmed.',
};

function unwrap<T>(result: Result<T, SupportRefusal>): T {
  if (!result.ok)
    throw new Problem(
      statusOf[result.refusal],
      result.refusal,
      details[result.refusal],
      result.refusal === 'limit' ? { headers: { 'Retry-After': '3600' } } : {},
    );
  return result.value;
}

function readReason(text: string): Reason {
  const reason = parseReason(text);
  if (!reason.ok)
    throw new Problem(422, reason.refusal, 'The reason is not acceptable.', {
      fields: [{ field: 'body.reason', what: reason.refusal }],
    });
  return reason.value;
}

export interface AccountRoutesDeps {
  readonly support: Support;
  readonly getAccount: (sub: string) => Promise<Account>;
  readonly toKey: (text: string) => AccountKey;
  /** Who acts by a machine. @throws {Problem} where nobody with that right stands behind it. */
  readonly getHand: (by: Machine, permission: Permission) => Promise<unknown>;
}

/** Everything is masked here: what is shown in full is shown to a person, at the console. */
export function accountRoutes({ support, getAccount, toKey, getHand }: AccountRoutesDeps): ApiRoute[] {
  const action = (
    verb: string,
    summary: string,
    act: (found: Account, reason: Reason, by: Machine) => Promise<Result<undefined, SupportRefusal>>,
  ): ApiRoute =>
    apiRoute({
      method: 'post',
      path: `/accounts/{sub}/${verb}`,
      summary,
      scope: 'admin:accounts:write',
      params,
      body: reasonBody,
      answer: account,
      async handle({ params: { sub }, body: { reason }, by }) {
        await getHand(by, 'accounts.write');
        unwrap(await act(await getAccount(sub), readReason(reason), by));
        return present(await getAccount(sub));
      },
    });

  return [
    apiRoute({
      method: 'post',
      path: '/accounts/search',
      summary: 'The account of a NIK, an e-mail address, a mobile number or an account id; exactly one or none.',
      scope: 'admin:accounts:read',
      body: z.strictObject({ who: z.string().min(3).max(320) }),
      answer: z.object({ accounts: z.array(account).max(1) }),
      async handle({ body: { who }, by }) {
        const found = unwrap(await support.search(toKey(who), by));
        return { accounts: found === undefined ? [] : [present(found)] };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/accounts/{sub}',
      summary: 'One account, masked.',
      scope: 'admin:accounts:read',
      params,
      answer: account,
      handle: async ({ params: { sub } }) => present(await getAccount(sub)),
    }),
    action('suspend', 'Keep a person out and end all sessions.', (found, reason, by) =>
      support.setStatus(found, 'suspended', reason, by),
    ),
    action('reinstate', 'Let a suspended person in again.', (found, reason, by) =>
      support.setStatus(found, 'active', reason, by),
    ),
    action('end-sessions', 'End all sessions of the account.', (found, reason, by) =>
      support.endSessions(found, reason, by),
    ),
    action(
      'remove-second-factor',
      'Remove the second factor of a person who has lost it, and end all sessions.',
      (found, reason, by) => support.removeSecondFactor(found, reason, by),
    ),
    action('resend-activation', 'Send the link that confirms the e-mail address again.', (found, reason, by) =>
      support.resendActivation(found, reason, by),
    ),
  ];
}
