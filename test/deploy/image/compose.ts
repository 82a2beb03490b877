/**
 * What `npm run test:image` asks of deploy/compose, run: docs/operasi/install.md followed, and what upgrade.md and
 * backup.md do to it.
 */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../../src/config.ts';
import { createCore, type Core } from '../../../src/core.ts';
import { createAuthority, createServerCertificate } from '../../../src/dev/certificate.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { addAccount } from '../../support/accounts.ts';
import { addClient } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { somebody } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { SYSTEM_POSTGRES } from '../../support/system-postgres.ts';
import { until } from '../../support/until.ts';
import { ENGINE } from './launch.ts';
import { blocksOf, createProject, type Project } from './project.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const NAME = 'localhost';
const ISSUER = `https://${NAME}`;
const INSTANCES = ['sso-1', 'sso-2'] as const;
const STORES = ['postgres', 'redis'] as const;
const someone = somebody({ email: 'warga@contoh.id' });
/** Partners that are not there: nobody registers here. How busy this machine is, is none of the tests' business. */
const settings = {
  ISSUER,
  DUKCAPIL_URL: 'https://127.0.0.1:9',
  SMS_HTTP_URL: 'https://127.0.0.1:9/sms',
  OVERLOAD_LAG_MS: '30000',
  REDIS_TIMEOUT_MS: '10000',
};

