import type { AccountId } from '../../domain/account.ts';
import type { Challenge } from '../../domain/otp.ts';
import type { RecoveryChannel, RecoveryContact } from '../../domain/recovery.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { isLeftOpen } from '../../domain/session.ts';

/** Whom the code can let in, and by which contact. */
export interface Holder {
  readonly accountId: AccountId;
  readonly contact: RecoveryContact;
}

/** Each step carries exactly what has been proved. At `code` there may be nobody: the page must not tell. */
export type Recovery =
  | { readonly step: 'ask' }
  | {
      readonly step: 'code';
      readonly identifier: Sensitive<string>;
      readonly holder: Holder | undefined;
      readonly challenge: Challenge;
    }
  | { readonly step: 'password'; readonly holder: Holder; readonly provedAt: string }
  | {
      readonly step: 'finished';
      readonly accountId: AccountId;
      readonly channel: RecoveryChannel;
      readonly signedInAt: number;
    };

export type RecoveryStep = Recovery['step'];

export type RecoveryEvent =
  | {
      readonly type: 'code-asked';
      readonly identifier: Sensitive<string>;
      readonly holder: Holder | undefined;
      readonly challenge: Challenge;
    }
  | { readonly type: 'code-sent'; readonly challenge: Challenge }
  | { readonly type: 'code-tried'; readonly challenge: Challenge }
  | { readonly type: 'contact-proved'; readonly holder: Holder; readonly provedAt: string }
  | { readonly type: 'password-set'; readonly signedInAt: number }
  | { readonly type: 'restarted' };

/** A caller's bug, never a citizen's mistake. */
export class IllegalTransition extends Error {
  readonly code = 'ILLEGAL_TRANSITION';

  constructor(step: RecoveryStep, event: RecoveryEvent['type']) {
    super(`recovery at ${step} knows no ${event}`);
  }
}

export const begin = (): Recovery => ({ step: 'ask' });

/**
 * Whether the last page was left open: whoever sits there now is not taken for the person, and begins with a recovery
 * of their own.
 */
export const isLeft = (at: Recovery, now: Date): boolean => at.step === 'finished' && isLeftOpen(at.signedInAt, now);

export function advance(at: Recovery, event: RecoveryEvent): Recovery {
  switch (at.step) {
    case 'ask':
      if (event.type === 'code-asked')
        return { step: 'code', identifier: event.identifier, holder: event.holder, challenge: event.challenge };
      break;
    case 'code':
      if (event.type === 'code-sent' || event.type === 'code-tried') return { ...at, challenge: event.challenge };
      if (event.type === 'contact-proved') return { step: 'password', holder: event.holder, provedAt: event.provedAt };
      if (event.type === 'restarted') return begin();
      break;
    case 'password':
      if (event.type === 'password-set')
        return {
          step: 'finished',
          accountId: at.holder.accountId,
          channel: at.holder.contact.channel,
          signedInAt: event.signedInAt,
        };
      if (event.type === 'restarted') return begin();
      break;
    case 'finished':
      if (event.type === 'restarted') return begin();
      break;
  }
  throw new IllegalTransition(at.step, event.type);
}
