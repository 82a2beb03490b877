import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { startExample, type Example } from './example.ts';
import { registerExample, SECRET } from './registration.ts';
import { buildSvelteKit } from './sveltekit.ts';

interface Stack {
  readonly name: string;
  /** Made by the package manager of its language, which the test run does not call. */
  readonly built: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: RegExp;
}

const STACKS: readonly Stack[] = [
  {
    name: 'php',
    built: 'php/vendor/autoload.php',
    command: 'php',
    args: ['-S', 'localhost:{port}', '-t', 'php/public', 'php/public/index.php'],
    ready: /Development Server/,
  },
  {
    name: 'spring-boot',
    built: 'spring-boot/target/contoh.jar',
    command: 'java',
    args: ['-jar', 'spring-boot/target/contoh.jar'],
    ready: /Started Application/,
  },
  { name: 'go', built: 'go/contoh', command: 'go/contoh', args: [], ready: /http:\/\/localhost/ },
];

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: RegExp;
  readonly remove?: () => Promise<void>;
}

/** Built here, where npm brings all that it takes. */
async function svelteKit(): Promise<Program> {
  const { server, remove } = await buildSvelteKit();
  return { command: process.execPath, args: [server], ready: /http:\/\/localhost/, remove };
}

/** Of the others those that somebody has built as their README says; else there is their syntax (syntax.test.ts). */
const builtBefore = STACKS.filter(({ built }) =>
  existsSync(fileURLToPath(new URL(`../../examples/${built}`, import.meta.url))),
);

/** The sign-in and both ways out. */
for (const { name, program } of [
  { name: 'sveltekit', program: svelteKit },
  ...builtBefore.map((stack) => ({ name: stack.name, program: (): Promise<Program> => Promise.resolve(stack) })),
]) {
  describe(`Examples: ${name}`, () => {
    let app: TestApp;
    let citizen: Citizen;
    let built: Program;
    let example: Example;
    let sessions: string;

    before(async () => {
      built = await program();
      app = await startTestApp();
      citizen = somebody();
      await addAccount(app, citizen);
      sessions = await mkdtemp(join(tmpdir(), 'sso-example-'));
      const port = await freePort();
      const settings = {
        ISSUER: app.url,
        CLIENT_ID: await registerExample(app, name, { type: 'web', port }),
        CLIENT_SECRET: SECRET,
        SESSIONS: sessions,
      };
      example = await startExample({
        ...built,
        args: built.args.map((arg) => arg.replace('{port}', String(port))),
        port,
        settings,
      });
    });
    after(async () => {
      await example.close();
      await app.close();
      await built.remove?.();
      await rm(sessions, { recursive: true, force: true });
    });

    it('leads whoever is signed in on where the same answer comes again', async () => {
      const browser = new Browser({ foreign: ({ pathname }) => pathname === '/callback' });
      const first = await browser.open(example.url);
      const answer = (
        await signIn(browser, await browser.open(first.link('Masuk dengan SIAPkerja')), citizen.nik, citizen.password)
      ).url;
      for (const _time of [1, 2, 3]) {
        const home = await browser.follow(await browser.request(answer));
        expect([home.status, home.url.href], home.text).to.deep.equal([200, `${example.url}/`]);
        expect(home.text).to.include(`Halo, ${citizen.name}`);
      }
    });

    it('signs in, and out when the person signs out elsewhere', async () => {
      const browser = new Browser();
      const home = await browser.open(example.url);
      const back = await signIn(
        browser,
        await browser.open(home.link('Masuk dengan SIAPkerja')),
        citizen.nik,
        citizen.password,
      );
      expect(back.url.href, back.text).to.equal(`${example.url}/`);
      expect(back.text).to.include(`Halo, ${citizen.name}`).and.include(citizen.email);
      await browser.submit(await browser.open(`${app.url}/session/end`), 'logout');
      await app.container.logouts.drain();
      expect((await browser.open(example.url)).text).to.include('Masuk dengan SIAPkerja');
    });

    it('signs out at the sign-on too', async () => {
      const browser = new Browser();
      const back = await signIn(
        browser,
        await browser.open((await browser.open(example.url)).link('Masuk dengan SIAPkerja')),
        citizen.nik,
        citizen.password,
      );
      const question = back.html.includes('href="/logout"')
        ? await browser.open(back.link('Keluar'))
        : await browser.follow(await browser.post(back, '/logout', {}, { headers: { origin: example.url } }));
      const gone = await browser.submit(question, 'logout');
      expect(gone.url.origin).to.equal(example.url);
      expect(gone.text).to.include('Masuk dengan SIAPkerja');
      expect(
        (await browser.open((await browser.open(example.url)).link('Masuk dengan SIAPkerja'))).url.origin,
      ).to.equal(app.url);
    });

    it('takes it in its stride when the person goes back without signing in', async () => {
      const browser = new Browser();
      const login = await browser.open((await browser.open(example.url)).link('Masuk dengan SIAPkerja'));
      const back = await browser.open(login.link('Kembali ke Contoh'));
      expect(back.text).to.include('Masuk dengan SIAPkerja');
    });
  });
}
