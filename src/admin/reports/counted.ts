import type { EventCatalogue, EventType } from '../../audit/events.ts';
import type { TextPurpose } from '../../messages/templates.ts';

type DetailOf<Type extends EventType> = {
  [Each in Type]: EventCatalogue[Each] extends Readonly<Record<string, never>>
    ? null
    : keyof EventCatalogue[Each] | null;
};

/**
 * What failed for a person or a service, and which detail says why; null where nothing does. What operators were
 * refused is no failure of the service: the audit log has it.
 */
export const failureReasons = {
  'registration.identity.refused': 'reason',
  'registration.identity.unavailable': 'trouble',
  'registration.identity.limited': 'limit',
  'registration.nik-taken': null,
  'registration.code.refused': 'reason',
  'registration.code.not-sent': 'reason',
  'sign-in.refused': 'reason',
  'second-factor.refused': 'reason',
  'recovery.code.refused': 'reason',
  'recovery.code.not-sent': 'reason',
  'recovery.identity.refused': 'reason',
  'recovery.identity.unavailable': 'trouble',
  'recovery.identity.limited': 'limit',
  'recovery.request.code-refused': 'reason',
  'recovery.request.code-not-sent': 'reason',
  'recovery.request.limited': 'reason',
  'recovery.request.refused': 'reason',
  'contact.phone.code-refused': 'reason',
  'contact.phone.code-not-sent': 'reason',
  'contact.email.link-not-sent': 'reason',
  'consent.declined': null,
  'logout.given-up': 'error',
  'client.keys-refused': 'reason',
  'client.address-refused': 'reason',
} as const satisfies Partial<DetailOf<EventType>>;

/**
 * Every SMS that the product knows, and the event that stands for one handed to the courier: it carries the operator of
 * the number.
 */
export const textEvents = {
  'activation-code': 'registration.code.sent',
  'recovery-code': 'recovery.code.sent',
  'recovery-request-code': 'recovery.request.code-sent',
  'recovery-request': 'recovery.request.notice-sent',
  'contact-code': 'contact.phone.code-sent',
  'email-moved': 'contact.email.notice-sent',
  'email-replaced': 'contact.email.notice-sent',
  'phone-replaced': 'contact.phone.notice-sent',
} as const satisfies Record<TextPurpose, EventType>;
