import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../../audit/log.ts';
import { endOfKey, isLastOfUse, isLiveKey, keysOf, type ClientKey } from '../../../domain/client-key.ts';
import type { Client, ClientMetadata, ClientVersion } from '../../../domain/client.ts';
import { widens } from '../../../domain/client-change.ts';
import type { Result } from '../../../domain/result.ts';
import { addSeconds, type Clock } from '../../../ports/clock/clock.ts';
import type { Store } from '../../../store/store.ts';
import { thumbprintOf } from '../key-thumbprint.ts';
import { Abandoned, lockClient, whole, type ClientRefusal } from '../refusals.ts';
import { effectiveVersion, recordEffect, type Hand } from '../versions.ts';

/** A key in a registration, as it stands now. */
export interface RegisteredKey {
  readonly thumbprint: string;
  readonly key: ClientKey;
  readonly isLive: boolean;
  readonly endsAt: Date | undefined;
  /**
   * Since when it is in effect without a break, as far as the history goes back; undefined where it is not in effect.
   */
  readonly since: Date | undefined;
  /** Without it the service could not do what it does: it is not ended here. */
  readonly isLast: boolean;
}

export interface ClientKeys {
  /** What is in effect; of a draft, what is proposed. */
  list(client: Client): Promise<readonly RegisteredKey[]>;
  /**
   * Ends a key, at once or after some time, in what is in effect and in what is proposed. It narrows: nobody else is
   * asked. One that would be the last of its use by then goes on: whom nobody may use any more, the stop switch stops.
   */
  end(
    id: string,
    thumbprint: string,
    wish: { readonly afterSeconds: number },
    because: { readonly hand: Hand; readonly reason?: string | undefined },
  ): Promise<Result<Client, ClientRefusal>>;
}

export interface ClientKeysDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
}

export function createClientKeys({ store, audit, clock }: ClientKeysDeps): ClientKeys {
  const holds = (metadata: ClientMetadata, thumbprint: string): boolean =>
    keysOf(metadata.jwks).some((key) => thumbprintOf(key) === thumbprint);

  /** @param versions  what was in effect, the last first. */
  function sinceOf(versions: readonly ClientVersion[], thumbprint: string): Date | undefined {
    const broken = versions.findIndex(({ metadata }) => !holds(metadata, thumbprint));
    return versions[(broken === -1 ? versions.length : broken) - 1]?.decided?.at;
  }

  /**
   * The registration with an end for that key: none of it is left, or it says so itself. An end that is sooner already
   * stays. A list without keys would be none.
   */
  function ended(metadata: ClientMetadata, thumbprint: string, at: Date | undefined): ClientMetadata {
    const keys = keysOf(metadata.jwks).flatMap((key) => {
      if (thumbprintOf(key) !== thumbprint) return [key];
      if (at === undefined) return [];
      const end = endOfKey(key);
      return [end !== undefined && end <= at ? key : { ...key, exp: at.getTime() / 1000 }];
    });
    const { jwks: _, ...rest } = metadata;
    return keys.length === 0 ? rest : { ...metadata, jwks: { keys } };
  }

  /** What waits for a second operator must not bring the key back; who has read it before reads it again. */
  async function endInProposal(
    tx: Store,
    client: Client,
    before: number | undefined,
    thumbprint: string,
    at: Date | undefined,
    hand: Hand,
  ): Promise<boolean> {
    const open = await tx.clientVersions.findOpen(client.id);
    if (open === undefined || !holds(open.metadata, thumbprint)) return false;
    const metadata = ended(open.metadata, thumbprint, at);
    if (isDeepStrictEqual(metadata, open.metadata)) return false;
    await tx.clientVersions.replace({
      ...open,
      metadata,
      base: open.base === before ? client.version : open.base,
      edition: open.edition + 1,
      widens: widens(client, { ...open, metadata }),
      involved: [...new Set([...open.involved, ...hand.involved])],
      waiver: undefined,
    });
    return true;
  }

  return {
    async list(client) {
      const now = clock.now();
      const keys = keysOf(client.metadata.jwks);
      const decidedAt = ({ decided }: ClientVersion): number => decided?.at.getTime() ?? 0;
      const versions = (await store.clientVersions.list(client.id))
        .filter(({ state }) => state === 'approved')
        .sort((a, b) => decidedAt(b) - decidedAt(a));
      const live = keys.filter((key) => isLiveKey(key, now));
      return keys.map((key) => {
        const thumbprint = thumbprintOf(key);
        return {
          thumbprint,
          key,
          isLive: isLiveKey(key, now),
          endsAt: endOfKey(key),
          since: sinceOf(versions, thumbprint),
          isLast: isLastOfUse(live, (one) => thumbprintOf(one) === thumbprint),
        };
      });
    },

    end: (id, thumbprint, { afterSeconds }, { hand, reason }) =>
      whole(store, async (tx) => {
        const client = await lockClient(tx, id);
        if (client.status === 'draft') throw new Abandoned({ reason: 'client-draft', id });
        const now = clock.now();
        const keys = keysOf(client.metadata.jwks);
        const isThatOne = (key: ClientKey): boolean => thumbprintOf(key) === thumbprint;
        if (!keys.some((key) => isThatOne(key) && isLiveKey(key, now)))
          throw new Abandoned({ reason: 'key-unknown', id });
        // In whole seconds, as a key says it.
        const at =
          afterSeconds === 0 ? undefined : new Date(Math.ceil(addSeconds(now, afterSeconds).getTime() / 1000) * 1000);
        // Another one has to be good when this one goes: of two that are to end at the same time the second is the
        // last.
        if (
          isLastOfUse(
            keys.filter((key) => isThatOne(key) || isLiveKey(key, at ?? now)),
            isThatOne,
          )
        )
          throw new Abandoned({ reason: 'key-last', id });
        const base = await effectiveVersion(tx, client);
        const metadata = ended(client.metadata, thumbprint, at);
        // One that ends sooner by itself is left as it is, and no version says that something had changed.
        const isNew = !isDeepStrictEqual(metadata, client.metadata);
        if (isNew) {
          await tx.clients.update(id, { metadata }, now);
          await recordEffect(
            tx,
            { ...client, updatedAt: now },
            { metadata, listing: client.listing, reason },
            { ...hand, base, at: now },
          );
        }
        const changed = isNew ? await lockClient(tx, id) : client;
        const isProposalNew = await endInProposal(tx, changed, base, thumbprint, at, hand);
        if (!isNew && !isProposalNew) return client;
        await audit.record(
          tx,
          'client.key-ended',
          { by: hand.by, ...(reason === undefined ? {} : { reason }), thumbprint, afterSeconds },
          { clientId: id },
        );
        return changed;
      }),
  };
}
