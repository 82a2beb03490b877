import { claimsByScope } from './claims.ts';
import type { ClientMetadata } from './client.ts';
import { birthDateHint, isWomans, type Nik } from './nik.ts';

/** A client that still speaks the former interface, and until when. */
export interface Bridge {
  /** The last day, `2026-12-31`. */
  readonly until: string;
  /** Sign-ins without `state` are refused: whoever has mended that may no longer do without. */
  readonly state_required?: boolean;
}

/** What of them was refused, on whatever ground, stands by itself: anybody can cause that who knows a `client_id`. */
export type BridgeCall = 'sign-in' | 'tokens' | 'users-me' | 'refused';

export const isOver = ({ until }: Bridge, today: string): boolean => today > until;

/** What the old scopes (`basic email`) stand for: everything of a person that the client is registered for. */
export function scopesInstead({ scope = 'openid profile email phone' }: Pick<ClientMetadata, 'scope'>): string {
  const registered = scope.split(' ');
  return Object.keys(claimsByScope)
    .filter((one) => registered.includes(one))
    .join(' ');
}

/** The claims of userinfo, as far as the client may have them. */
export interface BridgeClaims {
  readonly name?: string;
  readonly email?: string;
  readonly phone_number?: string;
  readonly nik?: string;
  readonly updated_at?: number;
}

const MALE = 10;
const FEMALE = 20;

/** Written as the former interface wrote it: `0812…`. */
const nationally = (phone: string): string => phone.replace(/^\+62/, '0');

/**
 * The person as `GET /api/v1/users/me` told of them. Birth date and sex are what the NIK says, so they are given only
 * with it. Whoever may not have the NIK finds the id as `username`: nothing that could be taken for a NIK or shown as a
 * contact.
 *
 * @param id  the one that the service knows from before, where there is one.
 */
export function toFormerPerson(
  id: string,
  { name, email, phone_number: phone, nik, updated_at: updatedAt }: BridgeClaims,
  today: Date,
): Record<string, unknown> {
  const number = phone === undefined ? null : nationally(phone);
  const birth = nik === undefined ? undefined : birthDateHint(nik as Nik, today);
  return {
    id,
    username: nik ?? id,
    name: name ?? null,
    email: email ?? null,
    phone_number: number,
    status: 'active',
    roles: [{ id: 1, name: 'public', label: 'Masyarakat' }],
    profile: {
      id,
      identity_number: nik ?? null,
      phone: number,
      pob: null,
      bod: birth?.toISOString().slice(0, 10) ?? null,
      gender: nik === undefined ? null : isWomans(nik as Nik) ? FEMALE : MALE,
      user: { name: name ?? null, email: email ?? null },
    },
    updated_at: updatedAt === undefined ? null : new Date(updatedAt * 1000).toISOString().replace('.000Z', 'Z'),
  };
}
