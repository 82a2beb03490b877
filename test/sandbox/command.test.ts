import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { runAsProcess, runHere, type Ran } from '../support/command-line.ts';

const SECRET = 'rahasia-hanya-untuk-pengujian';

interface Report {
  readonly client_id: string;
  readonly passed: boolean;
  readonly findings: readonly {
    readonly scenario: string;
    readonly title: string;
    readonly state: string;
    readonly remedy?: string;
  }[];
}

describe('The command client check', function () {
  this.timeout(120_000);
  let app: TestApp;
  let example: ChildProcess | undefined;
  before(async () => {
    app = await startTestApp();
  });
  after(async () => {
    if (example?.exitCode === null) {
      example.kill();
      await once(example, 'close');
    }
    await app.close();
  });

  /** @param run  in this process, which is sooner done; once as an operator runs it. */
  const sso = (args: readonly string[], run = runHere): Promise<Ran> =>
    run(['client', 'check', ...args], {
      directory: app.config.dataDir,
      input: '',
      env: { NODE_ENV: 'test', DATA_DIR: app.config.dataDir, DATABASE_URL: app.database.url, ISSUER: app.url },
    });

  it('takes the Express example through every point, and says so in words and in JSON', async () => {
    const port = await freePort();
    const home = `http://localhost:${port}`;
    await app.addClient({
      metadata: {
        client_id: 'contoh-express',
        client_name: 'Contoh Express',
        redirect_uris: ['https://express.test/callback'],
        backchannel_logout_uri: 'https://express.test/logout',
        test_redirect_uris: [`${home}/callback`],
        test_backchannel_logout_uri: `${home}/backchannel-logout`,
        scope: 'openid profile email',
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secret: SECRET,
    });
    example = spawn(process.execPath, [fileURLToPath(new URL('../../examples/express/server.js', import.meta.url))], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        SESSION_SECRET: 'panjang-dan-acak-untuk-pengujian',
        ISSUER: `${app.url}/sandbox`,
        CLIENT_ID: 'contoh-express',
        CLIENT_SECRET: SECRET,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(example.stdout!, 'data');

    const { code, stdout, stderr } = await sso(['contoh-express', '--start', `${home}/login`, '--json'], runAsProcess);
    expect(code, stderr + stdout).to.equal(0);
    const report = JSON.parse(stdout) as Report;
    expect(report).to.deep.include({ client_id: 'contoh-express', passed: true });
    expect(
      report.findings.filter(({ state }) => state !== 'passed').map(({ scenario, state }) => [scenario, state]),
    ).to.deep.equal([['refresh', 'not-applicable']]);
    expect(
      await app.container.checks.hasPassed(
        'contoh-express',
        (await app.store.clients.find('contoh-express'))!.metadata,
      ),
    ).to.equal(true);
  });

  it('ends with 1 and the remedies where a service does not pass', async () => {
    const { code, stdout, stderr } = await sso(['contoh-express', '--start', `${app.url}/help`]);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^failed +Plain sign-in +The start address does not lead to the sandbox/m);
    expect(stderr).to.include('has not passed');
  });

  it('refuses what cannot be tried', async () => {
    await app.addClient({
      metadata: { client_id: 'tanpa-uji', client_name: 'x', redirect_uris: ['https://x.test/cb'] },
    });
    for (const [args, words] of [
      [['tiada', '--start', 'http://localhost:1/'], 'there is no client tiada'],
      [['tanpa-uji', '--start', 'http://localhost:1/'], 'no test redirect URI'],
      [['contoh-express'], '--start must be'],
      [['contoh-express', '--start', 'file:///etc/passwd'], '--start must be'],
    ] as const) {
      const { code, stderr } = await sso(args);
      expect(code, stderr).to.equal(1);
      expect(stderr).to.include(words);
    }
  });
});
