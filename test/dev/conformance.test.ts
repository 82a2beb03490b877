import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import * as client from 'openid-client';
import { chromium, type Page } from 'playwright-core';
import { Agent, fetch as undiciFetch } from 'undici';
import { createAuthority, createServerCertificate } from '../../src/dev/certificate.ts';
import { ConformanceMisuse, readOptions, suiteAddresses } from '../../src/dev/conformance/options.ts';
import { startConformance, type Conformance } from '../../src/dev/conformance/start.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { freePort } from '../support/app.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

interface SuiteClient {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly jwks?: { readonly keys: JsonWebKey[] };
}
interface Command {
  readonly match: string;
  readonly tasks: readonly {
    readonly match: string;
    readonly commands?: readonly (readonly [string, string, string, (string | number)?])[];
  }[];
}
interface Configuration {
  readonly alias: string;
  readonly server: { readonly discoveryUrl: string };
  readonly client: SuiteClient;
  readonly client2: SuiteClient;
  readonly client_secret_post: SuiteClient;
  readonly browser: readonly Command[];
}

describe('Conformance profile', () => {
  const suite = { suite: '', alias: 'uji' };
  let [callback, afterLogout] = ['', ''];
  /** Stands in for the suite: it says yes to everybody. */
  let listening: Server;
  let database: TestDatabase;
  let dataDir: string;
  let issuer: string;
  let port: number;
  let running: Conformance;
  let agent: Agent;

  const start = (at = suite): Promise<Conformance> =>
    startConformance(
      { ...at, issuer, host: '127.0.0.1', port, dataDir, databaseUrl: database.url },
      createLog({ level: 'fatal' }),
    );
  const configurationOf = async (plan: string): Promise<Configuration> =>
    JSON.parse(await readFile(join(running.folder, `${plan}.json`), 'utf8')) as Configuration;
  /** Trusts the authority that the profile has written down, and no other. */
  const trusting = async (): Promise<client.CustomFetch> => {
    agent = new Agent({ connect: { ca: await readFile(running.caFile, 'utf8') } });
    return ((url: string, options: object) =>
      undiciFetch(url, { ...options, dispatcher: agent })) as unknown as client.CustomFetch;
  };

  before(async () => {
    listening = createServer(createServerCertificate(createAuthority('suite'), ['localhost']), (_request, response) =>
      response.end('suite'),
    );
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    suite.suite = `https://localhost:${(listening.address() as AddressInfo).port}`;
    ({ callback, afterLogout } = suiteAddresses(suite));
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'sso-conformance-'));
    port = await freePort();
    issuer = `https://localhost:${port}`;
    running = await start();
  });
  after(async () => {
    await agent.close();
    await running.close();
    listening.close();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function discover(
    { client_id: id, client_secret: secret }: SuiteClient,
    authentication: (secret: string) => client.ClientAuth = client.ClientSecretBasic,
  ): Promise<client.Configuration> {
    return client.discovery(
      new URL(issuer),
      id,
      { id_token_signed_response_alg: 'ES256' },
      authentication(secret ?? ''),
      { [client.customFetch]: await trusting() },
    );
  }

  it('answers discovery over TLS, under the address that the plans name', async () => {
    const { server, alias } = await configurationOf('oidcc-config-certification-test-plan');
    expect(alias).to.equal('uji');
    const metadata = (await (
      await (
        await trusting()
      )(server.discoveryUrl, { method: 'GET', headers: {}, body: undefined, redirect: 'manual' })
    ).json()) as Record<string, unknown>;
    expect(metadata.issuer).to.equal(issuer);
    for (const [name, value] of Object.entries(metadata))
      if (name.endsWith('_endpoint') || name === 'jwks_uri')
        expect(value, name).to.satisfy((url: string) => url.startsWith(`${issuer}/`));
  });

  it('speaks no TLS older than 1.2', async () => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).to.match(/protocol|alert|handshake|reset|disconnected/i);
  });

  it('writes a file for each plan, to be read by its owner alone, with clients that exist and two different ones where two are wanted', async () => {
    for (const { name } of running.plans) {
      const file = join(running.folder, `${name}.json`);
      expect((await stat(file)).mode & 0o077, name).to.equal(0);
      const { client: first, client2: second, client_secret_post: third } = await configurationOf(name);
      const ids = [first, second, third].flatMap((one) =>
        (one as SuiteClient | undefined) === undefined ? [] : [one.client_id],
      );
      expect(new Set(ids).size, name).to.equal(ids.length);
      for (const id of ids) {
        const row = await database
          .knex<{ status: string; metadata: { redirect_uris: string[] } }>('clients')
          .where('id', id)
          .first();
        expect(row?.status, id).to.equal('active');
        expect(row?.metadata.redirect_uris, id).to.include(callback);
      }
    }
  });

  it('holds the keys of the suite in the files alone: the registration knows the public part', async () => {
    const { client: first } = await configurationOf('fapi2-security-profile-final-test-plan');
    expect(first.jwks?.keys[0]).to.have.property('d');
    const row = await database
      .knex<{ metadata: { jwks: { keys: JsonWebKey[] } } }>('clients')
      .where('id', first.client_id)
      .first();
    expect(row?.metadata.jwks.keys[0]).to.include({ x: first.jwks?.keys[0]?.x }).and.not.have.property('d');
  });

  it('pushes a request with the key of the FAPI plan', async () => {
    const { client: first } = await configurationOf('fapi2-security-profile-final-test-plan');
    const [jwk] = first.jwks?.keys ?? [];
    const key = await crypto.subtle.importKey('jwk', jwk!, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
    const library = await discover(first, () => client.PrivateKeyJwt({ key, kid: 'fapi-1' }));
    const proof = client.getDPoPHandle(library, await client.randomDPoPKeyPair('ES256'));
    const parameters = {
      redirect_uri: `${callback}?dummy1=lorem&dummy2=ipsum`,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    };
    const url = await client.buildAuthorizationUrlWithPAR(library, parameters, { DPoP: proof });
    expect(url.searchParams.get('request_uri')).to.match(/^urn:/);
  });

  it('keeps what it made over a restart, and follows the suite to another address', async () => {
    const before = await configurationOf('oidcc-basic-certification-test-plan');
    const elsewhere = { ...suite, suite: 'https://localhost:9' };
    await running.close();
    running = await start(elsewhere);
    const row = await database
      .knex<{ metadata: { redirect_uris: string[] } }>('clients')
      .where('id', before.client.client_id)
      .first();
    expect(row?.metadata.redirect_uris).to.deep.equal([suiteAddresses(elsewhere).callback]);
    await running.close();
    running = await start();
    expect(await configurationOf('oidcc-basic-certification-test-plan')).to.deep.equal(before);
  });

  describeInChromium('in a browser', () => {
    /** Does what a plan's `browser` says of each page until it is at the suite, as the suite's own browser would. */
    async function obey(page: Page, commands: readonly Command[]): Promise<void> {
      const wild = (pattern: string): RegExp =>
        new RegExp(
          `^${pattern
            .split('*')
            .map((part) => part.replaceAll(/[.?/]/g, '\\$&'))
            .join('.*')}$`,
        );
      while (!page.url().startsWith(suite.suite)) {
        const at = page.url();
        const task = commands
          .flatMap(({ tasks }) => tasks)
          .find(({ match, commands: steps }) => steps !== undefined && wild(match).test(at));
        if (task === undefined) throw new Error(`no step for ${at}`);
        for (const [verb, by, where, value] of task.commands ?? []) {
          const element = page.locator(by === 'id' ? `#${where}` : where);
          if (verb === 'text') await element.fill(String(value));
          if (verb === 'click') await element.click();
        }
        await page.waitForURL((url) => url.href !== at);
      }
    }

    for (const [name, which, authentication] of [
      ['client_secret_basic', 'client', client.ClientSecretBasic],
      ['client_secret_post', 'client_secret_post', client.ClientSecretPost],
    ] as const) {
      it(`signs in without PKCE by ${name}, on the steps written for the suite's own browser`, async () => {
        const configuration = await configurationOf('oidcc-basic-certification-test-plan');
        const library = await discover(configuration[which], authentication);
        const [state, nonce] = [client.randomState(), client.randomNonce()];
        const chrome = await chromium.launch(CHROMIUM);
        try {
          const context = await chrome.newContext({ ignoreHTTPSErrors: true });
          const page = await context.newPage();
          await page.goto(
            client.buildAuthorizationUrl(library, {
              redirect_uri: callback,
              scope: 'openid offline_access',
              prompt: 'consent',
              state,
              nonce,
            }).href,
          );
          await obey(page, configuration.browser);
          await page.waitForURL(`${callback}?**`);
          const tokens = await client.authorizationCodeGrant(library, new URL(page.url()), {
            expectedState: state,
            expectedNonce: nonce,
          });
          expect(tokens.refresh_token).to.be.a('string');
          if (which !== 'client') return;
          await page.goto(
            client.buildEndSessionUrl(library, {
              id_token_hint: tokens.id_token!,
              post_logout_redirect_uri: afterLogout,
              state: 'selesai',
            }).href,
          );
          await obey(page, configuration.browser);
          await page.waitForURL(`${afterLogout}?state=selesai`);
        } finally {
          await chrome.close();
        }
      });
    }
  });

  it('says what is wrong with what was typed', () => {
    expect(readOptions([])).to.include({ issuer: 'https://localhost:3443', alias: 'siapkerja', host: '127.0.0.1' });
    expect(readOptions(['--port', '4443', '--issuer', 'https://akun.contoh.test'])).to.include({
      issuer: 'https://akun.contoh.test',
      port: 4443,
    });
    for (const wrong of [
      ['--port', 'x'],
      ['--port', '0'],
      ['--issuer', 'http://localhost:3443'],
      ['--suite', 'https://suite.test/'],
      ['--alias', '../x'],
      ['--help'],
      ['x'],
    ]) {
      expect(() => readOptions(wrong), wrong.join(' ')).to.throw(ConformanceMisuse);
    }
  });
});
