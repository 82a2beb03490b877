import type { Config } from '../config.ts';
import { isFinal } from '../domain/receipt.ts';
import { areReceiptsExpected } from '../ports/sms/receipt.ts';
import type { ReceiptStore } from '../store/receipts.ts';

/** How far a code by SMS has come, as the page says that waits for it. */
export type DeliveryShown = 'on-its-way' | 'sent' | 'delivered' | 'failed';

export interface CodeProgress {
  /** Of a message whose person typed the number themselves: nobody else's is ever asked for. */
  of(messageId: string): Promise<DeliveryShown>;
  /** After which no further look finds more: where nobody reports, "sent" is all that will ever be known. */
  readonly last: readonly DeliveryShown[];
}

export interface CodeProgressDeps {
  readonly store: { readonly receipts: Pick<ReceiptStore, 'standingOf'> };
  readonly config: Pick<Config, 'sms'>;
}

export function createCodeProgress({ store, config }: CodeProgressDeps): CodeProgress {
  return {
    async of(messageId) {
      const standing = await store.receipts.standingOf(messageId);
      switch (standing?.state) {
        case 'sent':
          if (standing.receipt === undefined || !isFinal(standing.receipt)) return 'sent';
          return standing.receipt === 'delivered' ? 'delivered' : 'failed';
        case 'failed':
        case 'expired':
          return 'failed';
        default:
          return 'on-its-way';
      }
    },
    last: areReceiptsExpected(config.sms) ? ['delivered', 'failed'] : ['sent', 'delivered', 'failed'],
  };
}
