import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import type { Page } from '../../support/browser.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';
import { multipart } from '../../support/multipart.ts';
import { png } from '../../support/pictures.ts';
import { sendRaw } from '../../support/raw.ts';
import { createRelyingParty, type RelyingParty } from '../../support/relying-party.ts';

const IMAGE = /<img src="([^"]*\/[0-9a-f]{64}\.\w+)"/g;

describe('The logo of a client application', () => {
  let app: TestApp;
  let manager: TestOperator;
  let approver: TestOperator;
  let reader: TestOperator;
  let service: RelyingParty;
  let shade = 1;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    approver = await startOperator(app, ['client-approver']);
    reader = await startOperator(app, ['support']);
  });
  after(() => app.close());
  beforeEach(async () => {
    // As a registration is written: nothing but the logo changes.
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
  const address = (): string => `${app.url}/admin/clients/${service.id}/logo`;
  const imagesOn = ({ html }: Page): string[] => [...html.matchAll(IMAGE)].map(([, src = '']) => src);

  async function send(
    file: Buffer,
    {
      by = manager,
      headers = {},
      ...told
    }: { by?: TestOperator; headers?: Readonly<Record<string, string>>; name?: string; type?: string } = {},
  ): Promise<Page> {
    const { fields } = (await manager.open(`/clients/${service.id}/logo`)).form('seen');
    return sendForm(by, fields, file, told, headers);
  }
  async function sendForm(
    by: TestOperator,
    fields: Readonly<Record<string, string>>,
    file: Buffer,
    told: { name?: string; type?: string } = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    const request = multipart(fields, file, told);
    return by.browser.request(address(), { ...request, headers: { ...request.headers, ...headers } });
  }
  const upload = async (file: Buffer): Promise<Page> => manager.browser.follow(await send(file));

  it('goes to a second operator, who sees it, and people see it then', async () => {
    const page = await upload(picture());
    expect(page.status).to.equal(200);
    expect(page.text).to.include('setelah petugas kedua menyetujuinya');
    const [proposed = ''] = imagesOn(page);
    const name = proposed.slice(proposed.lastIndexOf('/') + 1);
    expect((await app.store.clients.find(service.id))?.metadata.logo).to.equal(undefined);
    expect((await fetch(`${app.url}/logos/${name}`)).status, 'for everybody').to.equal(404);

    const proposal = await approver.open(`/clients/${service.id}/proposal`);
    expect(imagesOn(proposal)).to.deep.equal([proposed]);
    const shown = await approver.browser.request(`${app.url}${proposed}`);
    expect(Object.fromEntries(shown.headers)).to.include({
      'content-type': 'image/png',
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'private, max-age=31536000, immutable',
    });
    expect(shown.status).to.equal(200);
    await approver.browser.submit(proposal, '/proposal/approve', { reason: 'Logo sesuai dengan pedoman.' });
    expect((await app.store.clients.find(service.id))?.metadata.logo).to.equal(name);
    expect((await fetch(`${app.url}/logos/${name}`)).status).to.equal(200);
    expect((await app.store.audit.list({ type: 'client.approved' })).at(-1)?.details.fields).to.deep.equal(['logo']);
    expect(imagesOn(await reader.open(`/clients/${service.id}`))).to.deep.equal([proposed]);
  });

  it('that a colleague proposed is replaced by who has seen it, and by nobody who has seen the one before', async () => {
    const colleague = await startOperator(app, ['client-manager']);
    await upload(picture());
    const seen = (await colleague.open(`/clients/${service.id}/logo`)).form('seen').fields;
    const [second = ''] = imagesOn(await upload(picture()));
    const late = await sendForm(colleague, seen, picture());
    expect(late.status).to.equal(422);
    expect(imagesOn(late), 'what waits by now').to.deep.equal([second]);
    const mine = await colleague.browser.follow(await sendForm(colleague, late.form('seen').fields, picture()));
    expect(mine.text).to.include('setelah petugas kedua menyetujuinya');
    expect(imagesOn(mine)).to.have.length(1).and.not.include(second);
  });

  it('is not approved by whoever uploaded it', async () => {
    const both = await startOperator(app, ['client-manager', 'client-approver']);
    const { csrf = '' } = (await both.open(`/clients/${service.id}/logo`)).form('csrf').fields;
    await both.browser.request(address(), multipart({ csrf }, picture()));
    const proposal = await both.open(`/clients/${service.id}/proposal`);
    expect(proposal.forms.some(({ action }) => action.endsWith('/proposal/approve'))).to.equal(false);
    expect((await app.store.clients.find(service.id))?.metadata.logo).to.equal(undefined);
  });

  it('is taken away at once, for that gives nobody anything', async () => {
    const name = `${'a'.repeat(64)}.png`;
    await app.store.clients.update(
      service.id,
      { metadata: { ...(await app.store.clients.find(service.id))!.metadata, logo: name } },
      app.clock.now(),
    );
    const page = await manager.browser.submit(await manager.open(`/clients/${service.id}/logo`), '/remove');
    expect(page.text).to.include('Logo tersimpan dan berlaku').and.include('tidak ada logo');
    expect((await app.store.clients.find(service.id))?.metadata).not.to.have.property('logo');
  });

  it('is taken away at once while something else waits for a second operator, who sees nothing of it', async () => {
    const found = (await app.store.clients.find(service.id))!;
    await app.store.clients.update(
      service.id,
      { metadata: { ...found.metadata, logo: `${'a'.repeat(64)}.png` } },
      app.clock.now(),
    );
    const edit = await manager.open(`/clients/${service.id}/edit`);
    await manager.browser.submit(edit, 'seen', { client_name: 'Nama Baru' });
    const page = await manager.browser.submit(await manager.open(`/clients/${service.id}/logo`), '/remove');
    expect(page.text).to.include('Logo tersimpan dan berlaku').and.include('tidak ada logo');
    expect((await app.store.clients.find(service.id))?.metadata)
      .to.include({ client_name: found.metadata.client_name })
      .and.not.have.property('logo');
    const open = await app.store.clientVersions.findOpen(service.id);
    expect(open?.metadata).to.include({ client_name: 'Nama Baru' }).and.not.have.property('logo');
    expect(open?.widens).to.deep.equal(['client_name']);
  });

  it('is refused with a sentence where it is too large, an SVG, a page, too wide or no picture, whatever it calls itself', async () => {
    const cases: readonly [string, Buffer, { name?: string; type?: string }][] = [
      ['paling besar 256 KB', Buffer.concat([picture(), Buffer.alloc(2 * 1024 * 1024)]), {}],
      [
        'SVG tidak diterima',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        { name: 'logo.svg', type: 'image/svg+xml' },
      ],
      ['SVG tidak diterima', Buffer.from('<svg onload="alert(1)"/>'), {}],
      ['bukan PNG, JPEG, atau WebP', Buffer.concat([Buffer.from('<html><script>alert(1)</script>'), picture()]), {}],
      ['bukan PNG, JPEG, atau WebP', Buffer.from('MZ'.repeat(40)), { name: '../../logo.png' }],
      ['1024 × 1024', png({ says: 50_000 }), {}],
      ['rusak', picture().subarray(0, 50), {}],
      ['Pilih berkas', Buffer.alloc(0), { name: '' }],
    ];
    for (const [words, file, told] of cases) {
      const page = await send(file, told);
      expect(page.status, words).to.equal(422);
      expect(page.text.replaceAll('Paling', 'paling')).to.include(words);
      expect(page.html).not.to.include('<script>alert');
    }
    expect(await app.store.clientVersions.findOpen(service.id)).to.equal(undefined);
  });

  it('loses what stands behind a picture', async () => {
    await upload(png({ shade: 7, behind: Buffer.from('<script>alert(1)</script>') }));
    const logo = String((await app.store.clientVersions.findOpen(service.id))?.metadata.logo);
    expect((await app.store.clientLogos.find(logo))?.bytes.equals(png({ shade: 7 }))).to.equal(true);
  });

  it('is refused from elsewhere, without the token, of another kind of form, broken off or odd', async () => {
    expect((await send(picture(), { headers: { 'sec-fetch-site': 'cross-site' } })).status).to.equal(403);
    expect((await send(picture(), { headers: { 'sec-fetch-site': '', origin: 'https://evil.test' } })).status).to.equal(
      403,
    );
    expect((await manager.browser.request(address(), multipart({}, picture()))).status).to.equal(403);
    expect((await manager.browser.request(address(), multipart({ csrf: 'x' }, picture()))).status).to.equal(403);
    expect(
      (await manager.browser.request(address(), { method: 'POST', body: new URLSearchParams({ csrf: 'x' }) })).status,
    ).to.equal(415);
    for (const type of [
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'multipart/form-data; boundary=lain',
    ]) {
      const odd = await manager.browser.request(address(), {
        ...multipart({}, picture()),
        headers: { 'content-type': type },
      });
      expect(odd.status, type).to.be.within(400, 415);
    }
    const cut = multipart({}, picture());
    expect(
      (await manager.browser.request(address(), { ...cut, body: (cut.body as Buffer).subarray(0, 200) })).status,
    ).to.be.within(400, 403);
    const many = Buffer.from(
      Array.from(
        { length: 500 },
        (_, index) => `--b\r\nContent-Disposition: form-data; name="f${index}"\r\n\r\nx\r\n`,
      ).join('') + '--b--\r\n',
    );
    expect(
      (
        await manager.browser.request(address(), {
          method: 'POST',
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
          body: many,
        })
      ).status,
      'nothing is cut off in silence',
    ).to.equal(413);
    expect(await app.store.clientVersions.findOpen(service.id)).to.equal(undefined);
  });

  it('is not read without end', async () => {
    const cookie = `session=${manager.browser.cookie('session') ?? ''}; session.sig=${manager.browser.cookie('session.sig') ?? ''}`;
    const path = new URL(address()).pathname;
    const head = [
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      `Cookie: ${cookie}`,
      'Sec-Fetch-Site: same-origin',
      'Content-Type: multipart/form-data; boundary=b',
      'Connection: close',
      'Accept: text/html',
    ];
    const start = Buffer.from('--b\r\nContent-Disposition: form-data; name="logo"; filename="x"\r\n\r\n');
    const told = await sendRaw(
      app.url,
      Buffer.concat([Buffer.from([...head, 'Content-Length: 900000000', '', ''].join('\r\n')), start]),
    );
    expect(told.status).to.equal(413);
    // In pieces of a megabyte, without saying how many there will be.
    const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')]);
    const endless = await sendRaw(
      app.url,
      Buffer.concat([
        Buffer.from([...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n')),
        Buffer.from(`${start.length.toString(16)}\r\n`),
        start,
        Buffer.from('\r\n'),
        ...Array.from({ length: 12 }, () => piece),
      ]),
    );
    expect([0, 413]).to.include(endless.status);
  });

  it('is looked at by readers and changed by nobody without the right', async () => {
    const page = await reader.open(`/clients/${service.id}/logo`);
    expect(page.status).to.equal(200);
    expect(page.forms).to.deep.equal([]);
    expect((await send(picture(), { by: reader })).status).to.equal(403);
    expect(
      (
        await reader.browser.request(`${address()}/remove`, {
          method: 'POST',
          body: new URLSearchParams({ csrf: 'x' }),
        })
      ).status,
    ).to.equal(403);
    const nobody = await startOperator(app, []);
    for (const path of ['logo', `logo/${'a'.repeat(64)}.png`])
      expect((await nobody.open(`/clients/${service.id}/${path}`)).status).to.equal(403);
    for (const path of ['tiada/logo', `${service.id}/logo/x.png`, `${service.id}/logo/${'a'.repeat(64)}.png`])
      expect((await manager.open(`/clients/${path}`)).status, path).to.equal(404);
  });
});
