import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { readJws, signJws } from '../../crypto/jws.ts';
import { bendOf } from '../../domain/check-scenarios.ts';

/** One scenario of one check, which a sign-in at the sandbox belongs to. */
export interface Attempt {
  readonly checkId: string;
  readonly scenario: string;
}

/** Who wants to know what services do at the sandbox. */
export interface Observer {
  /** The attempt in which the grant was given. */
  ofGrant(grantId: string): Promise<Attempt | undefined>;
  record(
    attempt: Attempt,
    kind: 'sent' | 'token' | 'refreshed' | 'userinfo',
    details: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Somebody fetched the keys. */
  keysFetched(): Promise<void>;
  /** The private key that the attempt is to be signed with. */
  keyOf(attempt: Attempt): Promise<Readonly<Record<string, unknown>> | undefined>;
}

type Entity = { readonly grantId?: string } | undefined;
interface Answer {
  readonly id_token?: string;
  readonly error?: string;
}

/** A name that nobody may have (RFC 6761): the answer claims to come from there. */
const FOREIGN_ISSUER = 'https://penerbit-lain.example';

/** The attempt that the pages of the sandbox put into the outcome of an interaction. */
const attemptOf = ({ oidc }: KoaContextWithOIDC): Attempt | undefined =>
  (oidc.result as { check?: Attempt } | undefined)?.check;

/**
 * Bends answers as the scenario of a check wants it, and tells what the service does. Without a check nothing is bent
 * and nothing told.
 */
export function observe(provider: Provider, observer: Observer): void {
  const sent = new WeakSet();
  // What goes home is handed along as well; the typings leave it out.
  const onSuccess = provider.on.bind(provider) as unknown as (
    name: 'authorization.success',
    listener: (ctx: KoaContextWithOIDC, answer: { state?: string; iss?: string }) => void,
  ) => void;
  onSuccess('authorization.success', (ctx, answer) => {
    sent.add(ctx);
    const bend = bendOf(attemptOf(ctx)?.scenario ?? '');
    if (bend === 'state') answer.state = `bukan-${answer.state ?? ''}`.slice(0, 64);
    if (bend === 'iss') answer.iss = FOREIGN_ISSUER;
  });

  async function token(ctx: KoaContextWithOIDC): Promise<void> {
    const { AuthorizationCode: code, RefreshToken: refresh } = ctx.oidc.entities as {
      AuthorizationCode?: Entity;
      RefreshToken?: Entity;
    };
    const grantId = (code ?? refresh)?.grantId;
    const attempt = grantId === undefined ? undefined : await observer.ofGrant(grantId);
    if (attempt === undefined) return;
    const answer = ctx.body as Answer;
    const ok = ctx.status === 200;
    const told = readJws(answer.id_token);
    if (code === undefined) {
      if (ok) await observer.record(attempt, 'refreshed', {});
      return;
    }
    const key = told === undefined || bendOf(attempt.scenario) !== 'key' ? undefined : await observer.keyOf(attempt);
    if (key !== undefined && told !== undefined)
      ctx.body = { ...answer, id_token: signJws(key, { ...told.header, kid: key.kid }, told.payload) };
    await observer.record(attempt, 'token', {
      ok,
      error: answer.error,
      verifier: ctx.oidc.params?.code_verifier !== undefined,
      sub: told?.payload.sub,
      sid: told?.payload.sid,
    });
  }

  provider.use(async (context, next) => {
    await next();
    const ctx = context as KoaContextWithOIDC;
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (oidc === undefined) return;
    if (sent.has(ctx)) {
      const attempt = attemptOf(ctx);
      if (attempt !== undefined) await observer.record(attempt, 'sent', {});
    } else if (oidc.route === 'token') {
      await token(ctx);
    } else if (oidc.route === 'userinfo' && ctx.status === 200) {
      const grantId = (oidc.entities.AccessToken as Entity)?.grantId;
      const attempt = grantId === undefined ? undefined : await observer.ofGrant(grantId);
      if (attempt !== undefined) await observer.record(attempt, 'userinfo', {});
    } else if (oidc.route === 'jwks') {
      await observer.keysFetched();
    }
  });
}
