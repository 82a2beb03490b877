import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type Provider from 'oidc-provider';
import { seeOther } from '../web/see-other.ts';

const URN = 'urn:ietf:params:oauth:request_uri:';
/** The way from here to there takes no longer. */
const ON_THE_WAY_SECONDS = 60;

const base64url = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

interface PushedModel {
  save(ttlSeconds: number): Promise<string>;
}

/**
 * Writes a request down as one that its service pushed. @param params as the library has them: texts, several APIs as a
 * list. @returns its `request_uri`, good once and for a minute.
 */
export type PushAgain = (clientId: string, params: Readonly<Record<string, unknown>>) => Promise<string>;

/**
 * What a service pushed or signed it did not leave to the browser, and may have to do so at each request. Where the
 * browser asks for the same once more, nobody asks the service: what was looked at the first time goes the same way,
 * and is looked at again by all the rules for a pushed request.
 */
export function createPushAgain(provider: Provider): PushAgain {
  const Pushed = provider.PushedAuthorizationRequest as unknown as new (made: {
    request: string;
    dpopJkt: string | undefined;
    trusted: boolean;
  }) => PushedModel;
  return async (clientId, params) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      ...params,
      client_id: clientId,
      iss: clientId,
      aud: provider.issuer,
      iat: now,
      nbf: now,
      exp: now + ON_THE_WAY_SECONDS,
    };
    // As the library itself writes what was pushed to it: signed by nobody, and never shown.
    const request = `${base64url({ alg: 'none' })}.${base64url(claims)}.`;
    const { dpop_jkt: dpopJkt } = params;
    return `${URN}${await new Pushed({ request, dpopJkt: typeof dpopJkt === 'string' ? dpopJkt : undefined, trusted: true }).save(ON_THE_WAY_SECONDS)}`;
  };
}

/** Where a request has that its `request_uri` was used by another. */
const USED = Symbol('used by another press');

type Asked = KoaContextWithOIDC & { [USED]?: true };

/**
 * A pushed request is used up by the answer to it. Of two presses of the last button the second finds it used: what the
 * person has proved is written all the same, and they are led to the same request once more, not to the service with an
 * error.
 *
 * @param beginAgain  where a sign-in of this uid begins anew.
 */
export function leadOnWhereUsed(provider: Provider, beginAgain: (uid: string) => string): void {
  provider.on('authorization.error', (ctx: Asked, error: Error) => {
    if (ctx.oidc.route === 'resume' && error instanceof errors.InvalidRequestUri) ctx[USED] = true;
  });
  provider.use(async (ctx, next) => {
    await next();
    const asked = ctx as unknown as Asked;
    const uid = asked[USED] === undefined ? undefined : asked.oidc.entities.Interaction?.uid;
    if (uid === undefined) return;
    ctx.body = null;
    seeOther(ctx, beginAgain(uid));
  });
}
