import { expectStatus } from '../drivers/visitor.ts';
import { authorizationRequest, exchange, reauthorize, signedIn, type Code, type Tokens } from './flow.ts';
import { basic, type Scenario } from './scenario.ts';

const fetching = (name: string, path: string): Scenario => ({
  name,
  operation: `GET ${path}`,
  goal: { yardstick: 'memory', ratio: 0.4 },
  begin(target) {
    const visitor = target.visitor();
    return Promise.resolve({
      async work() {
        expectStatus(await visitor.send(path), 200, name);
        return true;
      },
    });
  },
});

const singleSignOn: Scenario = {
  name: 'sso',
  operation: 'authorization in a session, and exchange of its code',
  goal: { yardstick: 'memory', ratio: 1 },
  async begin(target) {
    const { browser } = await signedIn(target);
    const service = target.visitor();
    return {
      async work() {
        await exchange(target, service, await reauthorize(target, browser));
        return true;
      },
    };
  },
};

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

const refresh: Scenario = {
  name: 'refresh',
  operation: 'refresh with rotation',
  goal: { yardstick: 'memory', ratio: 1 },
  async begin(target) {
    const service = target.visitor();
    let { refresh_token: token } = (await signedIn(target)).tokens;
    return {
      async work() {
        const answer = await service.send('/token', { form: { grant_type: 'refresh_token', refresh_token: token }, headers: basic(target.service) });
        token = (JSON.parse(expectStatus(answer, 200, 'refresh').body) as Tokens).refresh_token;
        return true;
      },
    };
  },
};

const userinfo: Scenario = {
  name: 'userinfo',
  operation: 'userinfo by an access token',
  goal: { yardstick: 'redis', ratio: 1 },
  async begin(target) {
    const service = target.visitor();
    const { access_token: token } = (await signedIn(target)).tokens;
    return {
      async work() {
        expectStatus(await service.send('/me', { headers: { authorization: `Bearer ${token}` } }), 200, 'userinfo');
        return true;
      },
    };
  },
};

const introspection: Scenario = {
  name: 'introspection',
  operation: 'introspection of an access token',
  goal: { yardstick: 'redis', ratio: 1 },
  async begin(target) {
    const service = target.visitor();
    const { access_token: token } = (await signedIn(target)).tokens;
    return {
      async work() {
        const answer = await service.send('/token/introspection', { form: { token }, headers: basic(target.service) });
        if (!expectStatus(answer, 200, 'introspection').body.includes('"active":true')) throw new Error(`introspection: ${answer.body}`);
        return true;
      },
    };
  },
};

const clientCredentials: Scenario = {
  name: 'client-credentials',
  operation: 'token of a machine',
  goal: { yardstick: 'redis', ratio: 1 },
  begin(target) {
    const service = target.visitor();
    return Promise.resolve({
      async work() {
        expectStatus(await service.send('/token', { form: { grant_type: 'client_credentials' }, headers: basic(target.machine) }), 200, 'client credentials');
        return true;
      },
    });
  },
};

const pushed: Scenario = {
  name: 'par',
  operation: 'pushed authorization request',
  begin(target) {
    const service = target.visitor();
    return Promise.resolve({
      async work() {
        const { parameters } = authorizationRequest(target);
        expectStatus(await service.send('/request', { form: parameters, headers: basic(target.service) }), 201, 'pushed request');
        return true;
      },
    });
  },
};

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
