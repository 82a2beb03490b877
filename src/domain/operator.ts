import type { AccountId } from './account.ts';
import { ok, refuse, type Result } from './result.ts';

/** What an operator is trusted with. One person may hold several; what matters is in `permissionsOf`. */
export const roles = ['client-manager', 'client-approver', 'support', 'auditor', 'administrator'] as const;
export type Role = (typeof roles)[number];

export const permissions = [
  'accounts.read',
  'accounts.recover',
  'accounts.reveal',
  'accounts.write',
  'audit.read',
  'clients.approve',
  'clients.read',
  'clients.waive',
  'clients.write',
  'colleagues.read',
  'operators.read',
  'operators.write',
  'reports.read',
] as const;
export type Permission = (typeof permissions)[number];

/**
 * `colleagues.read`: sees operators by their whole names, because they decide on what these did or answer for it;
 * everybody else sees them masked, as any person. `accounts.recover`: is one of the two who decide on a request for an
 * account, and sees there whose the other opinion is. The least that each role needs. An administrator gives roles and sees
 * what became of them, and is no super-user: whoever gives out rights must not at the same time use them all.
 */
const permissionsByRole: Readonly<Record<Role, readonly Permission[]>> = {
  'client-manager': ['clients.read', 'clients.write', 'colleagues.read', 'reports.read'],
  'client-approver': ['clients.read', 'clients.approve', 'colleagues.read'],
  support: ['accounts.read', 'accounts.recover', 'accounts.reveal', 'accounts.write', 'clients.read'],
  auditor: ['audit.read', 'clients.read', 'colleagues.read', 'operators.read', 'reports.read'],
  administrator: [
    'audit.read',
    'clients.read',
    'clients.waive',
    'colleagues.read',
    'operators.read',
    'operators.write',
    'reports.read',
  ],
};

export const permissionsOf = (held: readonly Role[]): ReadonlySet<Permission> =>
  new Set(held.flatMap((role) => permissionsByRole[role]));

export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

/** Who does something: an operator at the console, a machine at the API, or whoever has the command line. */
export type Actor =
  | { readonly kind: 'operator'; readonly accountId: AccountId }
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'command-line' };

/** How the audit log names them. The command line was there first and is called `operator`. */
export function signatureOf(actor: Actor): string {
  if (actor.kind === 'command-line') return 'operator';
  return actor.kind === 'operator' ? `operator:${actor.accountId}` : `client:${actor.clientId}`;
}

/** Nobody judges their own case. */
export const isOneself = (actor: Actor, accountId: AccountId): boolean =>
  actor.kind === 'operator' && actor.accountId === accountId;

/** Why an operator did something, in their words; safe to keep for ever. */
export type Reason = string & { readonly __brand: 'Reason' };
export type ReasonRefusal = 'reason-short' | 'reason-long' | 'reason-personal';

const SHORTEST = 10;
const LONGEST = 300;
/** A NIK or a telephone number, however it is grouped; an e-mail address. */
const PERSONAL = /@|(?:\d[ .-]?){8}/;

/** Blanks of every kind, and what takes no room or cannot be kept. */
const UNSEEN = /[\s\p{Cc}\p{Cf}\p{Cs}]+/gu;

/** Nothing can be taken out of the audit log again: what looks like a number or address of a person is not let in. */
export function parseReason(text: string): Result<Reason, ReasonRefusal> {
  const reason = text.normalize('NFC').replaceAll(UNSEEN, ' ').trim();
  if (reason.length < SHORTEST) return refuse('reason-short');
  if (reason.length > LONGEST) return refuse('reason-long');
  return PERSONAL.test(reason) ? refuse('reason-personal') : ok(reason as Reason);
}
