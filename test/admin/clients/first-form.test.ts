import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import type { Page } from '../../support/browser.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';
import { multipart } from '../../support/multipart.ts';
import { png } from '../../support/pictures.ts';

const purpose = {
  use_email_id: 'mengirim undangan wawancara',
  use_email_en: 'sending invitations to interviews',
  use_email_basis: 'contract',
};

describe('The form of a new client application', () => {
  let app: TestApp;
  let manager: TestOperator;
  let count = 0;
  before(async () => {
    app = await startTestApp({ limits: { operatorLogos: 6 } });
    manager = await startOperator(app, ['client-manager']);
  });
  after(() => app.close());

  const open = (lang = 'id'): Promise<Page> => manager.open(`/clients/new?lang=${lang}`);
  const good = (): Record<string, string> => ({
    type: 'web',
    client_name: `Layanan ${(count += 1)}`,
    redirect_uris: 'https://rp.test/cb',
    scope: 'openid email',
    intent: 'save',
  });
  /** As a browser sends it, which knows of no file that it sent before. */
  async function send(
    page: Page,
    change: Readonly<Record<string, string>>,
    file: Buffer = Buffer.alloc(0),
  ): Promise<Page> {
    const { sent } = page.form('client_name');
    return manager.browser.follow(
      await manager.browser.request(
        `${app.url}/admin/clients/new`,
        multipart([...sent.filter(([name]) => !(name in change) && name !== 'logo'), ...Object.entries(change)], file),
      ),
    );
  }
  const named = async (name: string) =>
    (await app.store.clients.list()).find(({ metadata }) => metadata.client_name === name);

  it('asks first for what matters, unfolded: type, name, addresses, scopes with purpose and legal basis, contact, logo', async () => {
    for (const lang of ['id', 'en']) {
      const { html, forms } = await open(lang);
      const [unfolded = ''] = html.split('<details');
      for (const name of [
        'type',
        'client_name',
        'redirect_uris',
        'scope',
        'use_profile_id',
        'use_nik_en',
        'use_nik_basis',
        'contacts',
        'logo',
      ])
        expect(unfolded, `${lang}: ${name}`).to.include(`name="${name}"`);
      expect(
        forms
          .find(({ fields }) => 'client_name' in fields)
          ?.sent.filter(([name]) => name === 'scope')
          .map(([, value]) => value),
        'no more than most need',
      ).to.deep.equal(['openid', 'profile']);
    }
    await open('id');
  });

  it('takes each scope that is ticked with what it is for, and nothing of those that are not', async () => {
    const wish: Record<string, string> = {
      ...good(),
      ...purpose,
      use_phone_id: 'menghubungi pelamar kerja',
      use_phone_en: 'calling applicants',
      use_phone_basis: 'consent',
    };
    const page = await open();
    const { sent } = page.form('client_name');
    const boxes: [string, string][] = [
      ...sent.filter(([name]) => !(name in wish)).map(([name, value]): [string, string] => [name, value]),
      ...Object.entries(wish).filter(([name]) => name !== 'scope'),
      ...['openid', 'email', 'offline_access'].map((scope): [string, string] => ['scope', scope]),
      ['refresh', 'yes'],
    ];
    const answer = await manager.browser.follow(
      await manager.browser.request(`${app.url}/admin/clients/new`, {
        method: 'POST',
        body: new URLSearchParams(boxes),
      }),
    );
    expect(answer.status, answer.text.slice(0, 400)).to.equal(200);
    expect((await named(wish.client_name ?? ''))?.metadata).to.deep.include({
      scope: 'openid email offline_access',
      data_use: { email: { purpose: { id: purpose.use_email_id, en: purpose.use_email_en }, legal_basis: 'contract' } },
    });
  });

  it('registers with a logo, also where the form was refused for something else', async () => {
    const wish = good();
    const refused = await send(await open(), { ...wish, redirect_uris: 'http://rp.test/cb' }, png({ shade: 3 }));
    expect(refused.status).to.equal(422);
    const kept = refused.form('client_name').sent.find(([name]) => name === 'logo_kept')?.[1] ?? '';
    expect(refused.html).to.include(`src="/admin/clients/new/logo/${kept}"`);
    expect(
      (await manager.browser.request(`${app.url}/admin/clients/new/logo/${kept}`)).headers.get('content-type'),
    ).to.equal('image/png');
    const made = await send(refused, wish);
    expect(made.status).to.equal(200);
    const client = await named(wish.client_name ?? '');
    expect(client?.metadata.logo).to.equal(kept);
    expect(
      (await app.store.clientVersions.findOpen(client?.id ?? ''))?.metadata.logo,
      'and is looked at with the rest',
    ).to.equal(kept);
    expect((await fetch(`${app.url}/logos/${kept}`)).status, 'before it is shown to anybody').to.equal(404);
  });

  it('takes another logo, or none, in place of the one that was chosen first', async () => {
    const [another, none] = [good(), good()];
    const begin = (wish: Readonly<Record<string, string>>): Promise<Page> =>
      open().then((page) => send(page, { ...wish, client_name: '' }, png({ shade: 4 })));
    await send(await begin(another), another, png({ shade: 5 }));
    const { logo } = (await named(another.client_name ?? ''))?.metadata ?? {};
    expect((await app.store.clientLogos.find(String(logo)))?.bytes.equals(png({ shade: 5 }))).to.equal(true);
    await manager.browser.submit(await begin(none), 'client_name', { ...none, logo_kept: '' });
    expect((await named(none.client_name ?? ''))?.metadata).not.to.have.property('logo');
  });

  it('refuses what is no picture at its field, keeps what was typed, and registers nothing', async () => {
    const wish = good();
    for (const [file, words] of [
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'SVG tidak diterima'],
      [Buffer.from('GIF89a'), 'bukan PNG'],
      [Buffer.alloc(300_000, 1), 'terlalu besar'],
    ] as const) {
      const page = await send(
        await open(),
        { ...wish, ...purpose, redirect_uris: 'https://rp.test/cb\r\nhttps://rp.test/kedua' },
        file,
      );
      expect(page.status, words).to.equal(422);
      expect(page.text).to.include(words);
      expect(page.html).to.match(/<a href="#logo">/);
      expect(page.form('client_name').fields).to.deep.include({
        redirect_uris: 'https://rp.test/cb\r\nhttps://rp.test/kedua',
        ...purpose,
      });
    }
    const english = await send(await open('en'), wish, Buffer.from('GIF89a'));
    expect(english.text).to.include('This file is no PNG, JPEG or WebP.');
    await open('id');
    expect(await named(wish.client_name ?? '')).to.equal(undefined);
  });

  it('keeps so many pictures a day on behalf of one operator, and then says so', async () => {
    manager = await startOperator(app, ['client-manager']);
    const wish = good();
    for (let shade = 10; shade < 16; shade += 1)
      expect((await send(await open(), { ...wish, intent: 'check' }, png({ shade }))).status).to.equal(200);
    const beyond = await send(await open(), wish, png({ shade: 16 }));
    expect([beyond.status, beyond.text.includes('logo')]).to.deep.equal([422, true]);
    expect(beyond.html).to.match(/<a href="#logo">/);
    expect(await named(wish.client_name ?? '')).to.equal(undefined);
    expect((await app.store.audit.list({ type: 'operator.limited' })).map(({ details }) => details.by)).to.deep.equal([
      `operator:${manager.accountId}`,
    ]);
  });

  it('is refused whole where it is too long, is no UTF-8, or names a logo that is not there', async () => {
    const wish = good();
    expect((await send(await open(), { ...wish, redirect_uris: 'x'.repeat(20_000) })).status, 'too long').to.equal(413);
    const bad = multipart(wish, png({ shade: 6 }));
    const broken = Buffer.from((bad.body as Buffer).toString('latin1').replace('Layanan', 'Layan\xff'), 'latin1');
    expect(
      (await manager.browser.request(`${app.url}/admin/clients/new`, { ...bad, body: broken })).status,
      'no UTF-8',
    ).to.equal(400);
    const invented = await send(await open(), { ...wish, logo_kept: `${'0'.repeat(64)}.png` });
    expect(invented.status).to.equal(200);
    expect((await named(wish.client_name ?? ''))?.metadata).not.to.have.property('logo');
    expect(
      (
        await manager.browser.request(
          `${app.url}/admin/clients/new`,
          multipart({ ...wish, csrf: 'palsu' }, png({ shade: 7 })),
        )
      ).status,
    ).to.equal(403);
  });
});
