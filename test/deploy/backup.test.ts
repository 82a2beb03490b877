import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig, type Config } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { startServer } from '../../src/server.ts';
import { createKnex, migrate } from '../../src/store/knex.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import {
  hasSystemPostgres,
  startSystemPostgres,
  SYSTEM_POSTGRES,
  type SystemPostgres,
} from '../support/system-postgres.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { budi } = citizens;
const silent = createLog({ level: 'silent' });

(hasSystemPostgres() ? describe : describe.skip)('A backup by deploy/backup', function () {
  this.timeout(120_000);
  let directory: string;
  let backups: string;
  let server: SystemPostgres;
  let oldUrl: string;
  let emptyUrl: string;
  let old: Core;

  const configOf = async (url: string): Promise<Config> => {
    const port = await freePort();
    return loadConfig(
      { NODE_ENV: 'test' },
      {
        dataDir: directory,
        http: { port, issuer: `http://localhost:${port}` },
        database: { url },
        simulator: { port: 0 },
      },
    );
  };
  function run(
    script: 'backup' | 'restore',
    argument: string | readonly string[],
    env: Readonly<Record<string, string>>,
    programs = '',
  ): { status: number | null; stdout: string; stderr: string } {
    const path = [programs, SYSTEM_POSTGRES, process.env.PATH].filter(Boolean).join(':');
    const { status, stdout, stderr } = spawnSync(join(root, `deploy/backup/${script}.sh`), [argument].flat(), {
      env: { PATH: path, ...env },
      encoding: 'utf8',
    });
    return { status, stdout: stdout.trim(), stderr };
  }

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sso-backup-'));
    backups = join(directory, 'backups');
    mkdirSync(backups);
    server = await startSystemPostgres();
    [oldUrl, emptyUrl] = [await server.make('old'), await server.make('restored')];
    const knex = createKnex({ url: oldUrl, poolMax: 2, statementTimeoutMs: 0 });
    await migrate(knex).finally(() => knex.destroy());
    old = createCore({ config: await configOf(oldUrl), databaseUrl: oldUrl, log: silent });
    await addAccount({ container: old }, budi);
    await old.knex('counters').insert({ key: 'c', points: 1 });
  });
  after(async () => {
    await old.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('refuses to write to where the keyring is', () => {
    const { status, stderr } = run('backup', directory, {
      DATABASE_URL: oldUrl,
      KEYRING: join(directory, 'keyring.json'),
    });
    expect([status, stderr]).to.deep.equal([
      1,
      `backup: the keyring lies in ${directory}: keep it where no backup is\n`,
    ]);
  });

  it('says what is missing before anything is written', () => {
    const folder = join(directory, 'untouched');
    mkdirSync(folder);
    expect(run('backup', folder, {}).stderr).to.equal('backup: set DATABASE_URL or DATABASE_URL_FILE\n');
    expect(run('backup', folder, { DATABASE_URL_FILE: '/nowhere' }).stderr).to.equal(
      'backup: DATABASE_URL_FILE=/nowhere cannot be read\n',
    );
    expect(run('backup', folder, { DATABASE_URL: oldUrl, BACKUP_RECIPIENTS: '/nowhere' }).stderr).to.match(
      /^backup: (?:age is not installed: apt install age|BACKUP_RECIPIENTS=\/nowhere cannot be read)/,
    );
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('goes into an empty database, and whoever had an account signs in with it', async () => {
    const url = join(directory, 'database-url');
    writeFileSync(url, `${oldUrl}\n`, { mode: 0o600 });
    const made = run('backup', backups, { DATABASE_URL_FILE: url });
    expect([made.status, made.stderr]).to.deep.equal([0, '']);
    expect(made.stdout).to.match(/\/backups\/sso-\d{8}T\d{6}Z\.dump$/);
    expect(readdirSync(backups), 'nothing half done').to.have.lengthOf(2);

    const restored = run('restore', made.stdout, { DATABASE_URL: emptyUrl });
    expect(restored).to.deep.equal({ status: 0, stdout: 'restored: 1 accounts', stderr: '' });

    const running = await startServer({ config: await configOf(emptyUrl), log: silent });
    try {
      const { store, knex, audit, config } = running.container;
      const browser = new Browser();
      const page = await signIn(
        browser,
        await browser.open(`${config.http.issuer}/portal/sign-in`),
        budi.nik,
        budi.password,
      );
      expect(page.text).to.include(budi.name);
      expect(await audit.verify(store), 'the audit chain is whole').to.equal(undefined);
      expect(await knex('counters').where({ key: 'c' }), 'what ran out long ago').to.deep.equal([]);
    } finally {
      await running.close();
    }
    expect(run('restore', made.stdout, { DATABASE_URL: emptyUrl }).stderr, 'over something').to.match(
      /^restore: the database is not empty/,
    );
  });

  it('for a drill comes without what waited: nobody hears from a copy', async () => {
    const drillUrl = await server.make('drill');
    const waiting = { locale: 'id', sealed: Buffer.alloc(1), next_attempt_at: new Date(), created_at: new Date() };
    await old.knex('messages').insert([
      { ...waiting, id: old.random.uuid(), channel: 'sms', purpose: 'activation-code' },
      {
        ...waiting,
        id: old.random.uuid(),
        channel: 'email',
        purpose: 'confirm-email',
        state: 'sent',
        sealed: null,
        finished_at: new Date(),
      },
    ]);
    await old.knex('logout_notices').insert({
      account_id: old.random.uuid(),
      client_id: 'uji',
      reason: 'sign-out',
      next_attempt_at: new Date(),
      created_at: new Date(),
    });
    const folder = join(directory, 'for-a-drill');
    mkdirSync(folder);
    const made = run('backup', folder, { DATABASE_URL: oldUrl });
    const restored = run('restore', ['--drill', made.stdout], { DATABASE_URL: drillUrl });
    expect(restored).to.deep.equal({
      status: 0,
      stdout: 'dropped, for a drill: 1 messages and 1 logout notices that waited\nrestored: 1 accounts',
      stderr: '',
    });
    const copy = createKnex({ url: drillUrl, poolMax: 2, statementTimeoutMs: 0 });
    try {
      expect([await copy('messages').pluck('state'), await copy('logout_notices').pluck('state')]).to.deep.equal([
        ['sent'],
        [],
      ]);
    } finally {
      await copy.destroy();
      for (const table of ['messages', 'logout_notices']) await old.knex(table).delete();
    }
  });

  it('puts the password of the database on no command line', () => {
    const [programs, heard] = [join(directory, 'programs'), join(directory, 'heard')];
    mkdirSync(programs);
    for (const name of ['psql', 'pg_dump', 'pg_restore']) {
      writeFileSync(
        join(programs, name),
        `#!/bin/sh\necho "${name} $* [$PGPASSWORD]" >> '${heard}'\nexec '${SYSTEM_POSTGRES}/${name}' "$@"\n`,
        { mode: 0o755 },
      );
    }
    const folder = join(directory, 'others');
    mkdirSync(folder);
    const withPassword = (url: string): string => url.replace('//sso@', '//sso:rahasia%40%5C%25%2f@');
    const made = run('backup', folder, { DATABASE_URL: withPassword(oldUrl) }, programs);
    expect([made.status, made.stderr]).to.deep.equal([0, '']);
    expect(
      run('restore', made.stdout, { DATABASE_URL: withPassword(emptyUrl) }, programs).stderr,
      'it got as far as asking',
    ).to.match(/^restore: the database is not empty/);
    const calls = readFileSync(heard, 'utf8').trim().split('\n');
    expect(calls.filter((call) => call.includes('postgres://'))).to.have.lengthOf.at.least(3);
    for (const call of calls)
      expect(call)
        .to.match(/ \[rahasia@\\%\/\]$/)
        .and.not.match(/rahasia.* \[/);
  });

  it('is refused when it is not what was written', () => {
    const [file = ''] = readdirSync(backups).filter((name) => name.endsWith('.dump'));
    const copy = join(directory, file);
    copyFileSync(join(backups, file), copy);
    expect(run('restore', copy, { DATABASE_URL: emptyUrl }).stderr, 'nobody can tell').to.match(
      /^restore: there is no .*sha256/,
    );
    copyFileSync(join(backups, `${file}.sha256`), `${copy}.sha256`);
    appendFileSync(copy, 'x');
    expect(run('restore', copy, { DATABASE_URL: emptyUrl }).stderr).to.match(
      /^restore: the file is not the one that was written/,
    );
  });
});
