import { expect } from 'chai';
import {
  addKey,
  cookieKeyId,
  parseKeyring,
  removeKey,
  useKey,
  writeKeyring,
  type KeyringDocument,
} from '../../src/crypto/keyring-document.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { startServer, type RunningServer } from '../../src/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { newDocument } from '../crypto/keys.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';

const { budi } = citizens;

describe('Cookie keys, while one is replaced', () => {
  const first = parseKeyring(JSON.stringify(newDocument()));
  const { document: known, id } = addKey(first, 'cookies', systemRandom);
  const used = useKey(known, 'cookies', id);
  const done = removeKey(used, 'cookies', cookieKeyId(first.cookies[0]!));
  let app: TestApp;
  const others: RunningServer[] = [];

  /** Another instance on the same database, with that keyring. @returns its port. */
  async function instanceWith(document: KeyringDocument): Promise<number> {
    const port = await freePort();
    others.push(
      await startServer({
        config: { ...app.config, keyring: writeKeyring(document), http: { ...app.config.http, port } },
        log: createLog({ level: 'silent' }),
        clock: app.clock,
      }),
    );
    return port;
  }
  before(async () => {
    app = await startTestApp({ keyring: writeKeyring(known) });
    await addAccount(app, budi);
  });
  after(async () => {
    for (const other of others) await other.close();
    await app.close();
  });

  const isSignedIn = async (browser: Browser, port: number): Promise<boolean> =>
    (await browser.open(`http://localhost:${port}/`)).text.includes(budi.name.split(' ')[0]!);
  async function signedIn(port: number): Promise<Browser> {
    const browser = new Browser();
    await signIn(browser, await browser.open(`http://localhost:${port}/portal/sign-in`), budi.nik, budi.password);
    return browser;
  }

  it('nobody is signed out: instances before and after the change take each other’s cookies; who was away for the whole time signs in again', async () => {
    const before = Number(new URL(app.url).port);
    const after = await instanceWith(used);
    const last = await instanceWith(done);
    const using = await signedIn(before);
    const away = await signedIn(before);
    expect(await isSignedIn(using, after)).to.equal(true);
    expect(await isSignedIn(using, before)).to.equal(true);
    // Each use signs a cookie anew, so that only who was away for the whole time is asked again.
    expect(await isSignedIn(using, after)).to.equal(true);
    expect(await isSignedIn(using, last)).to.equal(true);
    expect(await isSignedIn(away, last)).to.equal(false);
  });
});
