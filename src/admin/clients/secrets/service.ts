import type { Audit } from '../../../audit/log.ts';
import { isLiveSecret, type Client } from '../../../domain/client.ts';
import type { Result } from '../../../domain/result.ts';
import { sensitive, type Sensitive } from '../../../domain/sensitive.ts';
import { addSeconds, type Clock } from '../../../ports/clock/clock.ts';
import type { Random } from '../../../ports/random/random.ts';
import type { Store } from '../../../store/store.ts';
import { needsSecret } from '../forms.ts';
import { Abandoned, lockClient, whole, type ClientRefusal } from '../refusals.ts';

export interface SecretWish {
  /**
   * How long the newest of the former ones goes on beside it; 0 ends them all at once. Older ones always end at once.
   */
  readonly overlapSeconds?: number | undefined;
  /** After that the new one ends too; undefined: when somebody ends it. */
  readonly lifetimeSeconds?: number | undefined;
  /** The newest that the operator saw: a form that is sent again makes no further one. */
  readonly after?: number | undefined;
}

export interface NewSecret {
  readonly client: Client;
  /** It is shown this once. */
  readonly newSecret: Sensitive<string>;
}

export interface ClientSecrets {
  /** Makes a further secret. Two live at most: the service changes over from one to the other. */
  add(
    id: string,
    wish: SecretWish,
    because: { readonly by: string; readonly reason?: string | undefined },
  ): Promise<Result<NewSecret, ClientRefusal>>;
  /** Ends one at once, but for the last live one: whom nobody may use any more, the stop switch stops. */
  end(
    id: string,
    number: number,
    because: { readonly by: string; readonly reason?: string | undefined },
  ): Promise<Result<Client, ClientRefusal>>;
}

export interface ClientSecretsDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
}

const SECRET_BYTES = 32;
export const makeSecret = (random: Random): Sensitive<string> =>
  sensitive(random.bytes(SECRET_BYTES).toString('base64url'));

export function createClientSecrets({ store, audit, clock, random }: ClientSecretsDeps): ClientSecrets {
  return {
    add: (id, { overlapSeconds = 0, lifetimeSeconds, after }, { by, reason }) =>
      whole(store, async (tx) => {
        const client = await lockClient(tx, id);
        if (!needsSecret(client.metadata)) throw new Abandoned({ reason: 'client-without-secret', id });
        const now = clock.now();
        const newest = Math.max(0, ...client.secrets.map(({ number }) => number));
        if (after !== undefined && after !== newest) throw new Abandoned({ reason: 'client-changed', id });
        const live = client.secrets.filter((secret) => isLiveSecret(secret, now)).map(({ number }) => number);
        const goesOn = overlapSeconds > 0 ? Math.max(0, ...live) : 0;
        await tx.clientSecrets.endBy(
          id,
          live.filter((number) => number !== goesOn),
          now,
        );
        await tx.clientSecrets.endBy(id, [goesOn], addSeconds(now, overlapSeconds));
        const newSecret = makeSecret(random);
        const expiresAt = lifetimeSeconds === undefined ? undefined : addSeconds(now, lifetimeSeconds);
        await tx.clientSecrets.insert(id, {
          number: newest + 1,
          secret: newSecret,
          createdBy: by,
          createdAt: now,
          expiresAt,
        });
        await audit.record(
          tx,
          'client.secret-rotated',
          {
            by,
            ...(reason === undefined ? {} : { reason }),
            number: newest + 1,
            overlapSeconds: goesOn === 0 ? 0 : overlapSeconds,
          },
          { clientId: id },
        );
        return { client: await lockClient(tx, id), newSecret };
      }),

    end: (id, number, { by, reason }) =>
      whole(store, async (tx) => {
        const client = await lockClient(tx, id);
        const now = clock.now();
        const live = client.secrets.filter((secret) => isLiveSecret(secret, now));
        if (!live.some((secret) => secret.number === number)) throw new Abandoned({ reason: 'secret-unknown', id });
        if (live.length === 1) throw new Abandoned({ reason: 'secret-last', id });
        await tx.clientSecrets.endBy(id, [number], now);
        await audit.record(
          tx,
          'client.secret-ended',
          { by, ...(reason === undefined ? {} : { reason }), number },
          { clientId: id },
        );
        return lockClient(tx, id);
      }),
  };
}
