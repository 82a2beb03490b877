import Provider, { type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';
import { seeOther } from '../web/see-other.ts';
import { createPushAgain, type PushAgain } from './pushed-again.ts';
import { leaveCookie } from './resume.ts';
import type { ProtocolAdapter } from './state/adapter.ts';

/** Where a request has that its session was ended while it was under way. */
const ENDED = Symbol('the session was ended meanwhile');

type Asked = KoaContextWithOIDC & { [ENDED]?: true };

interface SessionModel {
  readonly jti: string;
  readonly uid: string;
  exp?: number;
  /** The id before the one that it is to have. */
  oldId: string | undefined;
  touched: boolean;
  destroyed?: boolean;
  readonly adapter: ProtocolAdapter;
  getValueAndPayload(): Promise<{ readonly payload: AdapterPayload }>;
  emit(event: string): void;
  save: (this: SessionModel, ttl: number) => Promise<unknown>;
  destroy: (this: SessionModel) => Promise<void>;
}

interface Again {
  readonly beginAgain: (uid: string) => string;
  readonly pushAgain: PushAgain;
}

/**
 * Where whoever finds their session ended is asked to sign in; undefined where the answer is right without a session.
 */
async function whereAgain({ oidc, originalUrl }: Asked, { beginAgain, pushAgain }: Again): Promise<string | undefined> {
  const uid = oidc.entities.Interaction?.uid;
  if (oidc.route === 'end_session_confirm') return undefined;
  if ((oidc.route === 'resume' || oidc.route === 'device_resume') && uid !== undefined) return beginAgain(uid);
  // A request line may name another host.
  const { pathname, search } = new URL(originalUrl, 'http://localhost');
  if (
    oidc.route !== 'authorization' ||
    oidc.entities.PushedAuthorizationRequest === undefined ||
    oidc.client === undefined
  )
    return `${pathname}${search}`;
  // It is good once, and was used for the answer that nobody gets now.
  const { clientId } = oidc.client;
  return `${pathname}?${new URLSearchParams({ client_id: clientId, request_uri: await pushAgain(clientId, { ...oidc.params }) }).toString()}`;
}

/**
 * A session that was read is written only while it is there: one that is signed out of while a request is under way
 * would live again by that request, and with it single sign-on. Where it gets another id, that takes the place of the
 * former in one step: of a session one id is good. Who finds it ended asks the same once more, as who comes a moment
 * later does: without it, or with the id that another request has given it.
 *
 * And it ends under whatever id it has got since it was read.
 *
 * @param beginAgain  where a sign-in of this uid begins anew.
 */
export function leaveEndedSessions(provider: Provider, beginAgain: (uid: string) => string): void {
  const { prototype } = provider.Session as unknown as { prototype: SessionModel };
  const { save } = prototype;
  const pushAgain = createPushAgain(provider);

  prototype.save = async function (ttl) {
    const { oldId } = this;
    this.oldId = undefined;
    // Only what has been written already knows its end.
    if (this.exp === undefined) return save.call(this, ttl);
    this.exp = Math.floor(Date.now() / 1000) + ttl;
    const { payload } = await this.getValueAndPayload();
    let isThere: boolean;
    try {
      isThere = await this.adapter.renew(this.jti, payload, ttl, oldId ?? this.jti);
    } catch (error) {
      this.oldId = oldId;
      this.touched = true;
      throw error;
    }
    this.touched = false;
    if (isThere) {
      this.emit('saved');
      return this.jti;
    }
    const ctx = Provider.ctx as Asked | undefined;
    if (ctx !== undefined) ctx[ENDED] = true;
    return this.jti;
  };

  prototype.destroy = async function () {
    await this.adapter.end(this.jti, this.uid);
    this.emit('destroyed');
    this.destroyed = true;
  };

  provider.use(async (ctx, next) => {
    await next();
    const asked = ctx as unknown as Asked;
    if (asked[ENDED] === undefined) return;
    // It may have another by now, of another request.
    leaveCookie(asked, provider.cookieName('session'));
    const again = ctx.status < 500 ? await whereAgain(asked, { beginAgain, pushAgain }) : undefined;
    if (again === undefined) return;
    ctx.body = null;
    seeOther(ctx, again);
  });
}
