import type Provider from 'oidc-provider';
import type { Log } from '../../telemetry/log.ts';
import type { Deliver } from '../logout/deliver.ts';
import type { ToBeTold } from '../logout/end-session.ts';

const PATIENCE_MS = 5000;

/**
 * Has the sandbox tell services of a sign-out itself, once and at once: what it tells is kept nowhere. The library
 * would send its tokens by the fetch that it was given for keys (`held-keys.ts`), which sends nothing.
 *
 * @returns tells the services of a session that ends in another way. Neither fails where a service does not listen.
 */
export function tellAtOnce(
  provider: Provider,
  { deliver, log }: { readonly deliver: Deliver; readonly log: Log },
): (services: readonly ToBeTold[]) => Promise<void> {
  async function tell(
    { clientId }: Pick<ToBeTold['client'], 'clientId'>,
    accountId: ToBeTold['accountId'],
    sid: string | undefined,
  ): Promise<void> {
    const notice = { id: '', accountId, clientId, sid, reason: 'sign-out', attempts: 1, leaseOwner: '' } as const;
    const delivery = await deliver(notice, AbortSignal.timeout(PATIENCE_MS)).catch((error: unknown) => {
      log.error({ err: error, clientId }, 'a logout token could not be made at the sandbox');
      return 'dropped' as const;
    });
    if (typeof delivery === 'object')
      log.info({ clientId, error: delivery.error }, 'a service did not take its logout token of the sandbox');
  }

  const client = provider.Client.prototype as unknown as {
    backchannelLogout: (
      this: Pick<ToBeTold['client'], 'clientId'>,
      sub: ToBeTold['accountId'],
      sid?: string,
    ) => Promise<void>;
  };
  client.backchannelLogout = function (sub, sid) {
    return tell(this, sub, sid);
  };
  return async (services) => {
    await Promise.all(services.map((one) => tell(one.client, one.accountId, one.sid)));
  };
}
