import type { AccountId } from '../../domain/account.ts';
import type { PersonName } from '../../domain/name.ts';
import type { Nik } from '../../domain/nik.ts';
import type { Challenge } from '../../domain/otp.ts';
import type { Phone } from '../../domain/phone.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { epochSeconds, isLeftOpen } from '../../domain/session.ts';

/** What the civil registry has confirmed. The mother's name was never part of it. */
export interface ConfirmedIdentity {
  readonly nik: Sensitive<Nik>;
  readonly name: Sensitive<PersonName>;
  readonly reference: string;
}

/** A code under way and the message that carries it. */
export interface SentCode {
  readonly challenge: Challenge;
  readonly messageId: string;
}

/** Who asks, as the registry knows them, and for which account. */
interface Asking {
  readonly identity: ConfirmedIdentity;
  readonly accountId: AccountId;
}

/** Each step carries exactly what has been proved, so that an impossible state does not compile. */
export type Requesting =
  | { readonly step: 'identity' }
  /** The person is confirmed, and there is nothing to give back: they can register. */
  | { readonly step: 'no-account' }
  | ({ readonly step: 'number' } & Asking)
  | ({
      readonly step: 'code';
      readonly phone: Sensitive<Phone>;
      readonly sent: SentCode;
      readonly numberChanges: number;
    } & Asking)
  | ({ readonly step: 'password'; readonly phone: Sensitive<Phone>; readonly provedAt: string } & Asking)
  /** Nothing of it signs anybody in. `number` is that of the request. */
  | { readonly step: 'filed'; readonly number: string; readonly phone: Sensitive<Phone>; readonly filedAt: string };

export type RequestStep = Requesting['step'];

export type RequestEvent =
  | {
      readonly type: 'identity-verified';
      readonly identity: ConfirmedIdentity;
      readonly accountId: AccountId;
    }
  | { readonly type: 'account-missing' }
  | { readonly type: 'number-given'; readonly phone: Sensitive<Phone>; readonly sent: SentCode }
  | { readonly type: 'code-sent'; readonly sent: SentCode }
  | { readonly type: 'code-tried'; readonly challenge: Challenge }
  | { readonly type: 'number-changed'; readonly phone: Sensitive<Phone>; readonly sent: SentCode }
  | { readonly type: 'number-proved'; readonly provedAt: string }
  | { readonly type: 'filed'; readonly number: string; readonly filedAt: string }
  | { readonly type: 'restarted' };

/** A caller's bug, never a citizen's mistake. */
export class IllegalTransition extends Error {
  readonly code = 'ILLEGAL_TRANSITION';

  constructor(step: RequestStep, event: RequestEvent['type']) {
    super(`a recovery request at ${step} knows no ${event}`);
  }
}

export const begin = (): Requesting => ({ step: 'identity' });

/** Whether the last page was left open: whoever sits there now may ask for an account of their own. */
export const isLeft = (at: Requesting, now: Date): boolean =>
  at.step === 'filed' && isLeftOpen(epochSeconds(new Date(at.filedAt)), now);

export function advance(at: Requesting, event: RequestEvent): Requesting {
  if (event.type === 'restarted' && at.step !== 'identity') return begin();
  switch (at.step) {
    case 'identity':
      if (event.type === 'identity-verified')
        return { step: 'number', identity: event.identity, accountId: event.accountId };
      if (event.type === 'account-missing') return { step: 'no-account' };
      break;
    case 'number':
      if (event.type === 'number-given')
        return { ...at, step: 'code', phone: event.phone, sent: event.sent, numberChanges: 0 };
      break;
    case 'code':
      if (event.type === 'code-sent') return { ...at, sent: event.sent };
      if (event.type === 'code-tried') return { ...at, sent: { ...at.sent, challenge: event.challenge } };
      if (event.type === 'number-changed')
        return { ...at, phone: event.phone, sent: event.sent, numberChanges: at.numberChanges + 1 };
      if (event.type === 'number-proved') {
        const { identity, accountId, phone } = at;
        return { step: 'password', identity, accountId, phone, provedAt: event.provedAt };
      }
      break;
    case 'password':
      if (event.type === 'filed')
        return { step: 'filed', number: event.number, phone: at.phone, filedAt: event.filedAt };
      break;
    case 'no-account':
    case 'filed':
      break;
  }
  throw new IllegalTransition(at.step, event.type);
}
