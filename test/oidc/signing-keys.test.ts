import { createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import { makeKey, publicPart, toPublicKey } from '../../src/crypto/signing-key.ts';
import type { KeyState } from '../../src/domain/key-rotation.ts';
import { createKeySlots } from '../../src/oidc/key-slots.ts';
import { createKeyRotation, openSigningKeys, type KeyRotation } from '../../src/oidc/key-rotation.ts';
import { createSigningKeys, type LoadedKey } from '../../src/oidc/signing-keys.ts';
import { startServer, type RunningServer } from '../../src/server.ts';
import type { Core } from '../../src/core.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import type { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { TestClock } from '../support/clock.ts';
import { createTestCore } from '../support/core.ts';
import { createRelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode } from './exchange.ts';

const { budi } = citizens;

describe('Protocol: signing keys', () => {
  describe('in the database', () => {
    let core: Core;
    let close: () => Promise<void>;
    const clock = new TestClock();
    beforeEach(async () => {
      ({ core, close } = await createTestCore());
    });
    afterEach(() => close());

    const rotationWith = (secondClock = () => Promise.resolve(clock.now())): KeyRotation =>
      createKeyRotation({ ...core, clock, secondClock });
    const states = async (): Promise<string[]> =>
      (await core.store.signingKeys.list()).map(({ algorithm, state }) => `${algorithm} ${state}`).sort();
    const FIRST = ['ES256 current', 'ES256 next', 'EdDSA current', 'EdDSA next', 'RS256 current', 'RS256 next'];

    it('are made once, even when many instances start at once', async () => {
      const sets = await Promise.all(Array.from({ length: 5 }, () => openSigningKeys(core)));
      const [first] = await Promise.all(sets.map(({ signingKeys }) => signingKeys.published()));
      expect(first?.map(({ alg }) => alg)).to.have.members(['ES256', 'ES256', 'RS256', 'RS256', 'EdDSA', 'EdDSA']);
      for (const { signingKeys } of sets) expect(await signingKeys.published()).to.deep.equal(first);
      expect(await states()).to.deep.equal(FIRST);
    });

    it('are promoted once, even when many jobs find it due at once', async () => {
      await rotationWith().run();
      clock.advance({ days: 90 });
      const done = await Promise.all(Array.from({ length: 4 }, () => rotationWith().run()));
      expect(
        done
          .flat()
          .map(({ step }) => step)
          .sort(),
      ).to.deep.equal(['make', 'make', 'make', 'promote', 'promote', 'promote']);
      expect(await states()).to.deep.equal([...FIRST, 'ES256 retired', 'EdDSA retired', 'RS256 retired'].sort());
    });

    it('stand sealed in the database, and nothing private is left of one that signs no more', async () => {
      await rotationWith().run();
      const secrets = (await core.store.signingKeys.list()).map(({ jwk }) => String(jwk.d));
      for (const { sealed } of (await core.knex('signing_keys').select('*')) as { sealed: Buffer }[]) {
        const text = sealed.toString('latin1');
        for (const secret of secrets) expect(text).not.to.include(secret);
        expect(text).not.to.include('"kty"');
      }
      clock.advance({ days: 90 });
      await rotationWith().run();
      const retired = (await core.store.signingKeys.list()).filter(({ state }) => state === 'retired');
      expect(retired).to.have.length(3);
      for (const { jwk } of retired)
        expect(jwk).to.include.keys('kty', 'kid', 'alg').and.not.to.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi');
    });

    it('cannot be slipped in by who writes to the database: a key of their own does not open', async () => {
      await rotationWith().run();
      await core
        .knex('signing_keys')
        .where({ algorithm: 'ES256', state: 'next' })
        .update({ sealed: Buffer.from(JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' })) });
      const failed = await core.store.signingKeys.list().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failed).to.have.property('code', 'SEAL_BROKEN');
    });

    it('wait where a clock has jumped: neither ours nor the one of the database promotes alone', async () => {
      await rotationWith().run();
      const before = await states();
      const real = clock.now();
      // Ours jumped ahead, and back again.
      const ahead = new TestClock();
      ahead.advance({ days: 400 });
      expect(
        await createKeyRotation({ ...core, clock: ahead, secondClock: () => Promise.resolve(real) }).run(),
      ).to.deep.equal([]);
      // The database's jumped ahead.
      expect(await rotationWith(() => Promise.resolve(ahead.now())).run()).to.deep.equal([]);
      expect(await states()).to.deep.equal(before);
    });

    it('sign on a database that another clock has filled: what is missing is made whatever the clocks say', async () => {
      const ahead = new TestClock();
      ahead.advance({ days: 400 });
      await createKeyRotation({ ...core, clock: ahead, secondClock: () => Promise.resolve(clock.now()) }).run();
      expect(await states()).to.deep.equal(FIRST);
    });

    it('tell what happened to them in the audit log, and nothing of themselves', async () => {
      const rotation = rotationWith();
      await rotation.run();
      const [first] = (await core.store.signingKeys.list()).filter(
        ({ algorithm, state }) => algorithm === 'ES256' && state === 'current',
      );
      await rotation.remove(first!.kid, 'bocor di salinan cadangan');
      const events = (await core.knex('audit_log').where('type', 'like', 'signing-key.%').orderBy('at')) as {
        type: string;
        details: Record<string, unknown>;
      }[];
      expect(events.filter(({ type }) => type === 'signing-key.made')).to.have.length(7);
      expect(events.find(({ type }) => type === 'signing-key.removed')?.details).to.deep.equal({
        kid: first!.kid,
        algorithm: 'ES256',
        state: 'current',
        by: 'operator',
        reason: 'bocor di salinan cadangan',
      });
      expect(events.find(({ type }) => type === 'signing-key.promoted')?.details).to.include({
        by: 'operator',
        algorithm: 'ES256',
      });
      expect(JSON.stringify(events)).not.to.include(String(first!.jwk.d));
    });
  });

  describe('on two instances', () => {
    let app: TestApp;
    let second: RunningServer;
    let secondUrl: string;
    let rotation: KeyRotation;
    before(async () => {
      app = await startTestApp();
      app.clock.stop();
      const port = await freePort();
      secondUrl = `http://localhost:${port}`;
      second = await startServer({
        config: { ...app.config, http: { ...app.config.http, port } },
        log: createLog({ level: 'silent' }),
        clock: app.clock,
      });
      rotation = createKeyRotation({ ...app.container, secondClock: () => Promise.resolve(app.clock.now()) });
      await addAccount(app, budi);
    });
    after(async () => {
      await second.close();
      await app.close();
    });

    type PublishedKey = { readonly kid: string; readonly [member: string]: string };
    const published = async (url = app.url): Promise<readonly PublishedKey[]> =>
      ((await (await fetch(`${url}/jwks`)).json()) as { keys: PublishedKey[] }).keys;
    const kids = async (url?: string): Promise<string[]> => (await published(url)).map(({ kid }) => kid);
    const currentKid = async (algorithm = 'ES256'): Promise<string> =>
      (await app.store.signingKeys.list()).find((key) => key.algorithm === algorithm && key.state === 'current')!.kid;

    const headerOf = (idToken: string): { alg: string; kid: string } =>
      JSON.parse(Buffer.from(idToken.split('.')[0]!, 'base64url').toString('utf8')) as { alg: string; kid: string };
    function isGood(idToken: string, keys: readonly PublishedKey[]): boolean {
      const [head = '', body = '', signature = ''] = idToken.split('.');
      const { alg, kid } = headerOf(idToken);
      const jwk = keys.find((key) => key.kid === kid);
      if (jwk === undefined) return false;
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      return verify(
        alg === 'EdDSA' ? null : 'sha256',
        Buffer.from(`${head}.${body}`),
        alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key,
        Buffer.from(signature, 'base64url'),
      );
    }

    async function idTokenBy(algorithm?: string): Promise<{ idToken: string; browser: Browser; signOutUrl: string }> {
      const service = await createRelyingParty(
        app,
        algorithm === undefined ? {} : { further: { id_token_signed_response_alg: algorithm } },
      );
      const { code, request, browser } = await obtainCode(service, budi);
      const { body } = await exchange(app, service, { code, code_verifier: request.verifier });
      const idToken = String(body.id_token);
      return { idToken, browser, signOutUrl: await service.signOutUrl(idToken) };
    }

    it('sign by ES256 unless the service says otherwise, by RS256 or EdDSA where it does', async () => {
      for (const algorithm of [undefined, 'RS256', 'EdDSA']) {
        const { idToken } = await idTokenBy(algorithm);
        expect(headerOf(idToken)).to.deep.include({ alg: algorithm ?? 'ES256', kid: await currentKid(algorithm) });
        expect(isGood(idToken, await published())).to.equal(true);
      }
    });

    it('are the same after a restart', async () => {
      const before = await kids();
      await app.restart();
      rotation = createKeyRotation({ ...app.container, secondClock: () => Promise.resolve(app.clock.now()) });
      expect(await kids()).to.deep.equal(before);
    });

    it('change under both without a restart; the other was asleep meanwhile, and a service still has the set of before', async () => {
      const former = await idTokenBy();
      const cached = await published(secondUrl);
      app.clock.advance({ days: 90 });
      // The second instance hears nothing of this: its timers do not run, and nobody asks it.
      await rotation.run();
      const now = await idTokenBy();
      expect(headerOf(now.idToken).kid)
        .to.equal(await currentKid())
        .and.not.to.equal(headerOf(former.idToken).kid);
      expect(isGood(now.idToken, cached), 'by the keys that the service had').to.equal(true);
      // It wakes up by the first request.
      const keys = await published(secondUrl);
      expect(keys).to.deep.equal(await published());
      for (const { idToken } of [former, now]) expect(isGood(idToken, keys)).to.equal(true);
    });

    it('leave when the last token has expired; an old ID token still says who signs out', async () => {
      const { idToken, browser, signOutUrl } = await idTokenBy();
      const { kid } = headerOf(idToken);
      app.clock.advance({ days: 90 });
      await rotation.run();
      app.clock.advance({ days: 1 });
      await rotation.run();
      app.clock.advance({ seconds: 2 });
      for (const url of [app.url, secondUrl])
        expect(await kids(url))
          .to.have.length(6)
          .and.not.to.include(kid);
      expect((await browser.open(signOutUrl)).status).to.equal(200);
      app.clock.advance({ days: 90 });
      await rotation.run();
      expect((await app.store.signingKeys.list()).map((key) => key.kid)).not.to.include(kid);
    });

    it('that have leaked are gone on both within two seconds, with everything they signed; the next signs, which services know', async () => {
      const { idToken, browser, signOutUrl } = await idTokenBy();
      const { kid } = headerOf(idToken);
      const cached = await published();
      await Promise.all([kids(), kids(secondUrl)]);
      expect(await rotation.remove(kid, 'bocor')).to.have.nested.property('value.takenOver.former', kid);
      app.clock.advance({ seconds: 2 });
      for (const url of [app.url, secondUrl]) expect(await kids(url)).not.to.include(kid);
      expect((await browser.open(signOutUrl)).status).to.equal(400);
      const fresh = await idTokenBy();
      expect(isGood(fresh.idToken, cached)).to.equal(true);
      expect(await rotation.remove(kid, 'bocor')).to.deep.equal({ ok: false, refusal: 'no-such-key' });
    });

    it('take over early only where services can know them, unless the operator insists', async () => {
      const options = { algorithms: ['ES256'], now: false, reason: 'latihan' } as const;
      expect(await rotation.rotate(options)).to.deep.equal({ ok: false, refusal: 'not-long-enough-published' });
      const before = await currentKid();
      const done = await rotation.rotate({ ...options, now: true });
      expect(done).to.have.nested.property('value[0].former', before);
      app.clock.advance({ days: 7 });
      expect(await rotation.rotate(options)).to.have.property('ok', true);
    });

    it('are bytes that change with them: another ETag, and never kept longer than a key is published ahead', async () => {
      const read = async (): Promise<{ etag: string; age: number }> => {
        const { headers } = await fetch(`${app.url}/jwks`);
        return {
          etag: headers.get('etag') ?? '',
          age: Number(/max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1]),
        };
      };
      const before = await read();
      expect(before.age).to.equal(app.config.keys.jwksSeconds);
      expect(2 * before.age).to.be.at.most(app.config.keys.leadSeconds);
      await rotation.rotate({ algorithms: ['RS256'], now: true, reason: 'latihan' });
      app.clock.advance({ seconds: 2 });
      expect((await read()).etag).not.to.equal(before.etag);
    });
  });

  describe('in a process', () => {
    const clock = new TestClock();
    const [a, b] = [makeKey('ES256', clock.now()), makeKey('ES256', clock.now())];
    const rows = (first: KeyState, second: KeyState): LoadedKey[] => [
      { ...a, state: first },
      { ...b, state: second },
    ];

    it('are read at most every two seconds, by many requests once, and again after the clock was set back', async () => {
      clock.stop();
      let reads = 0;
      const keys = createSigningKeys({
        load: () => Promise.resolve(rows('current', 'next')).finally(() => (reads += 1)),
        clock,
      });
      await Promise.all([keys.fresh(), keys.fresh(), keys.fresh()]);
      await keys.fresh();
      expect(reads).to.equal(1);
      clock.advance({ seconds: 2 });
      await keys.fresh();
      clock.advance({ hours: -1 });
      await keys.fresh();
      expect(reads).to.equal(3);
      expect(keys.version()).to.equal(1);
    });

    it('stay good while the database is away, and nobody waits for it twice', async () => {
      let load = (): Promise<LoadedKey[]> => Promise.resolve(rows('current', 'next'));
      const keys = createSigningKeys({ load: () => load(), clock });
      await keys.fresh();
      load = () => Promise.reject(new Error('away'));
      clock.advance({ seconds: 2 });
      await keys.fresh();
      load = () => new Promise(() => undefined);
      clock.advance({ seconds: 2 });
      await keys.fresh();
      expect(keys.current('ES256')?.kid).to.equal(a.kid);
      expect(await keys.published()).to.have.length(2);
    });

    it('do not start without: the first read must succeed', async () => {
      const failed = await createSigningKeys({ load: () => Promise.reject(new Error('away')), clock })
        .fresh()
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(failed).to.be.an('error').with.property('message', 'away');
    });

    it('end a signature that was begun with the former one', async () => {
      let loaded = rows('current', 'next');
      const keys = createSigningKeys({ load: () => Promise.resolve(loaded), clock });
      await keys.fresh();
      loaded = [
        { kid: a.kid, algorithm: 'ES256', state: 'retired', jwk: publicPart(a.jwk) },
        { ...b, state: 'current' },
      ];
      clock.advance({ seconds: 2 });
      await keys.fresh();
      const [slot] = createKeySlots(keys);
      expect(slot?.kid).to.equal(b.kid);
      const data = Buffer.from(`${Buffer.from(JSON.stringify({ kid: a.kid })).toString('base64url')}.e30`);
      const signature = slot!.sign(data) as Uint8Array;
      expect(verify('sha256', data, { key: toPublicKey(a.jwk), dsaEncoding: 'ieee-p1363' }, signature)).to.equal(true);
    });
  });
});
