import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { citizens } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { attempt, openSignIn } from './attempts.ts';

const { budi, ratna } = citizens;

describe('Sign-in: who can come in', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    karirhub = await createRelyingParty(app);
    await addAccount(app, budi);
  });
  after(() => app.close());

  const spellings: readonly string[] = [
    '9901010101900001',
    ' 9901 0101 0190 0001 ',
    '9901.0101.0190.0001',
    '9901-010101-90-0001',
    '９９０１０１０１０１９００００１',
    'budi@contoh.test',
    '  Budi@CONTOH.Test\t',
    '081234567890',
    '0812-3456-7890',
    '81234567890',
    '6281234567890',
    '+62 812 3456 7890',
    '+62 0812 3456 7890',
    '0062 812 3456 7890',
    '(0812) 3456.7890',
    '０８１２３４５６７８９０',
  ];
  for (const identifier of spellings) {
    it(`knows the citizen as "${identifier}"`, async () => {
      expect((await attempt(app, new Browser(), identifier, budi.password)).status).to.equal(303);
    });
  }

  it('takes the password in whatever Unicode form the keyboard makes', async () => {
    const citizen = { ...ratna, password: 'Caf\u00e9-Melati8#' };
    await addAccount(app, citizen);
    expect((await attempt(app, new Browser(), ratna.nik, 'Cafe\u0301-Melati8#')).status).to.equal(303);
  });

  const empties: readonly { identifier: string; password: string; sentences: readonly string[] }[] = [
    { identifier: '', password: '', sentences: ['identifier', 'password'] },
    { identifier: ' \t ', password: 'x', sentences: ['identifier'] },
    { identifier: budi.nik, password: '', sentences: ['password'] },
  ];
  for (const { identifier, password, sentences } of empties) {
    it(`points at what is missing: ${sentences.join(' and ')}`, async () => {
      const page = await attempt(app, new Browser(), identifier, password);
      expect(page.status).to.equal(422);
      for (const name of ['identifier', 'password']) {
        const invalid = new RegExp(`<input[^>]*name="${name}"[^>]*aria-invalid="true"`).test(page.html);
        expect(invalid, name).to.equal(sentences.includes(name));
        if (invalid) expect(page.html).to.include(`href="#${name}"`);
      }
    });
  }

  it('keeps what was typed but the password, and the tick beside it', async () => {
    const page = await attempt(app, new Browser(), '"><script>alert(1)</script>', 'Rahasia#Canary1', {
      remember: 'yes',
    });
    expect(page.status).to.equal(422);
    expect(page.form('identifier').fields).to.include({
      identifier: '"><script>alert(1)</script>',
      password: '',
      remember: 'yes',
    });
    expect(page.html).not.to.include('<script>alert').and.not.to.include('Canary');
  });

  it('stays signed in beyond the browser only where the citizen ticked it', async () => {
    for (const [further, isKept] of [
      [{ remember: 'yes' }, true],
      [{}, false],
    ] as const) {
      const browser = new Browser();
      const answer = await attempt(app, browser, budi.nik, budi.password, further);
      const session = answer.headers.getSetCookie().find((line) => line.startsWith('session='));
      expect(session, 'a session cookie')
        .to.match(/httponly/i)
        .and.match(/samesite=lax/i);
      expect(/expires=/i.test(session ?? ''), JSON.stringify(further)).to.equal(isKept);
    }
  });

  it('answers a sign-in of the second service at once, and gives it only what it asked for', async () => {
    const browser = new Browser();
    const first = await visit(browser, karirhub);
    const home = await signIn(browser, first.page, budi.email, budi.password);
    expect(isHome(home, karirhub)).to.equal(true);
    const { claims } = await karirhub.receive(home, first.request);
    expect(claims).to.include({ name: budi.name, email: budi.email, acr: 'urn:siapkerja:acr:password' });
    expect(claims.amr).to.deep.equal(['pwd']);

    const bare = await createRelyingParty(app, { name: 'Bare', scope: 'openid' });
    const second = await visit(browser, bare);
    expect(isHome(second.page, bare)).to.equal(true);
    const atBare = (await bare.receive(second.page, second.request)).claims;
    expect(atBare).to.include({ sub: claims.sub });
    expect(atBare).not.to.have.any.keys('name', 'email', 'phone_number', 'nik');
  });

  it('gives the browser a new session at sign-in, so that one planted before is worth nothing', async () => {
    const browser = new Browser();
    const page = await openSignIn(app, browser);
    const before = browser.cookie('session');
    await signIn(browser, page, budi.nik, budi.password);
    const after = browser.cookie('session');
    expect(after).to.be.a('string').and.not.equal(before);
  });

  it('survives what no keyboard sends', async () => {
    for (const identifier of [
      '\u0000',
      `${budi.nik}\u0000`,
      'a\u0000@b.test',
      '\ud83d\ude00',
      '\u202e9901010101900001x',
      'x'.repeat(4000),
      "' or 1=1 --",
    ]) {
      expect(
        (await attempt(app, new Browser(), identifier, 'Kopi\u0000')).status,
        JSON.stringify(identifier.slice(0, 30)),
      ).to.equal(422);
    }
    expect(
      (await attempt(app, new Browser(), budi.nik, `${budi.password}\u0000`)).status,
      'no truncation at a NUL',
    ).to.be.oneOf([422, 429]);
    expect((await attempt(app, new Browser(), budi.nik, 'x'.repeat(9000))).status).to.be.oneOf([422, 429]);
  });
});
