import type { Audit } from '../../audit/log.ts';
import type { AccountId } from '../../domain/account.ts';
import { logoUrlOf } from '../../domain/logo/logo.ts';
import { keyOf, type Share } from '../../domain/sharing.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';

/** A service that may have data of the person, and by which words. */
export interface ConnectedService {
  readonly clientId: string;
  readonly name: string;
  /** Where the logo of the service is today, on our own host. */
  readonly logo: string | undefined;
  readonly since: Date;
  /** What was agreed to or told last, for each scope. */
  readonly shares: readonly Share[];
}

export interface ServicesService {
  /** Those the person shares data with, the newest first. */
  list(accountId: AccountId): Promise<readonly ConnectedService[]>;
  find(accountId: AccountId, clientId: string): Promise<ConnectedService | undefined>;
  /** Takes back what the service may have: its grants and tokens end, in every session, and it has to ask again. */
  withdraw(accountId: AccountId, clientId: string): Promise<void>;
}

export interface ServicesDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly endGrants: (accountId: AccountId, clientId: string) => Promise<void>;
}

export function createServices({ store, audit, clock, endGrants }: ServicesDeps): ServicesService {
  const list: ServicesService['list'] = async (accountId) => {
    const services = new Map<string, { since: Date; name: string; shares: Map<string, Share> }>();
    for (const { clientId, givenAt, text } of await store.consents.standingOf(accountId)) {
      const service = services.get(clientId) ?? {
        since: givenAt,
        name: text.service,
        shares: new Map<string, Share>(),
      };
      service.name = text.service;
      for (const share of text.shares) service.shares.set(keyOf(share), share);
      services.set(clientId, service);
    }
    const logos = await store.clients.logos([...services.keys()]);
    return [...services]
      .map(([clientId, { since, name, shares }]) => ({
        clientId,
        name,
        logo: logoUrlOf({ logo: logos.get(clientId) }),
        since,
        shares: [...shares.values()],
      }))
      .reverse();
  };

  return {
    list,
    find: async (accountId, clientId) => (await list(accountId)).find((service) => service.clientId === clientId),
    async withdraw(accountId, clientId) {
      // Before, so that nothing is left if the process ends here; and after, for grants that were made in between.
      // Whoever makes one looks once more at the receipts (`oidc/grants.ts`).
      await endGrants(accountId, clientId);
      await store.transaction(async (tx) => {
        if ((await tx.consents.withdraw(accountId, clientId, clock.now())) > 0)
          await audit.record(tx, 'consent.withdrawn', {}, { accountId, clientId });
      });
      await endGrants(accountId, clientId);
    },
  };
}
