import type { Middleware } from 'koa';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import type { AccountId } from '../../domain/account.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';
import type { ToBeTold } from './end-session.ts';

export interface NoticeDeps {
  readonly store: Pick<Store, 'logouts'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** The table looks at the hour; who was written down a while ago need not be asked about. */
const RECENT_MS = 1_800_000;
const MOST_RECENT = 50_000;

/** What this process has written a while ago. Rows go with their account alone, so nothing is missed. */
function createRecent(clock: Clock): { test(key: string): boolean; keep(key: string): void } {
  const until = new Map<string, number>();
  return {
    test: (key) => (until.get(key) ?? 0) <= clock.now().getTime(),
    keep(key) {
      if (until.size >= MOST_RECENT) until.clear();
      until.set(key, clock.now().getTime() + RECENT_MS);
    },
  };
}

/** Remembers who has signed in to which service, before the browser carries the code there. */
export function rememberVisits(provider: Provider, { store, clock }: Pick<NoticeDeps, 'store' | 'clock'>): void {
  const succeeded = new WeakSet();
  const isNew = createRecent(clock);
  provider.on('authorization.success', (ctx: KoaContextWithOIDC) => succeeded.add(ctx));
  const remember: Middleware = async (ctx, next) => {
    await next();
    if (!succeeded.has(ctx)) return;
    const { session, client } = (ctx as KoaContextWithOIDC).oidc;
    const { accountId } = session ?? {};
    if (accountId === undefined || client === undefined || !isNew.test(`${accountId} ${client.clientId}`)) return;
    await store.logouts.visit(accountId as AccountId, client.clientId, clock.now());
    isNew.keep(`${accountId} ${client.clientId}`);
  };
  provider.use(remember);
}

export interface Notices {
  /** Stores those of a session that ends without its person asking for it. @throws where one could not be. */
  add(services: readonly ToBeTold[]): Promise<void>;
  /** Under which id the notices of this request were stored; undefined where there were none. */
  idOf(ctx: object): string | undefined;
}

/**
 * Puts the notices of a sign-out in the queue where the library would send them itself and have the person wait. They
 * are stored before the session is gone: one that is told too much is better than one that nobody is told of.
 */
export function queueNotices(provider: Provider, { store, clock, random }: NoticeDeps): Notices {
  const signOuts = new WeakMap<object, string>();
  const add = (
    {
      accountId,
      client,
      sid,
    }: Pick<ToBeTold, 'accountId' | 'sid'> & { readonly client: Pick<ToBeTold['client'], 'clientId'> },
    signOutId: string,
  ): Promise<void> =>
    store.logouts.add({ accountId, clientId: client.clientId, sid, reason: 'sign-out' }, signOutId, clock.now());

  // The library calls it once for each service that registered an address, and waits for all of them.
  const client = provider.Client.prototype as unknown as {
    backchannelLogout: (this: { clientId: string }, sub: string, sid?: string) => Promise<void>;
  };
  client.backchannelLogout = async function queue(sub, sid) {
    const { ctx } = Provider;
    if (ctx === undefined) throw new Error('a sign-out outside a request');
    const id = signOuts.get(ctx) ?? random.uuid();
    signOuts.set(ctx, id);
    await add({ accountId: sub as AccountId, client: this, sid }, id);
  };
  // The library only tells of one that failed, and goes on to end the session; what a listener throws it does not
  // catch. So the session is there still, and the button can be pressed again.
  provider.on('backchannel.error', (_ctx: unknown, error: Error) => {
    throw error;
  });

  return {
    async add(services) {
      const id = random.uuid();
      await Promise.all(services.map((one) => add(one, id)));
    },
    idOf: (ctx) => signOuts.get(ctx),
  };
}
