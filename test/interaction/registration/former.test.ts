import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { bcryptOf, importFormer, replaceFormer } from '../../support/former.ts';
import { enterCode, signIn } from '../../support/journeys.ts';
import { attempt, replaceHashing } from '../login/attempts.ts';
import { atCode, type Way } from './steps.ts';

const FORMER = 'KataSandi-Lama1!';

describe('Registration: a record of the former system that an import changes meanwhile', () => {
  let app: TestApp;
  let hash: string;
  let serial = 0;

  before(async () => {
    app = await startTestApp({ limits: { identityCallsPerNik: 100 }, otp: { sendsPerNumber: 100 } });
    hash = await bcryptOf(FORMER);
  });
  after(() => app.close());

  type Line = Partial<Pick<Citizen, 'nik' | 'email' | 'phone'>> & { readonly id: string; readonly password?: string };
  const lineOf = ({ nik, email, phone }: Citizen): Line => ({ id: `lama-${(serial += 1)}`, nik, email, phone });
  const finish = async ({ browser, page, citizen }: Way): Promise<void> => {
    expect((await enterCode(browser, page, await app.codeFor(citizen.phone))).text).to.include('Pendaftaran berhasil');
  };
  const accountOf = async ({ nik }: Citizen): Promise<{ id: AccountId | undefined; legacyId: string | undefined }> => {
    const account = await app.store.accounts.findByNik(sensitive(nik as never));
    return { id: account?.id, legacyId: account === undefined ? undefined : await app.store.legacyIds.of(account.id) };
  };
  const eventsOf = async (type: 'account.former-recognised' | 'account.former-joined', id: string): Promise<number> =>
    (await app.store.audit.list({ type })).filter(({ accountId }) => accountId === id).length;

  it('does not go to who proved the NIK that it had by mistake', async () => {
    const [wrong, right] = [somebody(), somebody()];
    const line = lineOf(wrong);
    await importFormer(app, line);
    const way = await atCode(app, wrong);
    await replaceFormer(app, { ...line, nik: right.nik });
    const waiting = await app.store.formerAccounts.findByLegacyId(line.id);
    await finish(way);
    const made = await accountOf(wrong);
    expect([made.legacyId, made.id === waiting?.id]).to.deep.equal([undefined, false]);
    expect(await eventsOf('account.former-joined', made.id!)).to.equal(0);
    await finish(await atCode(app, right));
    expect(await accountOf(right), 'it has waited for its person').to.deep.equal({
      id: waiting!.id,
      legacyId: line.id,
    });
  });

  it('does not go to anybody by a NIK that another record claims as well', async () => {
    const citizen = somebody();
    const [line, other] = [lineOf(citizen), lineOf({ ...somebody(), nik: citizen.nik })];
    await importFormer(app, line);
    const way = await atCode(app, citizen);
    await importFormer(app, other);
    await finish(way);
    expect((await accountOf(citizen)).legacyId, 'nothing is guessed').to.equal(undefined);
    for (const { id } of [line, other])
      expect((await app.store.formerAccounts.findByLegacyId(id))?.legacyId).to.equal(id);
  });

  it('goes along all the same where its NIK has stayed', async () => {
    const citizen = somebody();
    const line = lineOf(citizen);
    const { sub } = (await importFormer(app, line)).subjects[0]!;
    const way = await atCode(app, citizen);
    await replaceFormer(app, { ...line, email: somebody().email });
    await finish(way);
    expect(await accountOf(citizen)).to.deep.equal({ id: sub, legacyId: line.id });
    expect(await eventsOf('account.former-joined', sub)).to.equal(1);
  });

  it('is not reached by the password of the line that stood in its place', async () => {
    const [wrong, right] = [somebody(), somebody()];
    const line = { ...lineOf(wrong), password: hash };
    const { sub } = (await importFormer(app, line)).subjects[0]!;
    const verify = app.container.passwords.verify.bind(app.container.passwords);
    const back = replaceHashing(app, {
      verify: async (...args) => {
        await replaceFormer(app, { ...line, nik: right.nik, password: await bcryptOf('Lain-Sekali9!') });
        return verify(...args);
      },
    });
    const page = await attempt(app, new Browser(), wrong.nik, FORMER);
    back();
    expect(page.status).to.equal(422);
    expect(await eventsOf('account.former-recognised', sub)).to.equal(0);
    expect((await app.store.formerAccounts.findByLegacyId(line.id))?.recognisedAt).to.equal(undefined);
  });

  it('is reached by the right password typed twice at the same moment, each time', async () => {
    const citizen = somebody();
    await importFormer(app, { ...lineOf(citizen), password: hash });
    const browsers = [new Browser(), new Browser()];
    const pages = await Promise.all(
      browsers.map(async (browser) =>
        signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, FORMER),
      ),
    );
    expect(pages.map(({ url }) => url.pathname.replace(/^.*\/register/, ''))).to.deep.equal(['/identity', '/identity']);
  });
});
