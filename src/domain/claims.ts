import type { Account } from './account.ts';
import { epochSeconds } from './session.ts';

/**
 * Which claims a scope opens (OpenID Connect Core 5.4, and our own). `nik` is a string: it has a leading zero
 * somewhere.
 */
export const claimsByScope = {
  openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'],
  profile: ['name', 'locale', 'zoneinfo', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  nik: ['nik', 'nik_verified_at'],
} as const;

/** Access that goes on when the person has gone (OpenID Connect Core, 11); it opens no claim. */
export const OFFLINE_SCOPE = 'offline_access';

export const scopes: readonly string[] = [...Object.keys(claimsByScope), OFFLINE_SCOPE];

/**
 * Kept free for what is to come (docs/adr/0038-institutions-later.md): until then it means nothing, and nobody may give
 * it a meaning.
 */
export const reservedScopes: readonly string[] = ['organisasi'];

/** Everything the account can say of its person; the protocol picks what the scopes of a service allow. */
export function claimsOf(account: Account, zoneinfo: string): Record<string, unknown> {
  return {
    name: account.name.reveal(),
    locale: account.locale === 'id' ? 'id-ID' : 'en-ID',
    zoneinfo,
    updated_at: epochSeconds(account.updatedAt),
    ...(account.email === undefined
      ? {}
      : { email: account.email.reveal(), email_verified: account.emailVerifiedAt !== undefined }),
    ...(account.phone === undefined
      ? {}
      : { phone_number: account.phone.reveal(), phone_number_verified: account.phoneVerifiedAt !== undefined }),
    nik: account.nik.reveal(),
    nik_verified_at: epochSeconds(account.createdAt),
  };
}
