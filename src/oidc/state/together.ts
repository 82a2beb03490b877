import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ProtocolAdapter } from './adapter.ts';
import { createGathering, type Gathering } from './gathering.ts';
import { currentRequest } from './request.ts';

/** Work that nobody has waited for yet. */
const WRITING = Symbol('written for this answer');

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

interface Writing {
  readonly gathering: Gathering;
  readonly begun: Promise<unknown>[];
  /** What is used once all of that is there. */
  use?: (() => Promise<unknown>) | undefined;
}

type Asked = KoaContextWithOIDC & { [WRITING]?: Writing | undefined };

const none = (): void => undefined;

/**
 * The kind that is written last for this answer, where it is known: those before it need not be waited for one after
 * the other.
 */
function lastOf({ oidc }: Asked, model: string): string | undefined {
  // On the way back to the service the session that has a new sign-in follows the code; a grant has to be there before
  // the receipts are looked at.
  if (oidc.route === 'resume')
    return oidc.params?.response_type === 'code' && (model === 'AuthorizationCode' || model === 'Session')
      ? 'Session'
      : undefined;
  if (oidc.route !== 'token') return undefined;
  const { grant_type: grant, resource } = oidc.params ?? {};
  const refreshes = oidc.client?.grantTypeAllowed('refresh_token') === true;
  // A token for an API may be one that is written nowhere.
  if (grant === 'refresh_token')
    return resource === undefined && oidc.entities.RefreshToken?.resource === undefined ? 'AccessToken' : undefined;
  if (grant === DEVICE_GRANT && !refreshes) return 'AccessToken';
  return (grant === 'authorization_code' || grant === DEVICE_GRANT) && refreshes ? 'RefreshToken' : undefined;
}

const writingOf = (ctx: Asked): Writing => (ctx[WRITING] ??= { gathering: createGathering(), begun: [] });

/**
 * Storage in which a code is written together with the session of its sign-in, and the use of a code together with the
 * tokens for it: in one trip to the store, and the latter as one step where the store knows how to. They are waited for
 * with the last of them: a code that was used already, or a store that is away, ends the request as it did, and the
 * tokens that were written meanwhile go to nobody. Those of a code that was used already are dead besides, with its
 * grant.
 *
 * The code of a device is used last: where its tokens cannot be written, the device asks again and gets them. Used up,
 * it left the person to confirm another one.
 */
export function together(model: string, adapter: ProtocolAdapter): ProtocolAdapter {
  async function begin(write: () => Promise<unknown>): Promise<void> {
    const ctx: Asked | undefined = currentRequest();
    const last = ctx === undefined ? undefined : lastOf(ctx, model);
    if (ctx === undefined || last === undefined) {
      await write();
      return;
    }
    const { gathering, begun } = writingOf(ctx);
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
      await begin(async () => {
        isThere = await adapter.renew(id, payload, expiresIn, former);
      });
      return isThere;
    },
    async consume(id) {
      const use = async (): Promise<unknown> => adapter.consume(id);
      const ctx: Asked | undefined = model === 'DeviceCode' ? currentRequest() : undefined;
      if (ctx === undefined || lastOf(ctx, model) === undefined) await begin(use);
      else writingOf(ctx).use = use;
    },
  };
}

async function written(ctx: Asked): Promise<void> {
  const writing = ctx[WRITING];
  ctx[WRITING] = undefined;
  writing?.gathering.send();
  await Promise.all(writing?.begun ?? []);
  await writing?.use?.();
}

/**
 * Answers nobody before what the answer stands for is written, should the last of it not have been what it was thought
 * to be. Where something went wrong after a code was used, it is used up nevertheless; that of a device where it was
 * not our fault.
 */
export function awaitWrites(provider: Provider): void {
  const { prototype } = provider.AccessToken as unknown as { prototype: { save: (this: object) => Promise<unknown> } };
  const { save } = prototype;
  prototype.save = async function () {
    const value = await save.call(this);
    const ctx: Asked | undefined = currentRequest();
    // That for an API may be written nowhere, and is the last all the same: the code of its device is used now.
    if (ctx !== undefined && lastOf(ctx, 'AccessToken') === 'AccessToken') await written(ctx);
    return value;
  };
  provider.use(async (ctx, next) => {
    await next();
    if ((ctx as Asked)[WRITING] === undefined) return;
    const { [WRITING]: begun } = ctx as Asked;
    if (begun !== undefined && ctx.status >= 500) begun.use = undefined;
    const writing = written(ctx as Asked);
    await (ctx.status >= 400 ? writing.catch(none) : writing);
  });
}
