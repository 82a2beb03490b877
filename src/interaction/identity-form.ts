import type { Config } from '../config.ts';
import { dayIn } from '../domain/day.ts';
import { parseName, type PersonName } from '../domain/name.ts';
import { parseNik, type Nik } from '../domain/nik.ts';
import { ok, refuse, type Result } from '../domain/result.ts';
import { sensitive } from '../domain/sensitive.ts';
import type { IdentityClaim, RegistryHealth } from '../ports/civil-registry/civil-registry.ts';
import { addSeconds } from '../ports/clock/clock.ts';
import { say, type FieldError } from '../web/screen.ts';
import type { IdentityRefusal } from './identity-check.ts';

export const identityKey = (refusal: string): string => `interaction.registration.identity.refusal.${refusal}`;

/** What was typed on the page that asks who somebody is, or what is wrong with it, field by field. */
export function parseIdentity(
  typed: { nik: string; name: string; motherName: string },
  config: Config['identity'],
  now: Date,
): Result<IdentityClaim, FieldError[]> {
  const nik = parseNik(typed.nik, {
    provinces: config.provinces,
    allowTestRange: config.allowTestRange,
    minAge: config.minAge,
    today: dayIn(config.timeZone, now),
  });
  const name = parseName(typed.name);
  const motherName = parseName(typed.motherName);
  if (nik.ok && name.ok && motherName.ok) {
    return ok({
      nik: sensitive<Nik>(nik.value),
      name: sensitive<PersonName>(name.value),
      motherName: sensitive<PersonName>(motherName.value),
    });
  }

  const errors: FieldError[] = [];
  if (!nik.ok) {
    const { reason, ...params } = nik.refusal;
    errors.push({ field: 'nik', sentence: say(identityKey(reason), params) });
  }
  if (!name.ok) errors.push({ field: 'name', sentence: say(identityKey(name.refusal)) });
  if (!motherName.ok) errors.push({ field: 'mother_name', sentence: say(identityKey(`mother-${motherName.refusal}`)) });
  return refuse(errors);
}

/** Nobody knows when the registry opens again or has calls left; programs need not ask more often than this. */
const REGISTRY_PAUSE_SECONDS = 3600;

export const secondsUntil = (date: Date, now: Date): number =>
  Math.max(1, Math.ceil((date.getTime() - now.getTime()) / 1000));

/** How a refusal of the identity check is answered. */
export function answerOf(
  refusal: IdentityRefusal,
  now: Date,
): { readonly status: 422 | 429 | 503; readonly retryAfterSeconds: number | undefined } {
  switch (refusal.reason) {
    case 'limited':
    case 'limited-here':
      return { status: 429, retryAfterSeconds: secondsUntil(refusal.until, now) };
    case 'unavailable':
      return { status: 503, retryAfterSeconds: secondsUntil(refusal.until, now) };
    case 'quota':
    case 'closed':
      return { status: 503, retryAfterSeconds: REGISTRY_PAUSE_SECONDS };
    default:
      return { status: 422, retryAfterSeconds: undefined };
  }
}

/** While the circuit says nothing about its end, people are asked to come back after this. */
const COME_BACK_SECONDS = 300;

/** When to come back, where the registry is disturbed: said before anything is typed. */
export const registryBackAt = ({ available, retryAt }: RegistryHealth, now: Date): Date | undefined =>
  available ? undefined : (retryAt ?? addSeconds(now, COME_BACK_SECONDS));
