import type { Context } from 'koa';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import type { AccountId } from '../domain/account.ts';
import type { PresentSession } from '../web/session.ts';

/** What we keep in a session besides what the library does. */
interface Completed {
  /** When the last of the sign-in was proved, in seconds since 1970. One of an older version has only `loginTs`. */
  completedAt?: number | undefined;
}

interface SessionClass {
  readonly IN_PAYLOAD: readonly string[];
  readonly prototype: Completed & { loginAccount: (this: Completed, details: object) => void };
}

/**
 * Has a session keep when its sign-in was complete: a second factor may come minutes after the password, whose moment
 * `loginTs` is. That one is `auth_time` for services and stays what it is (ADR 14); a page of ours that wants both to
 * be recent would refuse who has just proved the second.
 */
export function keepCompletion(provider: Provider): void {
  const model = provider.Session as unknown as SessionClass;
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, 'completedAt'] });
  const { loginAccount } = model.prototype;
  model.prototype.loginAccount = function (details) {
    loginAccount.call(this, details);
    const { oidc } = (Provider.ctx ?? {}) as Partial<KoaContextWithOIDC>;
    // Each sign-in says its own, or none: what an earlier one said is not left behind.
    this.completedAt = (oidc?.entities.Interaction?.result?.login as Completed | undefined)?.completedAt;
  };
}

/** Reads the provider's session for pages of ours; one that its account does not honour is none (`sessions.ts`). */
export const readPresentSession =
  (provider: Provider) =>
  async (ctx: Context): Promise<PresentSession | undefined> => {
    const session = await provider.Session.get(ctx);
    const { accountId, acr, loginTs = 0 } = session;
    return accountId === undefined
      ? undefined
      : { accountId: accountId as AccountId, acr, provedAt: (session as Completed).completedAt ?? loginTs };
  };
