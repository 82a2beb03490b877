import { errors } from 'oidc-provider';
import type Provider from 'oidc-provider';
import type { AccountId } from '../../domain/account.ts';

type Session = InstanceType<Provider['Session']>;
type Client = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;

/** Ends the session of a person who does not ask for it themselves: somebody else signs in in their browser. */
export type EndSession = (session: Session) => Promise<void>;

/** A service of the session that has an address to be told at. */
export interface ToBeTold {
  readonly client: Client;
  readonly accountId: AccountId;
  readonly sid: string | undefined;
}

export interface EndSessionDeps {
  readonly provider: Provider;
  /**
   * Before anything ends. @throws where that cannot be seen to: the session stays, and whoever presses the button again
   * ends it.
   */
  readonly tell: (services: readonly ToBeTold[]) => Promise<void>;
  /** Remembers it; it must not throw, for the session is gone already. */
  readonly remember?: (accountId: AccountId) => Promise<void>;
}

/**
 * What the library does where somebody signs out (`end_session`), in the same order and without their form: services
 * are told, what is bound to the session ends, and then the session.
 */
export function createEndSession({ provider, tell, remember }: EndSessionDeps): EndSession {
  /** One whose registration cannot be read any more is told nothing, as at a sign-out. */
  async function findClient(clientId: string): Promise<Client | undefined> {
    try {
      return await provider.Client.find(clientId);
    } catch (error) {
      if (error instanceof errors.InvalidClient) return undefined;
      throw error;
    }
  }

  return async (session) => {
    const { authorizations = {} } = session;
    const accountId = session.accountId as AccountId | undefined;
    if (accountId === undefined) return;
    const services = await Promise.all(
      Object.entries(authorizations).map(async ([clientId, { sid }]) => ({
        client: await findClient(clientId),
        accountId,
        sid,
      })),
    );
    await tell(services.filter((one): one is ToBeTold => one.client?.backchannelLogoutUri !== undefined));
    // Whatever is stored under a grant ends with it, of whichever kind (state/adapter.ts). What was given by
    // `offline_access` outlives the session.
    const ended = Object.values(authorizations).flatMap(({ grantId, persistsLogout }) =>
      grantId === undefined || persistsLogout === true ? [] : [grantId],
    );
    await Promise.all(ended.map((grantId) => provider.AccessToken.revokeByGrantId(grantId)));
    await session.destroy();
    await remember?.(accountId);
  };
}
