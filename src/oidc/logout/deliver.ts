import type Provider from 'oidc-provider';
import type { NoticeFailure } from '../../domain/logout.ts';
import type { Random } from '../../ports/random/random.ts';
import type { ClaimedNotice } from '../../store/logouts.ts';
import type { SigningKeys } from '../signing-keys.ts';

/** What became of one attempt; `dropped` where there is nobody to tell any more. */
export type Delivery = 'delivered' | 'dropped' | NoticeFailure;

export type Deliver = (notice: ClaimedNotice, signal: AbortSignal) => Promise<Delivery>;

type Client = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;

/**
 * The library's own class: it signs, and encrypts, as the client registered, and gives it its own subject. Its types
 * leave these members out.
 */
type IdToken = InstanceType<Provider['IdToken']> & {
  mask: object;
  set(claim: string, value: unknown): void;
  issue(as: { use: 'logout' }): Promise<string>;
};

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export interface DeliverDeps {
  readonly provider: Provider;
  readonly signingKeys: Pick<SigningKeys, 'fresh'>;
  /** Guarded: the address was registered by somebody. */
  readonly fetch: typeof globalThis.fetch;
  readonly random: Random;
}

/** Where a fetch failed, as a code: the words of the exception name addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unreachable';
  const { name, cause } = error;
  const codes = [error, cause].map((one) => (one as { code?: unknown } | undefined)?.code);
  if (codes.includes('OUTBOUND_REFUSED')) return 'address-refused';
  if (name === 'TimeoutError') return 'timeout';
  if (cause instanceof Error && cause.message === 'unexpected redirect') return 'redirect';
  return 'unreachable';
}

/** Makes a logout token and hands it to its service (OpenID Connect Back-Channel Logout 1.0, 2.4 to 2.8). */
export function createDeliver({ provider, signingKeys, fetch, random }: DeliverDeps): Deliver {
  /** Fresh for each attempt: it lives for two minutes, and a service takes no token twice. */
  async function makeToken(client: Client, { accountId, sid }: ClaimedNotice): Promise<string> {
    const token = new provider.IdToken({ sub: accountId }, { client, ctx: undefined as never }) as IdToken;
    // Nobody asked for it, so no request has seen to the keys.
    await signingKeys.fresh();
    token.mask = { sub: null };
    token.set('events', { [EVENT]: {} });
    token.set('jti', random.uuid());
    // A service that did not ask for it has never seen a `sid`, and ends all sessions of the subject.
    if (sid !== undefined && client.backchannelLogoutSessionRequired === true) token.set('sid', sid);
    return token.issue({ use: 'logout' });
  }

  return async (notice, signal) => {
    const client = await provider.Client.find(notice.clientId);
    if (client?.backchannelLogoutUri === undefined) return 'dropped';
    const body = new URLSearchParams({ logout_token: await makeToken(client, notice) });
    try {
      const { status, body: answer } = await fetch(client.backchannelLogoutUri, { method: 'POST', body, signal });
      // Nobody reads it, however long it is.
      await answer?.cancel();
      return status === 200 || status === 204 ? 'delivered' : { error: `http-${status}`, refused: status === 400 };
    } catch (error) {
      return { error: reasonOf(error), refused: false };
    }
  };
}
