import { expect } from 'chai';
import { acr } from '../../src/domain/assurance.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { giveSecondFactor } from '../support/authenticator.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { register, signIn, toRegistration } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty, type SignInRequest } from '../support/relying-party.ts';
import { ask, enter } from './recovery/steps.ts';

const use = {
  purpose: { id: 'Mengirim undangan wawancara.', en: 'Sending invitations to interviews.' },
  legal_basis: 'consent',
} as const;

describe('Turning back, pressed twice', () => {
  let app: TestApp;
  let house: RelyingParty;
  let guest: RelyingParty;
  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    house = await createRelyingParty(app);
    guest = await createRelyingParty(app, {
      name: 'Mitra (contoh)',
      scope: 'openid profile email',
      further: { first_party: false, data_use: { email: use } },
    });
  });
  after(() => app.close());

  /** A page with a button or link that says no. */
  interface Place {
    readonly browser: Browser;
    readonly page: Page;
    readonly request: SignInRequest;
  }
  type Begin = (parameters?: Readonly<Record<string, string>>) => Promise<Place & { readonly citizen: Citizen }>;

  const begin =
    (service: () => RelyingParty): Begin =>
    async (parameters) => {
      const [citizen, browser] = [somebody(), new Browser()];
      const { page, request } = await visit(browser, service(), parameters);
      return { citizen, browser, page, request };
    };
  const atHouse = begin(() => house);
  const atGuest = begin(() => guest);

  const places: readonly (readonly [
    what: string,
    service: () => RelyingParty,
    no: string,
    reach: () => Promise<Place>,
    answer: 'no' | 'code',
  ])[] = [
    ['the sign-in page', () => house, 'cancel', () => atHouse(), 'no'],
    [
      'the first page of a registration',
      () => house,
      'cancel',
      async () => {
        const place = await atHouse();
        return { ...place, page: await toRegistration(place.browser, place.page) };
      },
      'no',
    ],
    [
      'the code of the second factor',
      () => house,
      'cancel',
      async () => {
        const place = await atHouse();
        await giveSecondFactor(app, await addAccount(app, place.citizen));
        return { ...place, page: await signIn(place.browser, place.page, place.citizen.nik, place.citizen.password) };
      },
      'no',
    ],
    [
      'a second factor that a service wishes for, back to the service',
      () => house,
      'cancel',
      async () => {
        const place = await atHouse({ acr_values: acr.twoFactor });
        await addAccount(app, place.citizen);
        return { ...place, page: await signIn(place.browser, place.page, place.citizen.nik, place.citizen.password) };
      },
      'no',
    ],
    [
      'a second factor that a service wishes for, on without',
      () => house,
      'second-factor/decline',
      async () => {
        const place = await atHouse({ acr_values: acr.twoFactor, prompt: 'login' });
        await addAccount(app, place.citizen);
        return { ...place, page: await signIn(place.browser, place.page, place.citizen.nik, place.citizen.password) };
      },
      'code',
    ],
    [
      'the page of consent',
      () => guest,
      'consent/decline',
      async () => {
        const place = await atGuest();
        await addAccount(app, place.citizen);
        return { ...place, page: await signIn(place.browser, place.page, place.citizen.nik, place.citizen.password) };
      },
      'no',
    ],
    [
      'the last page of a registration',
      () => guest,
      'register/decline',
      async () => {
        const place = await atGuest();
        return {
          ...place,
          page: await register(app, place.browser, await toRegistration(place.browser, place.page), place.citizen),
        };
      },
      'no',
    ],
    [
      'the last page of a registration that the service began',
      () => guest,
      'register/decline',
      async () => {
        const place = await atGuest({ prompt: 'create' });
        return { ...place, page: await register(app, place.browser, place.page, place.citizen) };
      },
      'no',
    ],
    [
      'the last page of a recovery',
      () => guest,
      'recover/decline',
      async () => {
        const place = await atGuest();
        await addAccount(app, place.citizen);
        const { browser, citizen } = place;
        const code = await ask(browser, await browser.open(place.page.link('Kendala masuk?')), citizen.phone);
        const password = await enter(browser, code, await app.codeFor(citizen.phone));
        return { ...place, page: await browser.submit(password, 'password', { password: 'Perahu-Layar9!' }) };
      },
      'no',
    ],
  ];

  interface Press {
    readonly url: string;
    readonly method: string;
    readonly body?: URLSearchParams;
  }
  function pressOf({ page }: Place, no: string): Press {
    if (no === 'cancel') return { url: page.link('/cancel'), method: 'GET' };
    const { action, method, sent } = page.form(no);
    return { url: action, method, body: new URLSearchParams(sent.map(([name, value]) => [name, value])) };
  }
  const send = ({ browser }: Place, { url, ...options }: Press): Promise<Page> => browser.request(url, options);
  /** The press arrives and works, and the browser hears nothing of it. */
  async function lose({ browser }: Place, { url, ...options }: Press): Promise<void> {
    const { status } = await fetch(url, {
      ...options,
      redirect: 'manual',
      headers: { cookie: browser.cookieHeader(new URL(url)), 'sec-fetch-site': 'same-origin' },
    });
    expect(status).to.equal(303);
  }

  async function expectAnswer(
    home: Page,
    service: RelyingParty,
    { request }: Place,
    answer: 'no' | 'code',
  ): Promise<void> {
    expect(isHome(home, service), `${home.status} ${home.url.href} ${home.text.slice(0, 200)}`).to.equal(true);
    expect(home.url.searchParams.get('state')).to.equal(request.state);
    if (answer === 'no')
      expect([home.url.searchParams.get('error'), home.url.searchParams.get('iss')]).to.deep.equal([
        'access_denied',
        app.url,
      ]);
    else await service.receive(home, request);
  }

  for (const [what, service, no, reach, answer] of places) {
    describe(`at ${what}`, () => {
      it('leads the same way where the first answer was lost', async () => {
        const place = await reach();
        const press = pressOf(place, no);
        await lose(place, press);
        for (const _time of [2, 3])
          await expectAnswer(await place.browser.follow(await send(place, press)), service(), place, answer);
      });

      it('leads the same way where the first answer came, too', async () => {
        const place = await reach();
        const press = pressOf(place, no);
        const first = await place.browser.follow(await send(place, press));
        const again = await place.browser.follow(await send(place, press));
        await expectAnswer(again, service(), place, answer);
        const words = ({ url }: Page): string | undefined =>
          url.searchParams.get('error_description')?.replace(/ \(help code.*/, '');
        expect(words(again)).to.equal(words(first));
      });

      it('leads all of four presses of one moment the same way', async () => {
        const place = await reach();
        const press = pressOf(place, no);
        const answers = await Promise.all([1, 2, 3, 4].map(() => send(place, press)));
        for (const one of answers) await expectAnswer(await place.browser.follow(one), service(), place, answer);
      });
    });
  }

  it('leads to a service that wants its answer by a form with that form', async () => {
    const place = await atHouse({ response_mode: 'form_post' });
    const press = pressOf(place, 'cancel');
    for (const _time of [1, 2]) {
      const form = await place.browser.follow(await send(place, press));
      expect([
        form.status,
        form.forms[0]?.action,
        form.forms[0]?.fields.error,
        form.forms[0]?.fields.state,
      ]).to.deep.equal([400, `${house.origin}/cb`, 'access_denied', place.request.state]);
    }
  });

  it('leads from the account pages back to where it began', async () => {
    const [citizen, browser] = [somebody(), new Browser()];
    await addAccount(app, citizen);
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const page = await browser.open(`${app.url}/account/security/enrol`);
    const place = { browser, page, request: await house.begin() };
    const press = pressOf(place, 'cancel');
    await lose(place, press);
    expect((await browser.follow(await send(place, press))).url.pathname).to.equal('/account/security');
  });

  it('is no answer to another button: whoever goes back and signs in is asked to sign in', async () => {
    const place = await atHouse();
    await addAccount(app, place.citizen);
    await place.browser.follow(await send(place, pressOf(place, 'cancel')));
    const anew = await signIn(place.browser, place.page, place.citizen.nik, place.citizen.password);
    expect(anew.url.pathname).to.match(/\/login$/);
    expect(isHome(await signIn(place.browser, anew, place.citizen.nik, place.citizen.password), house)).to.equal(true);
  });

  it('leads home where the sign-in was faster, and to the page that tells of the end after two minutes or in another browser', async () => {
    const place = await atHouse();
    await addAccount(app, place.citizen);
    await lose(place, {
      ...pressOf(place, 'login'),
      body: new URLSearchParams({
        ...place.page.form('identifier').fields,
        identifier: place.citizen.nik,
        password: place.citizen.password,
      }),
    });
    await expectAnswer(await place.browser.follow(await send(place, pressOf(place, 'cancel'))), house, place, 'code');

    const late = await atHouse();
    const press = pressOf(late, 'cancel');
    await send(late, press);
    const other = new Browser();
    await other.open(app.url);
    expect((await other.open(press.url)).status).to.equal(403);
    await app.database
      .knex('protocol_state')
      .where('model', 'EndedSignIn')
      .update({ expires_at: app.database.knex.raw('now()') });
    const ended = await late.browser.follow(await send(late, press));
    expect([ended.status, ended.url.pathname.split('/').at(-1)]).to.deep.equal([410, 'cancel']);
  });
});
