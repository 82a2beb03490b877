import type { Middleware } from 'koa';
import { todayIn } from '../domain/day.ts';
import type { Config } from '../config.ts';
import type { ClientDirectory } from '../oidc/clients.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createAnswers } from './answers.ts';
import { createSignIn } from './sign-in.ts';
import { createTokens } from './tokens.ts';
import { createUsersMe } from './users-me.ts';

export interface BridgeDeps {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly uses: Pick<Store['bridgeUses'], 'count'>;
  readonly legacyIdOf: (accountId: string) => Promise<string | undefined>;
  /** The day at the house, `2026-01-31`. */
  readonly today: () => string;
  readonly now: () => Date;
  readonly counters: Counters;
  readonly limits: Pick<Limits, 'bridge'>;
  readonly limitBytes: number;
}

export interface BridgeWiring {
  readonly clients: Pick<ClientDirectory, 'find'>;
  readonly store: Pick<Store, 'bridgeUses' | 'legacyIds'>;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly limits: Pick<Limits, 'bridge'>;
  readonly random: Random;
  readonly log: Log;
  readonly config: Pick<Config, 'http' | 'help' | 'identity'>;
  /** Where the protocol has its endpoints. */
  readonly pathFor: (name: string) => string;
}

/**
 * The former interface, for clients that are registered for it and until their day (docs/adr/0020-bridge.md). It stands
 * in front of the protocol and does nothing but translate: each call goes on to the endpoint that does the work.
 */
export function createBridge({
  clients,
  store,
  clock,
  counters,
  limits,
  random,
  log,
  config,
  pathFor,
}: BridgeWiring): Middleware {
  const deps: BridgeDeps = {
    clients,
    uses: store.bridgeUses,
    legacyIdOf: (accountId) => store.legacyIds.of(accountId),
    today: () => todayIn(config.identity.timeZone, clock.now()),
    now: () => clock.now(),
    counters,
    limits,
    limitBytes: config.http.bodyLimitBytes,
  };
  const answers = createAnswers({ log, random, contact: config.help.email });
  const signIn = createSignIn({ ...deps, path: pathFor('authorization'), telling: { log, random } });
  const tokens = createTokens({ ...deps, answers, path: pathFor('token') });
  const usersMe = createUsersMe({ ...deps, answers, path: pathFor('userinfo') });
  return async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === '/api/v1/tokens') await tokens(ctx, next);
    else if (ctx.method === 'GET' && ctx.path === '/api/v1/users/me') await usersMe(ctx, next);
    else await signIn(ctx, next);
  };
}
