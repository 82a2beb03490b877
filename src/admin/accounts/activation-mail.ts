import type { AccountId } from '../../domain/account.ts';
import type { Email } from '../../domain/email.ts';
import type { Locale } from '../../domain/locale.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { createEmailLinks, type EmailLinkDeps } from '../../messages/email-link.ts';
import type { Store } from '../../store/store.ts';

export interface ActivationMail {
  /** Queues a fresh link in the caller's transaction; earlier ones stay good until they run out. */
  post(
    tx: Store,
    to: { readonly id: AccountId; readonly email: Sensitive<Email>; readonly locale: Locale },
  ): Promise<void>;
  /** After the commit. */
  sent(): void;
}

/** The link that confirms an address, as registration sends it, without a service to go back to. */
export function createActivationMail(deps: EmailLinkDeps): ActivationMail {
  const emailLinks = createEmailLinks(deps);
  return {
    post: (tx, { id, email, locale }) =>
      emailLinks.post(tx, { accountId: id, email, locale, occasion: { kind: 'registration' } }),
    sent: () => {
      deps.courier.wake();
    },
  };
}
