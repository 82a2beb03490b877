import type { Audit } from '../audit/log.ts';
import { operatorOf, type Phone } from '../domain/phone.ts';
import type { ClosedState, Opinion, RecoveryRequest } from '../domain/recovery-request.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import type { Courier } from '../messages/courier.ts';
import type { HelpDesk } from '../messages/letter.ts';
import { recoveryClosed } from '../messages/recovery-request.ts';
import type { WrittenText } from '../messages/templates.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Transaction } from '../store/store.ts';

export interface Closing {
  /** A text message about a request, and the event that reports count it by. */
  text(
    tx: Transaction,
    request: Pick<RecoveryRequest, 'id' | 'accountId'>,
    of: 'warning' | 'completed' | 'closed',
    message: WrittenText & { readonly to: Sensitive<Phone> },
  ): Promise<void>;
  /**
   * Within a transaction that holds the row: it comes to an end without the account being given.
   * @param how.isTold  whether its number hears of it, which is so unless somebody says otherwise.
   */
  close(
    tx: Transaction,
    request: RecoveryRequest,
    state: ClosedState,
    how?: { readonly opinion?: Opinion; readonly isTold?: boolean },
  ): Promise<void>;
}

export interface ClosingDeps {
  readonly audit: Audit;
  readonly courier: Courier;
  readonly clock: Clock;
  readonly help: HelpDesk;
}

/** How a request ends, and who hears of it. */
export function createClosing({ audit, courier, clock, help }: ClosingDeps): Closing {
  const text: Closing['text'] = async (tx, { id, accountId }, of, message) => {
    await courier.post(tx, message);
    const operator = operatorOf(message.to.reveal());
    await audit.record(tx, 'recovery.request.notice-sent', { request: id, of, operator }, { accountId });
  };

  return {
    text,
    async close(tx, request, state, { opinion, isTold = true } = {}) {
      await tx.recoveryRequests.close(request.id, state, clock.now(), opinion);
      if (isTold && request.wanted !== undefined)
        await text(tx, request, 'closed', { ...recoveryClosed({ ...request, help }), to: request.wanted.phone });
    },
  };
}