describe('deploy/compose, run', function () {
  // Each start costs the proxy up to 45 seconds, with podman.
  this.timeout(900_000);
  const trusted = getCACertificates('default');
  const authority = createAuthority('SIAPkerja SSO, tests');
  const browser = new Browser();
  let project: Project;
  let core: Core;
  let karirhub: RelyingParty;

  const addressOf = (service: string): string =>
    Object.values(project.file.services[service].networks as Record<string, { ipv4_address?: string }>).flatMap(
      ({ ipv4_address: address }) => address ?? [],
    )[0] ?? '';
  /** The address of a store as the machine itself reaches it. */
  const fromHere = (secret: string): string =>
    project.secret(secret).replace(/@(\w+)/, (_, service: string) => `@${addressOf(service)}`);
  const openCore = (): Core => {
    const url = fromHere('database-url');
    const environment = {
      KEYRING: join(project.directory, 'secrets/keyring.json'),
      DATABASE_URL: url,
      REDIS_URL: fromHere('redis-url'),
    };
    return createCore({
      config: loadConfig({ ...environment, NODE_ENV: 'test', ISSUER }),
      databaseUrl: url,
      log: createLog({ level: 'silent' }),
    });
  };
  const monitoring = async (service: string, path: string): Promise<number> =>
    (await fetch(`http://${addressOf(service)}:9464${path}`)).status;
  /** Until the proxy reaches it, by the line of the guide: the machine may, long before. */
  const isReached = (service: string): Promise<string> =>
    project.type(
      (
        /until [^;]*; do sleep 1; done/.exec(
          blocksOf('upgrade.md', 'With containers and on Kubernetes')[0] ?? '',
        )?.[0] ?? 'false'
      ).replace('sso-1', service),
    );
  const isSignedIn = async (): Promise<void> => {
    const { page } = await visit(browser, karirhub);
    expect(isHome(page, karirhub), page.text.slice(0, 200)).to.equal(true);
  };

  before(async () => {
    setDefaultCACertificates([...trusted, authority.cert]);
    const { cert, key } = createServerCertificate(authority, [NAME]);
    const given = {
      'dukcapil-password': 'rahasia',
      'dukcapil-ca.pem': authority.cert,
      'sms-headers.json': '{"content-type":"application/json","authorization":"Bearer rahasia"}',
      'smtp-url': 'smtp://127.0.0.1:9',
      'tls.crt': cert,
      'tls.key': key,
    };
    project = await createProject({ name: NAME, settings, given });
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    // Where a test before has failed there may be neither.
    await (core as Core | undefined)?.close();
    (project as Project | undefined)?.close();
  });

  it('has from the guide each secret that it names, and nobody reads one but who needs it', () => {
    const secrets = join(project.directory, 'secrets');
    expect(readdirSync(secrets).sort()).to.deep.equal(Object.keys(project.file.secrets as object).sort());
    expect(statSync(secrets).mode & 0o777).to.equal(0o700);
    for (const name of readdirSync(secrets)) {
      const { mode, uid } = statSync(join(secrets, name));
      const users = Object.values(
        project.file.services as Record<string, { secrets?: string[]; user: string }>,
      ).flatMap(({ secrets: taken = [], user }) => (taken.includes(name) ? Number(user.split(':')[0]) : []));
      expect([mode & 0o777, ...new Set(users)], name).to.deep.equal([0o600, uid]);
    }
  });

  it('starts in order, and everybody is well in the end', async () => {
    await project.type('docker compose up --detach');
    for (const service of Object.keys(project.file.services as object)) {
      const { State } = project.inspect(service);
      if (service === 'migrate') expect([State.Status, State.ExitCode], service).to.deep.equal(['exited', 0]);
      else expect(State.Status, service).to.equal('running');
    }
    for (const service of [...INSTANCES, ...STORES])
      expect(project.inspect(service).State.Health?.Status, service).to.equal('healthy');
  });

  it('has every container confined as the file says', () => {
    for (const [service, { user }] of Object.entries(project.file.services as Record<string, { user: string }>)) {
      if (service === 'migrate') continue;
      const { HostConfig, State } = project.inspect(service);
      expect(HostConfig.ReadonlyRootfs, service).to.equal(true);
      const status = execFileSync('cat', [`/proc/${String(State.Pid)}/status`], { encoding: 'utf8' });
      expect(status, service)
        .to.match(/CapEff:\s+0+\n/)
        .and.match(/CapBnd:\s+0+\n/)
        .and.match(/NoNewPrivs:\s+1\n/)
        .and.match(new RegExp(`Uid:\\s+${user.split(':')[0] ?? ''}\\s`));
    }
  });

  it('answers through the proxy by TLS, and shows the public nothing else', async () => {
    const discovery = await fetch(`${ISSUER}/.well-known/openid-configuration`);
    expect([discovery.status, ((await discovery.json()) as { issuer: string }).issuer]).to.deep.equal([200, ISSUER]);
    expect([(await fetch(`${ISSUER}/readyz`)).status, (await fetch(`${ISSUER}/metrics`)).status]).to.deep.equal([
      404, 404,
    ]);
    const plain = await fetch(`http://${NAME}/auth`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).to.deep.equal([308, `${ISSUER}/auth`]);
    for (const service of INSTANCES)
      expect([await monitoring(service, '/readyz'), await monitoring(service, '/metrics')], service).to.deep.equal([
        200, 200,
      ]);
  });

  it('shows the first page of a registration, and signs somebody in', async () => {
    core = openCore();
    karirhub = await createRelyingParty(
      { url: ISSUER, addClient: (client) => addClient(core, client) },
      { further: { first_party: true } },
    );
    await addAccount({ container: core }, someone);
    const registration = await visit(new Browser(), karirhub, { prompt: 'create' });
    expect(registration.page.url.pathname).to.match(/register\/identity$/);
    const { page, request } = await visit(browser, karirhub);
    const home = await signIn(browser, page, someone.email, someone.password);
    expect((await karirhub.receive(home, request)).claims.name).to.equal(someone.name);
  });

  it('has the command line beside it, which finds what is amiss and nothing else', () => {
    const { out, err } = project.compose('run', '--rm', '-T', 'migrate', 'src/cli.ts', 'doctor', '--json');
    const { findings } = JSON.parse(out) as { findings: { check: string; state: string; what: string }[] };
    // Partners are not there, no gateway reports, and "localhost" leads to no proxy from in there. What stands in front
    // of figures it cannot know.
    const amiss = findings.filter(({ state }) => state !== 'ok').map(({ check }) => check);
    expect(amiss.sort(), `${JSON.stringify(findings)}${err}`).to.deep.equal([
      'certificate',
      'civil registry',
      'figures',
      'mail',
      'public address',
      'sms',
      'sms receipts',
    ]);
  });

  it('loses nothing while one stops and comes back, then the other; while keys are added, and while each is replaced by a new release', async () => {
    let goes = true;
    const seen = new Map<string, number>();
    const asking = Array.from({ length: 3 }, async () => {
      while (goes) {
        const answer = await fetch(`${ISSUER}/auth?client_id=${karirhub.id}`, {
          redirect: 'manual',
          signal: AbortSignal.timeout(30_000),
        }).then(({ status }) => String(status), String);
        seen.set(answer, (seen.get(answer) ?? 0) + 1);
      }
    });
    const ids = (): string[] => INSTANCES.map((service) => project.inspect(service).Id as string);
    const keys = (): unknown => (JSON.parse(project.secret('keyring.json')) as { personalData: unknown }).personalData;
    const [former, known] = [ids(), keys()];
    try {
      for (const service of INSTANCES) {
        await project.type(`docker compose stop ${service}`);
        expect(project.inspect(service).State.ExitCode, service).to.equal(0);
        await isSignedIn();
        await project.type(`docker compose start ${service}`);
        await isReached(service);
      }
      await project.type(blocksOf('keys.md', 'Replacing a key of the keyring').at(-1) ?? '');
      expect(keys()).not.to.deep.equal(known);
      await isReached('sso-2');
      execFileSync(ENGINE, ['build', '--tag', 'sso:0.1.0', '-'], {
        input: 'FROM sso:0.1.0\nLABEL release=next\n',
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      await project.type(
        (blocksOf('upgrade.md', 'With containers and on Kubernetes')[0] ?? '').replace(/^git .*$/m, ''),
      );
      await isReached('sso-2');
    } finally {
      goes = false;
      await Promise.all(asking);
    }
    for (const [index, id] of ids().entries()) expect(id).not.to.equal(former[index]);
    await isSignedIn();
    // The service names no redirect_uri.
    const others = project
      .compose('logs', '--no-color', '--timestamps', 'proxy')
      .out.split('\n')
      .filter((line) => line.includes('"GET /auth" 503'));
    expect([...seen.keys()], `${JSON.stringify([...seen])}\n${others.slice(0, 5).join('\n')}`).to.deep.equal(['400']);
  });

  it('has its proxy started again while an instance is away', async () => {
    await project.type('docker compose stop sso-2 && docker compose restart proxy');
    await until('the proxy answers', async () => (await fetch(`${ISSUER}/jwks`)).status === 200);
    await isSignedIn();
    await project.type('docker compose start sso-2');
  });

  it('can be backed up from the machine itself', () => {
    const folder = join(project.directory, 'backups');
    mkdirSync(folder);
    writeFileSync(join(folder, '../database-url'), fromHere('database-url'), { mode: 0o600 });
    const written = execFileSync(join(root, 'deploy/backup/backup.sh'), [folder], {
      encoding: 'utf8',
      env: { PATH: `${SYSTEM_POSTGRES}:${process.env.PATH ?? ''}`, DATABASE_URL_FILE: join(folder, '../database-url') },
    });
    expect(written.trim()).to.match(/\.dump$/);
  });

  it('keeps everything over an end and a new beginning', async () => {
    await core.close();
    await project.type('docker compose down && docker compose up --detach');
    core = openCore();
    await isSignedIn();
  });
});
