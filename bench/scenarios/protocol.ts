import { expectStatus } from '../drivers/visitor.ts';
import { authorizationRequest, exchange, reauthorize, signedIn, type Code, type Tokens } from './flow.ts';
import { basic, type Scenario, type Target } from './scenario.ts';

/** One thing done over and over. @param prepare makes ready what each time needs, and tells what it is. */
const repeating = (
  about: Omit<Scenario, 'begin'>,
  prepare: (target: Target) => Promise<() => Promise<unknown>>,
): Scenario => ({
  ...about,
  async begin(target) {
    const once = await prepare(target);
    return {
      async work() {
        await once();
        return true;
      },
    };
  },
});

const fetching = (name: string, path: string): Scenario =>
  repeating(
    { name, operation: `GET ${path}`, goal: { yardstick: 'memory', ratio: 0.4 }, besideFloor: true },
    (target) => {
      const visitor = target.visitor();
      return Promise.resolve(async () => expectStatus(await visitor.send(path), 200, name));
    },
  );

const singleSignOn = repeating(
  {
    name: 'sso',
    operation: 'authorization in a session, and exchange of its code',
    goal: { yardstick: 'memory', ratio: 1 },
  },
  async (target) => {
    const { browser } = await signedIn(target);
    const service = target.visitor();
    return async () => exchange(target, service, await reauthorize(target, browser));
  },
);

const codeExchange: Scenario = {
  name: 'exchange',
  operation: 'exchange of a code',
  async begin(target) {
    const { browser } = await signedIn(target);
    const service = target.visitor();
    const codes: Code[] = [];
    return {
      async supply(until) {
        codes.length = 0;
        while (performance.now() < until) codes.push(await reauthorize(target, browser));
      },
      async work() {
        const code = codes.pop();
        if (code === undefined) return false;
        await exchange(target, service, code);
        return true;
      },
    };
  },
};

const refresh = repeating(
  { name: 'refresh', operation: 'refresh with rotation', goal: { yardstick: 'memory', ratio: 1 } },
  async (target) => {
    const service = target.visitor();
    let { refresh_token: token } = (await signedIn(target)).tokens;
    return async () => {
      const answer = await service.send('/token', {
        form: { grant_type: 'refresh_token', refresh_token: token },
        headers: basic(target.service),
      });
      token = (JSON.parse(expectStatus(answer, 200, 'refresh').body) as Tokens).refresh_token;
    };
  },
);

const userinfo = repeating(
  { name: 'userinfo', operation: 'userinfo by an access token', goal: { yardstick: 'redis', ratio: 1 } },
  async (target) => {
    const service = target.visitor();
    const { access_token: token } = (await signedIn(target)).tokens;
    return async () =>
      expectStatus(await service.send('/me', { headers: { authorization: `Bearer ${token}` } }), 200, 'userinfo');
  },
);

const introspection = repeating(
  { name: 'introspection', operation: 'introspection of an access token', goal: { yardstick: 'redis', ratio: 1 } },
  async (target) => {
    const service = target.visitor();
    const { access_token: token } = (await signedIn(target)).tokens;
    return async () => {
      const answer = await service.send('/token/introspection', { form: { token }, headers: basic(target.service) });
      if (!expectStatus(answer, 200, 'introspection').body.includes('"active":true'))
        throw new Error(`introspection: ${answer.body}`);
    };
  },
);

const clientCredentials = repeating(
  { name: 'client-credentials', operation: 'token of a machine', goal: { yardstick: 'redis', ratio: 1 } },
  (target) => {
    const service = target.visitor();
    return Promise.resolve(async () =>
      expectStatus(
        await service.send('/token', { form: { grant_type: 'client_credentials' }, headers: basic(target.machine) }),
        200,
        'client credentials',
      ),
    );
  },
);

const pushed = repeating({ name: 'par', operation: 'pushed authorization request' }, (target) => {
  const service = target.visitor();
  return Promise.resolve(async () =>
    expectStatus(
      await service.send('/request', { form: authorizationRequest(target).parameters, headers: basic(target.service) }),
      201,
      'pushed request',
    ),
  );
});

/** What services and session holders ask for. */
export const protocolScenarios: readonly Scenario[] = [
  fetching('discovery', '/.well-known/openid-configuration'),
  fetching('jwks', '/jwks'),
  singleSignOn,
  codeExchange,
  refresh,
  userinfo,
  introspection,
  clientCredentials,
  pushed,
];
