import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { examineMachine } from '../src/cli/machine-check.ts';
import { examineOfficers } from '../src/cli/officers-check.ts';
import { examinePublic } from '../src/cli/public-check.ts';
import { examineSms } from '../src/cli/sms-check.ts';
import { examineRegistry } from '../src/cli/registry-check.ts';
import type { Config } from '../src/config.ts';
import { createAuthority, createServerCertificate } from '../src/dev/certificate.ts';
import { addAccount } from './support/accounts.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { somebody } from './support/citizens.ts';
import { giveRoles } from './support/console.ts';

describe('The doctor', () => {
  let app: TestApp;
  const servers: Server[] = [];
  before(async () => {
    app = await startTestApp();
  });
  after(async () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    await app.close();
  });

  const addressOf = async (server: Server, scheme = 'http'): Promise<string> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
  };
  /** A proxy that adds whom it hears to what others said before it, or (the `first` of all) believes nobody. */
  const proxyTo = (target: string, { first = false } = {}): Promise<string> =>
    addressOf(
      createServer((incoming, answer) => {
        const heard = incoming.socket.remoteAddress ?? '';
        const said = incoming.headers['x-forwarded-for'];
        const headers = {
          ...incoming.headers,
          'x-forwarded-for': first || said === undefined ? heard : `${String(said)}, ${heard}`,
        };
        incoming.pipe(
          request(`${target}${incoming.url ?? ''}`, { method: incoming.method, headers }, (response) => {
            answer.writeHead(response.statusCode ?? 502, response.headers);
            response.pipe(answer);
          }),
        );
      }),
    );

  const look = async (issuer: string, trustProxy: number, changes: Partial<Config> = {}): Promise<string> => {
    const findings = await examinePublic(
      { ...app.config, ...changes, http: { ...app.config.http, issuer, trustProxy } },
      app.clock,
    );
    return findings.map(({ check, state, what, remedy = '' }) => `${check} ${state}: ${what}. ${remedy}`).join('\n');
  };

  describe('counts the proxies in front', () => {
    it('none', async () => {
      expect(await look(app.url, 0)).to.match(/^proxies ok: 0 in front/);
      expect(await look(app.url, 1)).to.match(/^proxies fail: .*anybody can claim any address.*TRUST_PROXY=0$/);
    });

    it('one, whether it keeps what strangers say or not', async () => {
      for (const first of [true, false]) {
        const proxy = await proxyTo(app.url, { first });
        expect(await look(proxy, 0)).to.match(/^proxies fail: .*has the address of a proxy.*TRUST_PROXY=1$/);
        expect(await look(proxy, 1)).to.match(/^proxies ok/);
        expect(await look(proxy, 2)).to.match(/^proxies fail: .*anybody can claim.*TRUST_PROXY=1$/);
      }
    });

    it('two', async () => {
      const proxies = await proxyTo(await proxyTo(app.url), { first: true });
      expect(await look(proxies, 2)).to.match(/^proxies ok/);
      expect(await look(proxies, 1)).to.match(/TRUST_PROXY=2$/);
    });
  });

  it('is told by an instance of its own alone, and nobody else is told anything', async () => {
    const other = await addressOf(
      createServer((_incoming, answer) => {
        answer.writeHead(404).end();
      }),
    );
    expect(await look(other, 0)).to.match(/^public address warn: .*answers 404/);
    expect(await look(app.url, 0, { keyring: undefined, dataDir: `${app.config.dataDir}/other` })).to.match(
      /^public address warn: .*answers 404.*KEYRING/,
    );
    const deserted = await addressOf(
      createServer((_incoming, answer) => {
        answer.writeHead(503).end();
      }),
    );
    expect(await look(deserted, 0)).to.match(
      /^public address warn: .*503: no instance stands behind the proxy.*start the instances/,
    );
    for (const authorization of [
      '',
      'Doctor',
      'Doctor 1.x',
      `Doctor ${Math.floor(app.clock.now().getTime() / 1000)}.${'A'.repeat(43)}`,
    ]) {
      expect((await fetch(`${app.url}/doctor`, { headers: { authorization } })).status).to.equal(404);
    }
  });

  it('looks at the certificate: one that browsers refuse will not do', async () => {
    const { key, cert } = createServerCertificate(createAuthority('somebody'), ['localhost']);
    const issuer = await addressOf(
      createTlsServer({ key, cert }, (_incoming, answer) => {
        answer.end();
      }),
      'https',
    );
    expect(await look(issuer, 0)).to.match(
      /^certificate fail: .*refused by browsers: UNABLE_TO_VERIFY_LEAF_SIGNATURE.*NODE_EXTRA_CA_CERTS/,
    );
    expect(await look(issuer, 0)).to.match(/^public address warn: .*first mend the certificate$/m);
    expect(await look('https://localhost:1', 0)).to.match(/^certificate fail: .*cannot be seen: .*ECONNREFUSED/m);
  });

  it('looks at the civil registry as an instance would: what keeps one from starting, and whose certificate is there', async () => {
    const authority = createAuthority('Dukcapil');
    const url = await addressOf(
      createTlsServer(createServerCertificate(authority, ['localhost']), (_incoming, answer) => {
        answer.end();
      }),
      'https',
    );
    const ask = async (settings: Partial<Config['dukcapil']>): Promise<string> => {
      const {
        state,
        what,
        remedy = '',
      } = await examineRegistry({ dukcapil: { ...app.config.dukcapil, url, ...settings } });
      return `${state}: ${what}. ${remedy}`;
    };
    expect(await ask({ ca: authority.cert })).to.match(/^ok: .*DUKCAPIL_CA vouches for/);
    expect(await ask({ ca: createAuthority('somebody else').cert })).to.match(
      /^fail: .*certificate is refused: .*DUKCAPIL_CA/,
    );
    expect(await ask({ ca: '/nowhere/ca.pem' })).to.match(
      /^fail: DUKCAPIL_CA: the file cannot be read \(ENOENT\).*no instance starts with it/,
    );
    expect(await ask({ url: 'http://registry.test' })).to.match(/^fail: DUKCAPIL_URL: https is needed/);
    expect(await ask({ url: 'https://localhost:1', ca: authority.cert })).to.match(/^fail: .*ECONNREFUSED/);
    expect(await ask({ url: undefined })).to.match(/^warn: simulated/);
  });

  it('looks at the gateway of text messages, and at who says what became of them, without telling the secret', async () => {
    const gateway = await addressOf(
      createServer((_incoming, answer) => {
        answer.end();
      }),
    );
    const ask = async (receipts: Partial<Config['sms']['receipts']>): Promise<string> => {
      const findings = await examineSms({
        ...app.config,
        sms: {
          ...app.config.sms,
          driver: 'http',
          http: { ...app.config.sms.http, url: gateway },
          receipts: { ...app.config.sms.receipts, ...receipts },
        },
      });
      return findings.map(({ check, state, what, remedy = '' }) => `${check} ${state}: ${what}. ${remedy}`).join('\n');
    };
    const secret = 'f00dfeedf00dfeedf00dfeed';
    expect(await ask({}))
      .to.match(/^sms ok: localhost:\d+ answers/)
      .and.match(/^sms receipts warn: .*nobody is told whether a code has arrived.*SMS_RECEIPT_SECRET/m);
    expect(await ask({ secret }))
      .to.match(/^sms receipts ok: .*\/receipts\/<SMS_RECEIPT_SECRET>, guarded by that secret alone/m)
      .and.not.include(secret);
    expect(await ask({ secret, networks: ['203.0.113.0/24'], signatureHeader: 'x-signature' })).to.match(
      /^sms receipts ok: .*from 203\.0\.113\.0\/24, signed in x-signature/m,
    );
    expect(await ask({ secret, states: { DELIVRD: 'sent' } })).to.match(/^sms receipts fail: .*SMS_RECEIPT_STATES/m);
    const byRef = async (body: string): Promise<string> => {
      const { sms } = app.config;
      const findings = await examineSms({
        ...app.config,
        sms: {
          ...sms,
          driver: 'http',
          http: { ...sms.http, url: gateway, body },
          receipts: { ...sms.receipts, secret, refPath: 'callback' },
        },
      });
      return findings.map(({ check, state, remedy = '' }) => `${check} ${state}: ${remedy}`).join('\n');
    };
    expect(await byRef('{"to":"{to}","text":"{text}"}')).to.match(/^sms receipts fail: .*\{ref\}.*SMS_HTTP_BODY/m);
    expect(await byRef('{"to":"{to}","text":"{text}","ref":"{ref}"}')).to.match(/^sms receipts ok/m);
    expect((await examineSms(app.config)).map(({ state }) => state)).to.deep.equal(['warn']);
    expect(await ask({ secret, formerSecret: 'feedf00dfeedf00dfeedf00d' }))
      .to.match(/^sms receipts ok: .*take SMS_RECEIPT_FORMER_SECRET away/m)
      .and.not.include('feedf00d');
    const { sms } = app.config;
    const idle = await examineSms({
      ...app.config,
      sms: {
        ...sms,
        driver: 'smpp',
        smpp: { ...sms.smpp, url: 'smpp://127.0.0.1:1' },
        receipts: { ...sms.receipts, secret },
      },
    });
    expect(idle.map(({ check, state, remedy = '' }) => `${check} ${state} ${remedy}`)[1]).to.match(
      /^sms receipts warn remove SMS_RECEIPT_/,
    );
  });

  it('looks whether there are two people who can decide on recovery requests, where there are such requests', async () => {
    const told = async (enabled = true): Promise<string> => {
      const recoveryRequests = { ...app.config.recoveryRequests, enabled };
      const findings = await examineOfficers({ store: app.store, config: { recoveryRequests } });
      return findings.map(({ state, what }) => `${state}: ${what}`).join();
    };
    expect(await told()).to.match(/^warn: 0 officers can/);
    const ids = [
      await addAccount(app, somebody()),
      await addAccount(app, somebody()),
      await addAccount(app, somebody()),
    ];
    await giveRoles(app, ids[0]!, ['support', 'auditor']);
    await giveRoles(app, ids[1]!, ['administrator']);
    expect(await told()).to.match(/^warn: 1 officer can/);
    await giveRoles(app, ids[2]!, ['support']);
    expect(await told()).to.equal('ok: 2 officers can give an opinion on them');
    await app.store.accounts.setStatus(ids[2]!, 'suspended', app.clock.now());
    expect(await told()).to.match(/^warn: 1 officer can/);
    expect(await told(false)).to.equal('');
  });

  it('looks at the machine: threads for hashing, room for the embedded database', async () => {
    const config = { ...app.config, database: { ...app.config.database, url: undefined } };
    const states = async (slots: number, threads: number): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await examineMachine({ ...config, password: { ...config.password, slots } }, threads)).map(
          ({ check, state }) => [check, state],
        ),
      );
    expect(await states(3, 4))
      .to.include({ threads: 'ok' })
      .and.have.property('disk');
    expect(await states(7, 4)).to.include({ threads: 'warn' });
    expect(await states(7, 11)).to.include({ threads: 'ok' });
  });
});
