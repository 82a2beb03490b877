import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { rememberEnd, type EndedSignIns } from './ended-sign-ins.ts';

/** Where a request has what it ends at last. */
const ENDING = Symbol('ended when the answer is there');
/** The writing of what came of the sign-in. */
const REMEMBERING = Symbol('remembered with the session');

type Resuming = KoaContextWithOIDC & { [ENDING]?: () => Promise<void>; [REMEMBERING]?: Promise<void> | undefined };

/** What the browser is told about a cookie is taken back: it keeps what it has. */
export function leaveCookie(ctx: KoaContextWithOIDC, name: string): void {
  const told: unknown = ctx.response.headers['set-cookie'];
  const kept = (Array.isArray(told) ? (told as string[]) : []).filter(
    (one) => !one.startsWith(`${name}=`) && !one.startsWith(`${name}.sig=`),
  );
  if (kept.length === 0) ctx.remove('Set-Cookie');
  else ctx.set('Set-Cookie', kept);
}

/**
 * On the way back to the service the library first ends the interaction, in which stands what the person has proved,
 * and then writes session, grant and code. Where one of those could not be written (a full disk, a store that was just
 * lost), whoever loaded the page again had to type the password again. Here the interaction, and the cookie that leads
 * to it, end when the answer is there. What came of it is known before: whoever finds it gone asks for that.
 */
export function endInteractionLast(provider: Provider, ended: Pick<EndedSignIns, 'remember'>): void {
  const { prototype } = provider.Interaction as unknown as { prototype: { destroy: (this: object) => Promise<void> } };
  const { destroy } = prototype;
  prototype.destroy = function () {
    const ctx = Provider.ctx as Resuming | undefined;
    if ((ctx as Partial<Resuming> | undefined)?.oidc?.route !== 'resume' || ctx === undefined)
      return destroy.call(this);
    ctx[ENDING] = async () => {
      // Who turned back has no session that would have been written.
      ctx[REMEMBERING] ??= rememberEnd(ended, ctx);
      await ctx[REMEMBERING];
      await destroy.call(this);
    };
    return Promise.resolve();
  };
  const sessions = provider.Session as unknown as {
    prototype: { save: (this: object, ttl: number) => Promise<unknown> };
  };
  const { save } = sessions.prototype;
  sessions.prototype.save = async function (ttl) {
    const ctx = Provider.ctx as Resuming | undefined;
    if (ctx?.[ENDING] !== undefined) ctx[REMEMBERING] = rememberEnd(ended, ctx);
    // Nor is the session that was there before gone sooner.
    const [saved] = await Promise.all([save.call(this, ttl), ctx?.[REMEMBERING]]);
    return saved;
  };
  /**
   * The browser keeps what it came with, so that it can come again: also its session, where the one that would have
   * taken its place was not written.
   */
  function leaveAsItWas(ctx: Resuming): void {
    leaveCookie(ctx, provider.cookieName('resume'));
    if ((ctx.oidc.session as { readonly touched?: boolean } | undefined)?.touched === true)
      leaveCookie(ctx, provider.cookieName('session'));
    // With a code in it, where all but the end was written.
    ctx.remove('Location');
  }
  provider.use(async (ctx, next) => {
    const resuming = ctx as unknown as Resuming;
    try {
      await next();
      if (ctx.status < 500) await resuming[ENDING]?.();
      else if (resuming[ENDING] !== undefined) leaveAsItWas(resuming);
    } catch (error) {
      if (resuming[ENDING] !== undefined) leaveAsItWas(resuming);
      throw error;
    }
  });
}

/**
 * Who comes with the cookie of a session that is gone is a visitor without one. The library writes an empty session for
 * them and gives them its cookie: of two presses of a button the one that came second took the session away from the
 * browser that the first had just given it.
 */
export function writeNoEmptySession(provider: Provider): void {
  const model = provider.Session as unknown as {
    get: (ctx: unknown) => Promise<{ readonly exp?: number; readonly new?: boolean }>;
  };
  const { get } = model;
  model.get = async function (ctx) {
    const session = await get.call(this, ctx);
    if (session.exp === undefined && session.new !== true) Object.defineProperty(session, 'new', { value: true });
    return session;
  };
}

/**
 * What was proved on the way to an interaction goes along with what is said there. A second factor is proved at the
 * moment of the password, and makes the session good for more.
 */
function isNewProof({ result, entities }: Pick<KoaContextWithOIDC['oidc'], 'result' | 'entities'>): boolean {
  const login = result?.login;
  const { lastSubmission, session } = entities.Interaction ?? {};
  const before = (lastSubmission as { login?: typeof login } | undefined)?.login;
  return (
    login !== undefined &&
    (before?.ts !== login.ts ||
      before?.acr !== login.acr ||
      before?.accountId !== login.accountId ||
      session?.accountId !== login.accountId)
  );
}

const RESUMING = new Set(['resume', 'device_resume']);

/**
 * A session gets another id when somebody has proved who they are, and not when they have only agreed to something:
 * nobody becomes more by that, and the second press of the button comes with the cookie of before.
 */
export function keepIdWithoutProof(provider: Provider): void {
  const { prototype } = provider.Session as unknown as { prototype: { resetIdentifier: (this: object) => void } };
  const { resetIdentifier } = prototype;
  prototype.resetIdentifier = function () {
    const { oidc } = (Provider.ctx ?? {}) as Partial<KoaContextWithOIDC>;
    if (oidc === undefined || !RESUMING.has(oidc.route) || isNewProof(oidc)) resetIdentifier.call(this);
  };
}
