import { timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import type { Locale } from '../../domain/locale.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import { BASES, type SampleClient } from './clients.ts';
import { createExpiring } from './expiring.ts';
import type { LogoutNotice } from './logout-token.ts';
import type { PendingSignIn, SignedIn } from './relying-party.ts';

/** As long as the sign-on can take a sign-in up again (`lifetimes.resumeSeconds`). */
const ATTEMPT_SECONDS = 86_400;
const SESSION_SECONDS = 28_800;
const MOST = 10_000;

export interface Session extends SignedIn {
  readonly csrf: string;
}

interface Attempt {
  readonly browser: string;
  readonly pending: PendingSignIn;
}

/** What one service remembers of its visitors; all of it in memory, and the browser holds random ids alone. */
export interface Visitors {
  /** Knows this browser from now on; done on the first page, so that two tabs can begin at the same moment. */
  welcome(ctx: Context): void;
  /** Ties what begins now to this browser. Several sign-ins may be on their way at once. */
  remember(ctx: Context, pending: PendingSignIn): void;
  /** The sign-in that this browser began with this state; it can be had once. */
  take(ctx: Context, state: string): PendingSignIn | undefined;
  rememberSignOut(ctx: Context): string;
  takeSignOut(ctx: Context, state: string): boolean;
  session(ctx: Context): Session | undefined;
  /** Opens a session under a new id, whatever id the browser had before. */
  signIn(ctx: Context, person: SignedIn): void;
  signOut(ctx: Context): void;
  /** Ends what a logout token names; says how many sessions that were. */
  endSessions(notice: LogoutNotice): number;
}

export function createVisitors({
  client,
  clock,
  random,
}: {
  client: SampleClient;
  clock: Clock;
  random: Random;
}): Visitors {
  const { base } = client;
  // Browsers do not keep cookies of different ports apart: the name must differ from every cookie of the sign-on.
  const cookies = { browser: `${BASES[base]}_browser`, session: `${BASES[base]}_session` };
  const options = { httpOnly: true, sameSite: 'lax', path: base, overwrite: true } as const;

  const attempts = createExpiring<Attempt>({ clock, ttlSeconds: ATTEMPT_SECONDS, most: MOST });
  const signOuts = createExpiring<string>({ clock, ttlSeconds: ATTEMPT_SECONDS, most: MOST });
  const sessions = createExpiring<Session>({ clock, ttlSeconds: SESSION_SECONDS, most: MOST });

  const unguessable = (): string => random.bytes(32).toString('base64url');
  const browserOf = (ctx: Context): string | undefined => ctx.cookies.get(cookies.browser);

  function markBrowser(ctx: Context): string {
    const known = browserOf(ctx);
    const browser = known !== undefined && /^[\w-]{43}$/.test(known) ? known : unguessable();
    ctx.cookies.set(cookies.browser, browser, { ...options, maxAge: ATTEMPT_SECONDS * 1000 });
    return browser;
  }

  return {
    welcome(ctx) {
      markBrowser(ctx);
    },
    remember(ctx, pending) {
      attempts.set(pending.state, { browser: markBrowser(ctx), pending });
    },
    take(ctx, state) {
      const attempt = attempts.get(state);
      if (attempt === undefined || attempt.browser !== browserOf(ctx)) return undefined;
      attempts.delete(state);
      return attempt.pending;
    },
    rememberSignOut(ctx) {
      const state = unguessable();
      signOuts.set(state, markBrowser(ctx));
      return state;
    },
    takeSignOut(ctx, state) {
      const browser = signOuts.get(state);
      if (browser === undefined || browser !== browserOf(ctx)) return false;
      signOuts.delete(state);
      return true;
    },
    session(ctx) {
      return sessions.get(ctx.cookies.get(cookies.session) ?? '');
    },
    signIn(ctx, person) {
      sessions.delete(ctx.cookies.get(cookies.session) ?? '');
      const id = unguessable();
      sessions.set(id, { ...person, csrf: unguessable() });
      ctx.cookies.set(cookies.session, id, options);
    },
    signOut(ctx) {
      sessions.delete(ctx.cookies.get(cookies.session) ?? '');
      ctx.cookies.set(cookies.session, null, options);
    },
    endSessions({ sub, sid }) {
      return sessions.deleteWhere(
        (session) => (sid === undefined || session.sid === sid) && (sub === undefined || session.sub === sub),
      );
    },
  };
}

/** Compares without telling by its time how much was right. */
export function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const LANGUAGE_COOKIE = 'sample_language';
const YEAR_MS = 31_536_000_000;

export const languageCookie = {
  read: (ctx: Context): string | undefined => ctx.cookies.get(LANGUAGE_COOKIE),
  write: (ctx: Context, locale: Locale): void => {
    ctx.cookies.set(LANGUAGE_COOKIE, locale, {
      httpOnly: true,
      sameSite: 'lax',
      path: '/',
      maxAge: YEAR_MS,
      overwrite: true,
    });
  },
};
