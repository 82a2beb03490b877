import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { explainRefusal } from '../../../src/admin/clients/explain.ts';
import { createClientKeys, type ClientKeys } from '../../../src/admin/clients/keys/service.ts';
import { thumbprintOf } from '../../../src/admin/clients/key-thumbprint.ts';
import { createClientReview } from '../../../src/admin/clients/review.ts';
import { createClientService } from '../../../src/admin/clients/service.ts';
import { handOf } from '../../../src/admin/clients/versions.ts';
import { createClientCheck } from '../../../src/oidc/client-check.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';
import { addMachine } from '../../support/machines.ts';

const DAY = 86_400;
const reason = 'Pergantian kunci yang dijadwalkan';

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly thumbprint: string;
}

async function makeKey(kid: string, more: object = {}): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', ...more };
  return { privateKey, jwk, thumbprint: thumbprintOf(jwk) };
}

describe('Client applications: keys', () => {
  let app: TestApp;
  let keys: ClientKeys;
  let old: Key;
  let fresh: Key;
  let count = 0;

  before(async () => {
    app = await startTestApp();
    app.clock.stop();
    keys = createClientKeys(app.container);
    [old, fresh] = [await makeKey('lama'), await makeKey('baru')];
  });
  after(() => app.close());

  const later = (seconds: number): void => {
    app.clock.advance({ seconds });
  };
  async function machine(...all: readonly object[]): Promise<string> {
    const id = `kunci-${(count += 1)}`;
    await app.addClient({
      type: 'machine',
      metadata: {
        client_id: id,
        client_name: id,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: all },
      },
    });
    return id;
  }
  async function status(id: string, { privateKey, jwk }: Key): Promise<number> {
    // The library judges assertions by the clock of the machine.
    const seconds = Math.floor(Date.now() / 1000);
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: String(jwk.kid) })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(app.config.http.issuer)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 60)
      .sign(privateKey);
    return (
      await fetch(`${app.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        }),
      })
    ).status;
  }
  const both = async (id: string): Promise<readonly number[]> => [await status(id, old), await status(id, fresh)];
  const end = (id: string, { thumbprint }: Key, afterSeconds = 0) =>
    keys.end(id, thumbprint, { afterSeconds }, { hand: handOf('operator:ani'), reason });
  const find = async (id: string) => (await app.store.clients.find(id))!;

  it('are good until their own end, and the last of them no longer than that', async () => {
    const exp = Math.floor(app.clock.now().getTime() / 1000) + DAY;
    const id = await machine({ ...old.jwk, exp }, { ...fresh.jwk, exp: exp + DAY });
    // Asked for to the last second, so that the client is held in the process when the end comes.
    later(DAY - 2);
    expect(await both(id)).to.deep.equal([200, 200]);
    later(3);
    expect(await both(id)).to.deep.equal([401, 200]);
    later(DAY);
    expect(await both(id)).to.deep.equal([401, 401]);
  });

  it('are ended at once where one has leaked, or after some days beside the new one', async () => {
    const id = await machine(old.jwk, fresh.jwk);
    expect((await end(id, old, 14 * DAY)).ok).to.equal(true);
    later(3);
    expect(await both(id)).to.deep.equal([200, 200]);
    const told = async () => [
      (await app.store.clientVersions.list(id)).length,
      (await app.store.audit.list({ type: 'client.key-ended' })).filter(({ clientId }) => clientId === id).length,
    ];
    const before = await told();
    expect((await end(id, old, 30 * DAY)).ok, 'an end that is sooner stays').to.equal(true);
    expect(await told(), 'and nothing is told of a change that is none').to.deep.equal(before);
    later(14 * DAY);
    expect(await both(id)).to.deep.equal([401, 200]);

    const leaked = await machine(old.jwk, fresh.jwk);
    await end(leaked, old);
    later(3);
    expect(await both(leaked)).to.deep.equal([401, 200]);
    expect(
      (await app.store.audit.list({ type: 'client.key-ended' }))
        .filter(({ clientId }) => clientId === leaked)
        .map(({ details }) => details),
    ).to.deep.equal([{ by: 'operator:ani', reason, thumbprint: old.thumbprint, afterSeconds: 0 }]);
    expect(
      (await app.store.clientVersions.list(leaked)).map(({ number, proposedBy, metadata }) => [
        number,
        proposedBy,
        (metadata.jwks as { keys: unknown[] }).keys.length,
      ]),
    ).to.deep.equal([
      [2, 'operator:ani', 1],
      [1, 'operator', 2],
    ]);
  });

  it('go on where it is the last of its use, is unknown, or belongs to a draft', async () => {
    const locked = await makeKey('sandi', { use: 'enc' });
    const id = await machine(old.jwk, locked.jwk);
    for (const one of [old, locked])
      expect(await end(id, one)).to.deep.equal({ ok: false, refusal: { reason: 'key-last', id } });
    expect(await end(id, fresh)).to.deep.equal({ ok: false, refusal: { reason: 'key-unknown', id } });
    expect(
      await keys.end('tiada', old.thumbprint, { afterSeconds: 0 }, { hand: handOf('operator:ani') }),
    ).to.deep.equal({ ok: false, refusal: { reason: 'client-unknown', id: 'tiada' } });
    // A key that has ended by itself is nothing to rely on.
    const past = await machine({ ...old.jwk, exp: 1 }, fresh.jwk);
    expect(await end(past, fresh)).to.deep.equal({ ok: false, refusal: { reason: 'key-last', id: past } });
    expect(await end(past, old)).to.deep.equal({ ok: false, refusal: { reason: 'key-unknown', id: past } });
    // Nor is one that will have ended by then; one that has leaked goes all the same while another is good.
    const ending = await machine(old.jwk, fresh.jwk);
    expect((await end(ending, old, 14 * DAY)).ok).to.equal(true);
    for (const days of [14, 30])
      expect(await end(ending, fresh, days * DAY)).to.deep.equal({
        ok: false,
        refusal: { reason: 'key-last', id: ending },
      });
    expect((await end(ending, fresh)).ok).to.equal(true);
    const draft = await machine(old.jwk, fresh.jwk);
    await app.database.knex('clients').where('id', draft).update({ status: 'draft' });
    expect(await end(draft, old)).to.deep.equal({ ok: false, refusal: { reason: 'client-draft', id: draft } });
  });

  it('are not brought back by what waits for a second operator, who reads it again', async () => {
    const clients = createClientService({ ...app.container, check: createClientCheck(app.container.provider) });
    const review = createClientReview({
      ...app.container,
      clients,
      check: createClientCheck(app.container.provider),
      hasPassedCheck: () => Promise.resolve(true),
    });
    const id = await machine(old.jwk);
    const added = await review.save(id, { jwks: { keys: [old.jwk, fresh.jwk] } }, { hand: handOf('operator:budi') });
    expect(added.ok && added.value.outcome).to.equal('proposed');
    const first = (await app.store.clientVersions.findOpen(id))!;
    expect((await review.approve(id, first, { hand: handOf('operator:siti') })).ok).to.equal(true);
    await review.save(id, { client_name: 'Nama lain' }, { hand: handOf('operator:budi') });
    const read = (await app.store.clientVersions.findOpen(id))!;

    expect((await end(id, old)).ok).to.equal(true);
    expect(await review.approve(id, read, { hand: handOf('operator:siti') })).to.deep.equal({
      ok: false,
      refusal: { reason: 'proposal-changed', id },
    });
    const open = (await app.store.clientVersions.findOpen(id))!;
    expect(open.involved, 'who ended a key had a hand in what is left').to.deep.equal([
      'operator:budi',
      'operator:ani',
    ]);
    expect((await review.approve(id, open, { hand: handOf('operator:siti') })).ok, 'and needs no renewal').to.equal(
      true,
    );
    later(3);
    expect((await find(id)).metadata.client_name).to.equal('Nama lain');
    expect(await both(id)).to.deep.equal([401, 200]);
  });

  it('leave a proposal without any where its only one is ended, which whoever decides reads in their language', async () => {
    const clients = createClientService({ ...app.container, check: createClientCheck(app.container.provider) });
    const review = createClientReview({
      ...app.container,
      clients,
      check: createClientCheck(app.container.provider),
      hasPassedCheck: () => Promise.resolve(true),
    });
    const third = await makeKey('ketiga');
    const id = await machine(old.jwk, fresh.jwk);
    const saved = await review.save(
      id,
      { jwks: { keys: [old.jwk] }, client_name: 'Nama lain' },
      { hand: handOf('operator:budi') },
    );
    expect(saved.ok && saved.value.outcome).to.equal('proposed');
    expect((await end(id, third)).ok).to.equal(false);
    expect((await end(id, old)).ok).to.equal(true);
    const open = (await app.store.clientVersions.findOpen(id))!;
    expect(open.metadata).to.not.have.property('jwks');
    const decided = await review.approve(id, open, { hand: handOf('operator:siti') });
    if (decided.ok || decided.refusal.reason !== 'client-metadata') throw new Error(JSON.stringify(decided));
    expect(explainRefusal(decided.refusal).key).to.equal('admin.clients.problem.keys-method');
  });

  it('tell since when they are in effect without a break', async () => {
    const clients = createClientService({ ...app.container, check: createClientCheck(app.container.provider) });
    const id = await machine(old.jwk);
    const begun = app.clock.now();
    const change = async (...all: readonly Key[]): Promise<void> => {
      later(DAY);
      expect((await clients.update(id, { jwks: { keys: all.map(({ jwk }) => jwk) } })).ok).to.equal(true);
    };
    const since = async () =>
      (await keys.list(await find(id))).map(({ thumbprint, since: at, isLast }) => [
        thumbprint,
        Math.round(((at?.getTime() ?? 0) - begun.getTime()) / 1000 / DAY),
        isLast,
      ]);
    expect(await since(), 'no version says so yet').to.deep.equal([
      [old.thumbprint, Math.round(-begun.getTime() / 1000 / DAY), true],
    ]);
    await change(old, fresh);
    expect(await since()).to.deep.equal([
      [old.thumbprint, 0, false],
      [fresh.thumbprint, 1, false],
    ]);
    await change(fresh);
    await change(fresh, old);
    expect(await since()).to.deep.equal([
      [fresh.thumbprint, 1, false],
      [old.thumbprint, 3, false],
    ]);
  });

  describe('at the console and the API', () => {
    let manager: TestOperator;
    // A sign-in is good for some hours, and here years go by.
    beforeEach(async () => {
      manager = await startOperator(app, ['client-manager']);
    });

    it('are shown with age and end, in both languages, and ended for a reason', async () => {
      const id = await machine(old.jwk, fresh.jwk);
      await app.store.clientVersions.insert({
        clientId: id,
        number: 1,
        state: 'approved',
        base: undefined,
        edition: 1,
        metadata: (await find(id)).metadata,
        listing: undefined,
        widens: [],
        proposedBy: 'operator',
        involved: [],
        reason: undefined,
        proposedAt: app.clock.now(),
        decided: { by: 'operator', note: undefined, at: app.clock.now() },
        waiver: undefined,
      });
      later(400 * DAY);
      manager = await startOperator(app, ['client-manager']);
      const page = await manager.browser.open((await manager.open(`/clients/${id}`)).link('Kunci aplikasi'));
      for (const words of ['Kunci “lama”', old.thumbprint, fresh.thumbprint, '(400 hari)', 'Tanpa batas waktu'])
        expect(page.text).to.include(words);
      const english = await manager.open(`/clients/${id}/keys?lang=en`);
      for (const words of ['Key “lama”', '(400 days)', 'End this key']) expect(english.text).to.include(words);
      await manager.open('?lang=id');

      const form = `/keys/${old.thumbprint}/end`;
      const short = await manager.browser.submit(page, form, { reason: 'iseng', delay: '1' });
      expect(short.status).to.equal(422);
      expect(short.html)
        .to.include('value="iseng"')
        .and.match(/<option value="1" selected/);
      const ended = await manager.browser.submit(page, form, { reason, delay: '1' });
      expect([ended.status, ended.url.pathname]).to.deep.equal([200, `/admin/clients/${id}/keys`]);
      expect(ended.text).to.include('Sudah dicatat').and.include('segera berakhir');
      later(3);
      expect(await both(id)).to.deep.equal([200, 200]);
      expect((await manager.browser.submit(page, form, { reason, delay: '0' })).status).to.equal(200);
      later(3);
      expect(await both(id)).to.deep.equal([401, 200]);
      const again = await manager.browser.submit(page, form, { reason, delay: '0' });
      expect(again.status).to.equal(422);
      expect(again.text).to.include('Tidak ada kunci seperti itu');
      expect(
        (await manager.open(`/clients/${id}/keys`)).forms.filter(({ action }) => action.includes('/end')),
        'the last one has no form',
      ).to.deep.equal([]);
      expect((await manager.open(`/clients/${id}${form}`)).url.pathname).to.equal(`/admin/clients/${id}/keys`);
    });

    it('are ended by nobody who only reads, by no form of strangers, and not for a machine with rights at the API', async () => {
      const id = await machine(old.jwk, fresh.jwk);
      const path = `/clients/${id}/keys/${old.thumbprint}/end`;
      const reader = await startOperator(app, ['auditor']);
      expect(
        (await reader.open(`/clients/${id}/keys`)).forms.filter(({ action }) => action.includes('/end')),
      ).to.deep.equal([]);
      const send = { method: 'POST', body: new URLSearchParams({ reason, delay: '0' }) };
      for (const who of [reader, manager])
        expect((await who.browser.request(`${app.url}/admin${path}`, send)).status).to.equal(403);
      for (const other of [
        '/clients/tiada/keys',
        `/clients/${(await addMachine(app, { scope: 'admin:clients:read' })).id}/keys`,
      ])
        expect((await manager.open(other)).status, other).to.equal(404);
      await app.store.clients.update(
        id,
        { metadata: { ...(await find(id)).metadata, scope: 'admin:audit:read' } },
        app.clock.now(),
      );
      expect(
        (await manager.open(`/clients/${id}/keys`)).forms.filter(({ action }) => action.includes('/end')),
      ).to.deep.equal([]);
      const robot = await addMachine(app, { scope: 'admin:clients:write', operatedBy: manager.accountId });
      expect((await robot.call('POST', path, { json: { reason } })).body.code).to.equal('client-privileged');
      expect(await both(id)).to.deep.equal([200, 200]);
    });

    it('are listed and ended by machines with an operator behind them', async () => {
      const id = await machine(old.jwk, fresh.jwk);
      const robot = await addMachine(app, {
        scope: 'admin:clients:read admin:clients:write',
        operatedBy: manager.accountId,
      });
      const listed = (await robot.call('GET', `/clients/${id}/keys`)).body as { keys: Record<string, unknown>[] };
      expect(listed.keys.map(({ thumbprint, live, last }) => [thumbprint, live, last])).to.deep.equal([
        [old.thumbprint, true, false],
        [fresh.thumbprint, true, false],
      ]);
      const path = `/clients/${id}/keys/${old.thumbprint}/end`;
      for (const json of [{ reason, after_days: -1 }, { reason, after_days: '1' }, {}, { reason: 'iseng' }])
        expect((await robot.call('POST', path, { json })).status, JSON.stringify(json)).to.equal(422);
      const ended = await robot.call('POST', path, { json: { reason, after_days: 1 } });
      expect((ended.body.keys as Record<string, unknown>[])[0]?.expires_at).to.equal(
        new Date(Math.ceil(app.clock.now().getTime() / 1000) * 1000 + DAY * 1000).toISOString(),
      );
      expect((await robot.call('POST', `/clients/${id}/keys/x/end`, { json: { reason } })).status).to.equal(422);
      expect(
        (await robot.call('POST', `/clients/${id}/keys/${'x'.repeat(43)}/end`, { json: { reason } })).body.code,
      ).to.equal('key-unknown');
      expect((await robot.call('POST', path, { json: { reason } })).status).to.equal(200);
      expect(
        (await robot.call('POST', `/clients/${id}/keys/${fresh.thumbprint}/end`, { json: { reason } })).body.code,
      ).to.equal('key-last');
      const looker = await addMachine(app, { scope: 'admin:clients:read' });
      expect((await looker.call('POST', path, { json: { reason } })).body.code).to.equal('scope-missing');
      expect((await looker.call('GET', '/clients/tiada/keys')).body.code).to.equal('client-unknown');
    });
  });
});
