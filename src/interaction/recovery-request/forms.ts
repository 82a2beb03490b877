import { say, type Sentence } from '../../web/screen.ts';
import type { IdentityRefusal } from '../identity-check.ts';
import { identityKey } from '../identity-form.ts';
import type { NotHere } from './admission.ts';

/** Sentences that a registration has in other words, or not at all. The rest is said as there. */
const OWN_OF_IDENTITY: ReadonlySet<string> = new Set(['deceased', 'not-here', 'stale']);
const OWN_OF_NUMBER: ReadonlySet<string> = new Set(['changes-used-up', 'too-many']);

export const numberKey = (refusal: string): string =>
  OWN_OF_NUMBER.has(refusal)
    ? `interaction.recovery-request.number.refusal.${refusal}`
    : `interaction.registration.contact.refusal.${refusal}`;
export const codeKey = (refusal: string): string => `interaction.registration.code.refusal.${refusal}`;
export const passwordKey = (refusal: string): string => `interaction.registration.contact.refusal.${refusal}`;

/** @param help the telephone number of the help desk. */
export function refusedIdentity(
  refusal: IdentityRefusal | NotHere | { readonly reason: 'stale' },
  help: string,
): Sentence {
  const { reason, ...params } = refusal;
  return say(
    OWN_OF_IDENTITY.has(reason) ? `interaction.recovery-request.identity.refusal.${reason}` : identityKey(reason),
    reason === 'not-here' ? { ...params, help } : params,
  );
}
