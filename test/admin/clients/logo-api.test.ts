import { expect } from 'chai';
import { toStored } from '../../../src/admin/clients/logo/service.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import { LOGO_BYTES } from '../../../src/domain/logo/logo.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { addAccount } from '../../support/accounts.ts';
import { somebody } from '../../support/citizens.ts';
import { giveRoles } from '../../support/console.ts';
import { addMachine, type Machine } from '../../support/machines.ts';
import { png } from '../../support/pictures.ts';
import { sendRaw } from '../../support/raw.ts';
import { createRelyingParty, type RelyingParty } from '../../support/relying-party.ts';

const CLIENTS = 'admin:clients:read admin:clients:write admin:clients:approve';

describe('The operators’ API: the logo of a client application', () => {
  let app: TestApp;
  let siti: AccountId;
  let machine: Machine;
  let reader: Machine;
  let nobody: Machine;
  let service: RelyingParty;
  let shade = 1;
  before(async () => {
    app = await startTestApp();
    siti = await addAccount(app, somebody());
    await giveRoles(app, siti, ['client-manager', 'client-approver']);
    machine = await addMachine(app, { scope: CLIENTS, operatedBy: siti });
    reader = await addMachine(app, { scope: 'admin:clients:read', operatedBy: siti });
    nobody = await addMachine(app, { scope: CLIENTS });
  });
  after(() => app.close());
  beforeEach(async () => {
    service = await createRelyingParty(app, {
      further: {
        application_type: 'web',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    });
  });

  const picture = (): Buffer => png({ shade: (shade = (shade + 1) % 256) });
  const address = (id = service.id): string => `/clients/${id}/logo`;
  const put = (file: Buffer, { as = machine, type = 'image/png', path = address() } = {}) =>
    as.call('PUT', path, { bytes: file, type });
  async function isKept(file: Buffer, at = app): Promise<boolean> {
    const stored = toStored(file);
    return stored.ok && (await at.store.clientLogos.find(stored.value.name)) !== undefined;
  }
  const proposed = async (): Promise<unknown> => (await app.store.clientVersions.findOpen(service.id))?.metadata.logo;

  it('is sent as the body, becomes a proposal of the operator behind the machine, and is not approved by them', async () => {
    const { status, body } = await put(picture());
    expect([status, body.outcome, body.client_id]).to.deep.equal([200, 'proposed', service.id]);
    expect(await proposed()).to.match(/^[0-9a-f]{64}\.png$/);
    expect((await app.store.clients.find(service.id))?.metadata.logo, 'nobody sees it yet').to.equal(undefined);
    const open = (await app.store.clientVersions.findOpen(service.id))!;
    expect(open.involved).to.include(`operator:${siti}`);
    const own = await machine.call('POST', `/clients/${service.id}/proposal/approve`, {
      json: { number: open.number, edition: open.edition, reason: 'logo sesuai pedoman' },
    });
    expect([own.status, own.body.code]).to.deep.equal([403, 'proposal-own']);
  });

  it('is taken away at once, and twice changes nothing', async () => {
    await app.store.clients.update(
      service.id,
      { metadata: { ...(await app.store.clients.find(service.id))!.metadata, logo: `${'a'.repeat(64)}.png` } },
      app.clock.now(),
    );
    expect((await machine.call('DELETE', address())).body.outcome).to.equal('applied');
    expect((await app.store.clients.find(service.id))?.metadata).not.to.have.property('logo');
    expect((await machine.call('DELETE', address())).body.outcome).to.equal('unchanged');
  });

  it('meets no other state than the one that was read', async () => {
    const { seen } = (await reader.call('GET', `/clients/${service.id}`)).body as { seen: string };
    expect((await put(picture(), { path: `${address()}?seen=${encodeURIComponent(seen)}` })).status).to.equal(200);
    const lost = picture();
    const late = await put(lost, { path: `${address()}?seen=${encodeURIComponent(seen)}` });
    expect([late.status, late.body.code]).to.deep.equal([409, 'client-changed']);
    expect(await isKept(lost), 'nothing is kept of what was refused').to.equal(false);
  });

  it('is judged by its bytes, whatever it says to be', async () => {
    const cases: readonly [code: string, file: Buffer][] = [
      ['logo-svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
      ['logo-type', Buffer.from('<html><script>alert(1)</script>'.padEnd(200))],
      ['logo-pixels', png({ says: 50_000 })],
      ['logo-broken', picture().subarray(0, 50)],
      ['logo-empty', Buffer.alloc(0)],
    ];
    for (const [code, file] of cases) {
      const { status, body } = await put(file);
      expect([status, body.code]).to.deep.equal([422, code]);
    }
    for (const type of [
      'image/svg+xml',
      'application/json',
      'multipart/form-data; boundary=b',
      'application/octet-stream',
    ])
      expect((await put(picture(), { type })).status, type).to.equal(415);
    expect(await proposed()).to.equal(undefined);
  });

  it('is not read beyond its limit, whether it says how long it is or not', async () => {
    expect((await put(Buffer.concat([picture(), Buffer.alloc(LOGO_BYTES)]))).status).to.equal(413);
    const head = [
      `PUT /api/admin/v1${address()} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${machine.token}`,
      'Content-Type: image/png',
      'Connection: close',
    ];
    const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    const endless = await sendRaw(
      app.url,
      Buffer.concat([
        Buffer.from([...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n')),
        ...Array.from({ length: 6 }, () => piece),
      ]),
    );
    expect(endless.status, 'the rest is not waited for').to.equal(413);
    expect(await proposed()).to.equal(undefined);
  });

  it('is kept so many times a day on behalf of one operator, with all their machines; what was refused does not count', async () => {
    const few = await startTestApp({ limits: { operatorLogos: 3 } });
    try {
      const manager = await addAccount(few, somebody());
      await giveRoles(few, manager, ['client-manager']);
      const [one, other] = [
        await addMachine(few, { scope: CLIENTS, operatedBy: manager }),
        await addMachine(few, { scope: CLIENTS, operatedBy: manager }),
      ];
      const send = async (as: Machine, file: Buffer, path?: string): Promise<unknown> =>
        (await put(file, { as, path: path ?? address((await createRelyingParty(few)).id) })).body.code;
      for (let count = 0; count < 5; count += 1)
        expect(await send(one, picture(), address('tiada'))).to.equal('client-unknown');
      for (const as of [one, other, one]) expect(await send(as, picture())).to.equal(undefined);
      const beyond = picture();
      for (const as of [one, other]) expect(await send(as, beyond)).to.equal('logos-many');
      expect(await isKept(beyond, few)).to.equal(false);
      expect((await few.store.audit.list({ type: 'operator.limited' })).map(({ details }) => details)).to.deep.equal([
        { by: `client:${one.id}`, limit: 'operator.logos' },
      ]);
      expect(
        (await one.call('DELETE', address((await createRelyingParty(few)).id))).status,
        'taking it away is not counted',
      ).to.equal(200);
      few.clock.advance({ hours: 24 });
      const again = await addMachine(few, { scope: CLIENTS, operatedBy: manager });
      expect(await send(again, beyond)).to.equal(undefined);
    } finally {
      await few.close();
    }
  });

  it('is nobody’s without the right, and of no application that there is not', async () => {
    for (const [as, code] of [
      [reader, 'scope-missing'],
      [nobody, 'operator-missing'],
    ] as const) {
      for (const method of ['PUT', 'DELETE'] as const) {
        const refused = await as.call(
          method,
          address(),
          method === 'PUT' ? { bytes: picture(), type: 'image/png' } : {},
        );
        expect([refused.status, refused.body.code]).to.deep.equal([403, code]);
      }
    }
    const unknown = picture();
    expect((await put(unknown, { path: address('tiada') })).body.code).to.equal('client-unknown');
    expect(await isKept(unknown)).to.equal(false);
    expect(await proposed()).to.equal(undefined);
  });

  it('stands in the document with its kinds and its limit', async () => {
    const { paths } = (await reader.call('GET', '/openapi.json')).body as {
      paths: Record<string, Record<string, { requestBody?: { content: object; description: string } }>>;
    };
    const { put: described } = paths['/clients/{client_id}/logo']!;
    expect(Object.keys(described?.requestBody?.content ?? {})).to.deep.equal(['image/png', 'image/jpeg', 'image/webp']);
    expect(described?.requestBody?.description).to.include(String(LOGO_BYTES));
  });
});
