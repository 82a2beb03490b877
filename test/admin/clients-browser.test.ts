import { expect } from 'chai';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { Role } from '../../src/domain/operator.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { giveSecondFactor } from '../support/authenticator.ts';
import { CHROMIUM, describeInChromium } from '../support/chromium.ts';
import { somebody } from '../support/citizens.ts';
import { giveRoles } from '../support/console.ts';
import { png } from '../support/pictures.ts';

const why = 'tiket 2042, diminta pengelola layanan';

describeInChromium('Client applications in a browser: from the manager to the approver', function () {
  this.timeout(180_000);
  let app: TestApp;
  let browser: Browser;
  const complaints: string[] = [];
  before(async () => {
    app = await startTestApp();
    browser = await chromium.launch(CHROMIUM);
  });
  after(async () => {
    await browser.close();
    await app.close();
  });

  /** Somebody with this role, signed in by password and app on a telephone's screen. */
  async function operator(role: Role): Promise<Page> {
    const citizen = somebody();
    const accountId = await addAccount(app, citizen);
    await giveRoles(app, accountId, [role]);
    const { authenticator } = await giveSecondFactor(app, accountId);
    const context = await browser.newContext({
      viewport: { width: 360, height: 740 },
      locale: 'id-ID',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !message.text().includes('status of 422'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${app.url}/admin`);
    await page.fill('#identifier', citizen.nik);
    await page.fill('#password', citizen.password);
    await page.click('form:has(#password) button[type=submit]');
    await page.fill('#code', authenticator.next());
    await page.click('form:has(#code) button[type=submit]');
    await page.waitForSelector('h1:has-text("Konsol operator")');
    return page;
  }
  const decide = async (page: Page, title: string): Promise<void> => {
    const act = page.locator('details.act', { has: page.locator(`summary:has-text("${title}")`) });
    await act.locator('summary').click();
    await act.locator('input[name=reason]').fill(why);
    await act.locator('button').click();
  };
  const fits = (page: Page): Promise<boolean> =>
    page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

  it('is registered with purpose and legal basis, looked at host by host, and then active', async () => {
    const manager = await operator('client-manager');
    await manager.click('nav a:has-text("Aplikasi")');
    await manager.click('a:has-text("Daftarkan aplikasi")');
    await manager.fill('#client_name', 'Layanan Uji');
    await manager.fill('#redirect_uris', 'https://layanan.contoh.test/kembali');
    expect(await manager.locator('#use_nik_id').isVisible(), 'nobody is asked why for what is not ticked').to.equal(
      false,
    );
    await manager.check('#scope-nik');
    expect(await manager.locator('#use_nik_id').isVisible()).to.equal(true);
    await manager.setInputFiles('#logo', { name: 'logo.png', mimeType: 'image/png', buffer: png({ shade: 9 }) });
    await manager.click('button[value=save]');
    await manager.locator('#use_nik_id-error').waitFor();
    // The file went along, and is not asked for again.
    expect(await manager.locator('#logo_kept').isChecked()).to.equal(true);
    // Shown, once it has come: a busy machine may take its time.
    await manager.waitForFunction(() =>
      [...document.querySelectorAll<HTMLImageElement>('.logo img')].some(
        ({ complete, naturalWidth }) => complete && naturalWidth > 0,
      ),
    );
    await manager.fill('#use_nik_id', 'mencocokkan peserta pelatihan');
    await manager.fill('#use_nik_en', 'matching participants of trainings');
    await manager.selectOption('#use_nik_basis', 'public-task');
    await manager.fill('#why', why);
    expect(await fits(manager)).to.equal(true);
    await manager.click('button[value=save]');
    await manager.locator('.revealed').waitFor();
    expect(await manager.locator('main').innerText()).to.include('tersimpan sebagai draf');
    await manager.reload().catch(() => undefined);
    expect(
      (await app.store.clients.list()).filter(({ metadata }) => metadata.client_name === 'Layanan Uji'),
      'a reload registers nothing again',
    ).to.have.length(1);

    const administrator = await operator('administrator');
    await administrator.goto(`${app.url}/admin/clients?status=waiting`);
    await administrator.click('a.item:has-text("Layanan Uji")');
    await administrator.click('a:has-text("Lihat usulannya")');
    await decide(administrator, 'Kecualikan dari uji integrasi');
    await administrator.waitForSelector('text=dikecualikan oleh administrator');

    const approver = await operator('client-approver');
    await approver.click('a:has-text("menunggu persetujuan")');
    await approver.click('a.item:has-text("Layanan Uji")');
    await approver.click('a:has-text("Lihat usulannya")');
    expect(await approver.locator('strong.host').allInnerTexts()).to.include('layanan.contoh.test');
    expect(await approver.locator('main').innerText())
      .to.include('mencocokkan peserta pelatihan')
      .and.include('pelayanan publik');
    expect(await fits(approver)).to.equal(true);
    await decide(approver, 'Setujui');
    await approver.waitForSelector('text=Usulan disetujui');
    const [client] = (await app.store.clients.list()).filter(({ metadata }) => metadata.client_name === 'Layanan Uji');
    expect(client?.status).to.equal('active');
    expect(client?.metadata.logo).to.match(/^[0-9a-f]{64}\.png$/);
    await approver.click('a:has-text("Riwayat dan versi lama")');
    expect(await approver.locator('main').innerText())
      .to.include('Versi 1')
      .and.include(why);
    expect(complaints).to.deep.equal([]);
  });
});
