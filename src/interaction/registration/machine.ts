import type { AccountId } from '../../domain/account.ts';
import type { Email } from '../../domain/email.ts';
import type { FormerProof } from '../../domain/former-account.ts';
import type { PersonName } from '../../domain/name.ts';
import type { Nik } from '../../domain/nik.ts';
import type { Challenge } from '../../domain/otp.ts';
import type { Phone } from '../../domain/phone.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { epochSeconds, isLeftOpen } from '../../domain/session.ts';

/** What the civil registry has confirmed. The mother's name was never part of it. */
export interface VerifiedIdentity {
  readonly nik: Sensitive<Nik>;
  readonly name: Sensitive<PersonName>;
  readonly reference: string;
}

export interface Contact {
  readonly email: Sensitive<Email>;
  readonly phone: Sensitive<Phone>;
  readonly passwordHash: string;
}

/** A code under way and the message that carries it. */
export interface SentCode {
  readonly challenge: Challenge;
  readonly messageId: string;
}

/** Each step carries exactly what has been proved, so that an impossible state does not compile. */
export type Registration =
  | { readonly step: 'identity'; readonly former?: FormerProof }
  | {
      readonly step: 'contact';
      readonly identity: VerifiedIdentity;
      readonly former?: FormerProof;
      /** The password was right, and the record is somebody else's. */ readonly formerLeft?: boolean;
    }
  | {
      readonly step: 'otp';
      readonly identity: VerifiedIdentity;
      readonly former?: FormerProof;
      readonly contact: Contact;
      readonly sent: SentCode;
      readonly numberChanges: number;
    }
  | {
      readonly step: 'registered';
      readonly identity: VerifiedIdentity;
      readonly holder: AccountId;
      readonly reported: boolean;
    }
  | {
      readonly step: 'finished';
      readonly identity: VerifiedIdentity;
      readonly accountId: AccountId;
      readonly activatedAt: string;
      readonly email: Sensitive<Email>;
      /** Undefined in drafts of earlier versions. */ readonly phone?: Sensitive<Phone>;
      readonly phoneMoved: boolean;
      readonly joined?: boolean;
    };

export type RegistrationStep = Registration['step'];

export type RegistrationEvent =
  | { readonly type: 'former-recognised'; readonly former: FormerProof }
  | {
      readonly type: 'identity-verified';
      readonly identity: VerifiedIdentity;
      readonly former?: FormerProof | undefined;
    }
  | { readonly type: 'nik-taken'; readonly identity: VerifiedIdentity; readonly holder: AccountId }
  | { readonly type: 'contact-given'; readonly contact: Contact; readonly sent: SentCode }
  | { readonly type: 'code-sent'; readonly sent: SentCode }
  | { readonly type: 'code-tried'; readonly challenge: Challenge }
  | { readonly type: 'number-changed'; readonly phone: Sensitive<Phone>; readonly sent: SentCode }
  | { readonly type: 'email-changed'; readonly email: Sensitive<Email> }
  | {
      readonly type: 'activated';
      readonly accountId: AccountId;
      readonly activatedAt: string;
      readonly phoneMoved: boolean;
      readonly joined?: boolean;
    }
  | { readonly type: 'misuse-reported' }
  | { readonly type: 'restarted' };

/** A caller's bug, never a citizen's mistake. */
export class IllegalTransition extends Error {
  readonly code = 'ILLEGAL_TRANSITION';

  constructor(step: RegistrationStep, event: RegistrationEvent['type']) {
    super(`registration at ${step} knows no ${event}`);
  }
}

export const begin = (): Registration => ({ step: 'identity' });

/**
 * Whether the last page was left open: whoever sits there now is not taken for the person, and begins with a
 * registration of their own.
 */
export const isLeft = (at: Registration, now: Date): boolean =>
  at.step === 'finished' && isLeftOpen(epochSeconds(new Date(at.activatedAt)), now);

const along = (former: FormerProof | undefined): { readonly former?: FormerProof } =>
  former === undefined ? {} : { former };

export function advance(at: Registration, event: RegistrationEvent): Registration {
  // Whoever comes back with a password of before begins anew: what another person had proved in this browser is not
  // theirs.
  if (event.type === 'former-recognised' && at.step !== 'finished') return { step: 'identity', former: event.former };
  switch (at.step) {
    case 'identity':
      if (event.type === 'identity-verified') {
        const isLeft = at.former?.by === 'password' && event.former?.by !== 'password';
        return {
          step: 'contact',
          identity: event.identity,
          ...along(event.former),
          ...(isLeft ? { formerLeft: true } : {}),
        };
      }
      if (event.type === 'nik-taken')
        return { step: 'registered', identity: event.identity, holder: event.holder, reported: false };
      break;
    case 'contact':
      if (event.type === 'contact-given')
        return {
          step: 'otp',
          identity: at.identity,
          ...along(at.former),
          contact: event.contact,
          sent: event.sent,
          numberChanges: 0,
        };
      if (event.type === 'restarted') return begin();
      break;
    case 'otp':
      if (event.type === 'code-sent') return { ...at, sent: event.sent };
      if (event.type === 'code-tried') return { ...at, sent: { ...at.sent, challenge: event.challenge } };
      if (event.type === 'number-changed')
        return {
          ...at,
          contact: { ...at.contact, phone: event.phone },
          sent: event.sent,
          numberChanges: at.numberChanges + 1,
        };
      if (event.type === 'email-changed') return { ...at, contact: { ...at.contact, email: event.email } };
      if (event.type === 'activated')
        return {
          step: 'finished',
          identity: at.identity,
          accountId: event.accountId,
          activatedAt: event.activatedAt,
          email: at.contact.email,
          phone: at.contact.phone,
          phoneMoved: event.phoneMoved,
          ...(event.joined === true ? { joined: true } : {}),
        };
      if (event.type === 'restarted') return begin();
      // Somebody else activated an account of this NIK while the code was on its way.
      if (event.type === 'nik-taken')
        return { step: 'registered', identity: event.identity, holder: event.holder, reported: false };
      break;
    case 'registered':
      if (event.type === 'misuse-reported') return { ...at, reported: true };
      if (event.type === 'restarted') return begin();
      break;
    case 'finished':
      if (event.type === 'restarted') return begin();
      break;
  }
  throw new IllegalTransition(at.step, event.type);
}
