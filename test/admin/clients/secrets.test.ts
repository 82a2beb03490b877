import { expect } from 'chai';
import { createClientSecrets, type ClientSecrets } from '../../../src/admin/clients/secrets/service.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import type { Page } from '../../support/browser.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';

const DAY = 86_400;
const why = 'Pergantian rutin yang dijadwalkan';
const because = { by: 'operator', reason: why };

describe('Client applications: secrets', () => {
  let app: TestApp;
  let secrets: ClientSecrets;
  let count = 0;

  before(async () => {
    app = await startTestApp();
    app.clock.stop();
    secrets = createClientSecrets(app.container);
  });
  after(() => app.close());

  async function machine(): Promise<{ id: string; first: string }> {
    count += 1;
    const [id, first] = [`mesin-${count}`, `rahasia-pertama-${count}`];
    await app.addClient({
      type: 'machine',
      secret: first,
      metadata: {
        client_id: id,
        client_name: `Mesin ${count}`,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    });
    return { id, first };
  }

  const status = async (id: string, secret: string): Promise<number> =>
    (
      await fetch(`${app.url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
    ).status;
  const later = (seconds: number): void => {
    app.clock.advance({ seconds });
  };
  const add = async (id: string, wish: Parameters<ClientSecrets['add']>[1] = {}): Promise<string> => {
    const made = await secrets.add(id, wish, because);
    if (!made.ok) throw new Error(made.refusal.reason);
    later(3);
    return made.value.newSecret.reveal();
  };

  it('lie nowhere in a form that could be read', async () => {
    const { id, first } = await machine();
    const second = await add(id, { overlapSeconds: DAY });
    expect(await status(id, second)).to.equal(200);
    const rows = JSON.stringify([
      await app.database.knex('clients').where('id', id),
      await app.database.knex('client_secrets').where('client_id', id),
      await app.store.audit.list(),
    ]);
    for (const secret of [first, second]) {
      for (const spelling of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')])
        expect(rows).not.to.include(spelling);
      expect(app.logLines.some((line) => line.includes(secret))).to.equal(false);
    }
  });

  it('are two at most: the one before stays good for as long as was said, one older ends at once', async () => {
    const { id, first } = await machine();
    const second = await add(id, { overlapSeconds: 14 * DAY });
    expect([await status(id, first), await status(id, second)]).to.deep.equal([200, 200]);
    const third = await add(id, { overlapSeconds: DAY });
    expect([await status(id, first), await status(id, second), await status(id, third)]).to.deep.equal([401, 200, 200]);
    later(DAY);
    expect([await status(id, second), await status(id, third)]).to.deep.equal([401, 200]);
  });

  it('end at once where one has leaked', async () => {
    const { id, first } = await machine();
    const second = await add(id, { overlapSeconds: 0 });
    expect([await status(id, first), await status(id, second)]).to.deep.equal([401, 200]);
  });

  it('never live longer for another one beside them', async () => {
    const { id } = await machine();
    const short = await add(id, { lifetimeSeconds: DAY });
    const next = await add(id, { overlapSeconds: 30 * DAY });
    later(DAY);
    expect([await status(id, short), await status(id, next)]).to.deep.equal([401, 200]);
  });

  it('are ended one by one, but for the last that is good', async () => {
    const { id, first } = await machine();
    const second = await add(id, { overlapSeconds: DAY });
    expect((await secrets.end(id, 1, because)).ok).to.equal(true);
    later(3);
    expect([await status(id, first), await status(id, second)]).to.deep.equal([401, 200]);
    expect(await secrets.end(id, 2, because)).to.deep.equal({ ok: false, refusal: { reason: 'secret-last', id } });
    for (const number of [1, 3])
      expect(await secrets.end(id, number, because)).to.deep.equal({
        ok: false,
        refusal: { reason: 'secret-unknown', id },
      });
    expect(
      (await app.store.audit.list())
        .filter(({ clientId }) => clientId === id)
        .map(({ type, details }) => [type, details]),
    ).to.deep.equal([
      ['client.secret-rotated', { ...because, number: 2, overlapSeconds: DAY }],
      ['client.secret-ended', { ...because, number: 1 }],
    ]);
  });

  it('are only for who needs one', async () => {
    await app.addClient({
      type: 'spa',
      metadata: {
        client_id: 'tanpa',
        client_name: 'Tanpa',
        redirect_uris: ['https://spa.test/cb'],
        token_endpoint_auth_method: 'none',
      },
    });
    expect(await secrets.add('tanpa', {}, because)).to.deep.equal({
      ok: false,
      refusal: { reason: 'client-without-secret', id: 'tanpa' },
    });
    expect(await secrets.add('tiada', {}, because)).to.deep.equal({
      ok: false,
      refusal: { reason: 'client-unknown', id: 'tiada' },
    });
  });

  it('are those of their client alone', async () => {
    const [one, other] = [await machine(), await machine()];
    expect(await status(one.id, other.first)).to.equal(401);
    // What the library holds in their place opens nothing either.
    const { PLACEHOLDER } = await import('../../../src/oidc/client-secrets.ts');
    for (const guess of [PLACEHOLDER, '', ' ', one.first.slice(0, -1), `${one.first} `])
      expect(await status(one.id, guess), guess).to.be.oneOf([400, 401]);
  });

  it('show when they were used last, to the hour', async () => {
    const { id, first } = await machine();
    const used = async (): Promise<Date | undefined> => (await app.store.clients.find(id))?.secrets[0]?.lastUsedAt;
    const begun = app.clock.now();
    await status(id, first);
    await soon(async () => (await used())?.getTime() === begun.getTime());
    later(600);
    await status(id, first);
    expect(await used()).to.deep.equal(begun);
    later(3600);
    const again = app.clock.now();
    await status(id, first);
    await soon(async () => (await used())?.getTime() === again.getTime());
  });

  it('come over from a release that sealed them', async () => {
    const { id, first } = await machine();
    await app.database.knex('client_secrets').where('client_id', id).delete();
    await app.database
      .knex('clients')
      .where('id', id)
      .update({ secret_sealed: app.container.sealer.seal('client-secret', id, first) });
    const turns = await Promise.all([app.store.clientSecrets.hashSealed(), app.store.clientSecrets.hashSealed()]);
    expect(turns.toSorted()).to.deep.equal([0, 1]);
    later(3);
    expect(await status(id, first)).to.equal(200);
    expect(
      (await app.database.knex('clients').where('id', id).first<{ secret_sealed: Buffer | null }>()).secret_sealed,
    ).to.equal(null);

    // Once more, and another one that such a release has made since: neither is lost, and none is there twice.
    for (const sealed of [first, 'rahasia-dari-rilis-lama']) {
      await app.database
        .knex('clients')
        .where('id', id)
        .update({ secret_sealed: app.container.sealer.seal('client-secret', id, sealed) });
      await app.store.clientSecrets.hashSealed();
    }
    later(3);
    expect([await status(id, first), await status(id, 'rahasia-dari-rilis-lama')]).to.deep.equal([200, 200]);
    expect((await app.store.clients.find(id))?.secrets.map(({ number }) => number)).to.deep.equal([1, 2]);
  });

  describe('at the console', () => {
    let manager: TestOperator;
    let reader: TestOperator;
    before(async () => {
      manager = await startOperator(app, ['client-manager']);
      reader = await startOperator(app, ['auditor']);
    });

    const secretOn = (page: Page): string => /class="revealed" id="once">([\w-]{43})</.exec(page.html)?.[1] ?? '';

    it('are made for a reason and shown this once; the same form sent again makes no further one', async () => {
      const { id, first } = await machine();
      const form = await manager.open(`/clients/${id}/secrets`);
      expect((await manager.browser.submit(form, 'after', { reason: 'iseng' })).status).to.equal(422);
      const made = await manager.browser.submit(form, 'after', { reason: why, overlap: '14', lifetime: '0' });
      const second = secretOn(made);
      expect(made.text).to.include('Rahasia baru sudah dibuat');
      expect(made.headers.get('cache-control')).to.include('no-store');
      later(3);
      expect([await status(id, first), await status(id, second)]).to.deep.equal([200, 200]);

      const again = await manager.browser.submit(form, 'after', { reason: why, overlap: '0', lifetime: '0' });
      expect(again.status).to.equal(422);
      expect(secretOn(again)).to.equal('');
      expect((await app.store.clients.find(id))?.secrets).to.have.length(2);
      expect((await manager.open(`/clients/${id}/secrets`)).html).not.to.include(second);

      const page = await manager.open(`/clients/${id}/secrets`);
      const ended = await manager.browser.submit(page, 'secrets/1/end', { reason: why });
      expect(ended.text).to.include('tidak berlaku lagi');
      later(3);
      expect([await status(id, first), await status(id, second)]).to.deep.equal([401, 200]);
    });

    it('are for those who may: others read, and strangers’ forms do nothing', async () => {
      const { id } = await machine();
      expect((await reader.open(`/clients/${id}/secrets`)).status).to.be.oneOf([200, 403]);
      for (const path of ['', '/1/end']) {
        const send = (fields: Record<string, string>) => ({
          method: 'POST',
          body: new URLSearchParams({ reason: why, after: '1', ...fields }),
        });
        expect(
          (await reader.browser.request(`${app.url}/admin/clients/${id}/secrets${path}`, send({}))).status,
          path,
        ).to.equal(403);
        expect(
          (await manager.browser.request(`${app.url}/admin/clients/${id}/secrets${path}`, send({ _csrf: 'palsu' })))
            .status,
          path,
        ).to.be.oneOf([403, 422]);
      }
      expect((await manager.open('/clients/tiada/secrets')).status).to.equal(404);
      expect((await app.store.clients.find(id))?.secrets).to.have.length(1);
    });
  });
});

/** Something is written beside the answer: waits until it is there. */
async function soon(isThere: () => Promise<boolean>): Promise<void> {
  while (!(await isThere()))
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
}
