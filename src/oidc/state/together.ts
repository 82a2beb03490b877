import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ProtocolAdapter } from './adapter.ts';
import { createGathering, type Gathering } from './gathering.ts';
import { currentRequest } from './request.ts';

/** Work that nobody has waited for yet. */
const WRITING = Symbol('written for this answer');

interface Writing {
  readonly gathering: Gathering;
  readonly begun: Promise<unknown>[];
}

type Asked = KoaContextWithOIDC & { [WRITING]?: Writing | undefined };

const none = (): void => undefined;

/** The kind that is written last for this answer, where it is known: those before it need not be waited for one after the other. */
function lastOf({ oidc }: Asked, model: string): string | undefined {
  // On the way back to the service the session that has a new sign-in follows the code; a grant has to be there before the receipts are looked at.
  if (oidc.route === 'resume') return oidc.params?.response_type === 'code' && (model === 'AuthorizationCode' || model === 'Session') ? 'Session' : undefined;
  if (oidc.route !== 'token') return undefined;
  // A token for an API may be one that is written nowhere.
  if (oidc.params?.grant_type === 'refresh_token') return oidc.params.resource === undefined && oidc.entities.RefreshToken?.resource === undefined ? 'AccessToken' : undefined;
  return oidc.params?.grant_type === 'authorization_code' && oidc.client?.grantTypeAllowed('refresh_token') === true ? 'RefreshToken' : undefined;
}

/**
 * Storage in which a code is written together with the session of its sign-in, and the use of a code together with the tokens for it: in one trip to the store, and
 * the latter as one step where the store knows how to. They are waited for with the last of them: a code that was used already, or a store that is away, ends the
 * request as it did, and the tokens that were written meanwhile go to nobody. Those of a code that was used already are dead besides, with its grant.
 */
export function together(model: string, adapter: ProtocolAdapter): ProtocolAdapter {
  async function begin(write: () => Promise<unknown>): Promise<void> {
    const ctx: Asked | undefined = currentRequest();
    const last = ctx === undefined ? undefined : lastOf(ctx, model);
    if (ctx === undefined || last === undefined) {
      await write();
      return;
    }
    const { gathering, begun } = (ctx[WRITING] ??= { gathering: createGathering(), begun: [] });
    const writing = gathering.during(write);
    writing.catch(none); // whoever waits for it hears of it
    begun.push(writing);
    if (model === last) await written(ctx);
  }

  return {
    ...adapter,
    upsert: (id, payload, expiresIn) => begin(async () => adapter.upsert(id, payload, expiresIn)),
    async renew(id, payload, expiresIn, former) {
      let isThere = false;
      await begin(async () => { isThere = await adapter.renew(id, payload, expiresIn, former); });
      return isThere;
    },
    consume: (id) => begin(async () => adapter.consume(id)),
  };
}

async function written(ctx: Asked): Promise<void> {
  const writing = ctx[WRITING];
  ctx[WRITING] = undefined;
  writing?.gathering.send();
  await Promise.all(writing?.begun ?? []);
}

/**
 * Answers nobody before what the answer stands for is written, should the last of it not have been what it was thought to be. Where something
 * went wrong after a code was used, it is used up nevertheless.
 */
export function awaitWrites(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    if ((ctx as Asked)[WRITING] === undefined) return;
    const writing = written(ctx as Asked);
    await (ctx.status >= 400 ? writing.catch(none) : writing);
  });
}
