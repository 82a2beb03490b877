import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { createClientService } from '../src/admin/clients/service.ts';
import type { AccountId } from '../src/domain/account.ts';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config.ts';
import { createCore, type Core } from '../src/core.ts';
import { addKey, parseKeyring, writeKeyring } from '../src/crypto/keyring-document.ts';
import { loadKeyring } from '../src/crypto/keyring.ts';
import { createSealer } from '../src/crypto/seal.ts';
import { isLiveSecret } from '../src/domain/client.ts';
import type { Email } from '../src/domain/email.ts';
import { todayIn } from '../src/domain/day.ts';
import { sensitive } from '../src/domain/sensitive.ts';
import { createKeyRotation } from '../src/oidc/key-rotation.ts';
import { sealedColumns } from '../src/store/sealed.ts';
import { startEmbedded } from '../src/store/embedded.ts';
import { createLog } from '../src/telemetry/log.ts';
import { png } from './support/pictures.ts';
import { runAsProcess, runHere, type Ran } from './support/command-line.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { until } from './support/until.ts';

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /**
   * In a process of its own, where that makes a difference: most commands are the same, and much sooner done, in this
   * one.
   */
  readonly process?: boolean;
}

describe('The command line', function () {
  this.timeout(300_000);
  this.slow(10_000);
  let directory: string;
  let database: TestDatabase;
  let core: Core;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'siapkerja-cli-'));
    // PostgreSQL runs as another user when we are root, and has to pass here.
    chmodSync(directory, 0o711);
    database = await createTestDatabase();
    core = createCore({
      config: loadConfig({ NODE_ENV: 'test', DATA_DIR: directory }),
      databaseUrl: database.url,
      log: createLog({ level: 'silent' }),
    });
  });
  after(async () => {
    await core.close();
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** In a directory of its own: a developer's `.env` is none of the tests' business. */
  function sso(args: readonly string[], { env = {}, input = '', process = false }: Options = {}): Promise<Ran> {
    const surroundings = {
      directory,
      input,
      env: { NODE_ENV: 'test', DATA_DIR: directory, DATABASE_URL: database.url, ...env },
    };
    return process ? runAsProcess(args, surroundings) : runHere(args, surroundings);
  }

  /** The one JSON document of a command that must succeed. */
  async function json<T>(args: readonly string[], options: Options = {}): Promise<T> {
    const { code, stdout, stderr } = await sso([...args, '--json'], options);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  }

  const production = (issuer = 'https://akun.contoh.test'): Record<string, string> => ({
    NODE_ENV: 'production',
    ISSUER: issuer,
    KEYRING: join(directory, 'keyring.json'),
    DUKCAPIL_URL: 'http://127.0.0.1:1',
    DUKCAPIL_PASSWORD: 'bukan-yang-simulasi',
    DUKCAPIL_USER_ID: 'pemakai-kami',
    DUKCAPIL_IP: '203.0.113.10',
    HELP_EMAIL: 'bantuan@layanan.example',
    DPO_EMAIL: 'dpo@layanan.example',
    SMS_DRIVER: 'http',
    SMS_HTTP_URL: 'http://127.0.0.1:1/sms',
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'SIAPkerja ID <tidak-dibalas@layanan.example>',
  });

  describe('as such', () => {
    const misuses: [string, readonly string[]][] = [
      ['no command', []],
      ['an unknown command', ['operators']],
      ['a command that wants another', ['client']],
      ['an unknown type', ['client', 'create', '--name', 'Uji', '--type', 'desktop']],
      ['flags beside a document', ['client', 'create', '--name', 'Uji', '--metadata', '-']],
      ['an update of nothing', ['client', 'update', 'x']],
    ];
    for (const [what, args] of misuses) {
      it(`exits with 2 for ${what}, and says so on standard error alone`, async () => {
        const { code, stdout, stderr } = await sso([...args, '--json']);
        expect(code).to.equal(2);
        expect(stdout).to.equal('');
        expect(stderr).not.to.equal('');
      });
    }

    it('is a process that ends with the code of its command', async () => {
      for (const [args, code] of [
        [['--help'], 0],
        [['client', 'show', 'tiada'], 1],
        [['operators'], 2],
      ] as const) {
        expect(await sso(args, { process: true })).to.include({ code });
      }
    });

    it('shows its help on demand', async () => {
      const { code, stdout } = await sso(['--help']);
      expect(code).to.equal(0);
      expect(stdout).to.include('doctor');
    });

    it('tells every mistake of the settings and refuses', async () => {
      const { code, stdout, stderr } = await sso(['purge', '--json'], { env: { PORT: 'tiga', ISSUER: 'ftp://x' } });
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr)
        .to.match(/PORT/)
        .and.match(/ISSUER/);
    });
  });

  describe('for the former interface', () => {
    it('tells who still calls it, and by which id people were known', async () => {
      const document = {
        client_name: 'Lama',
        type: 'web',
        redirect_uris: ['https://rp.test/cb'],
        bridge: { until: '2099-12-31' },
      };
      const { client_id: id } = await json<{ client_id: string }>(['client', 'create', '--metadata', '-'], {
        input: JSON.stringify(document),
      });
      const today = todayIn('Asia/Jakarta', new Date());
      await core.store.bridgeUses.count(id, today, 'tokens');
      expect(await json(['client', 'show', id])).to.deep.include({
        bridge: document.bridge,
        bridge_uses: [{ clientId: id, call: 'tokens', uses: 1, last: today }],
      });
      expect((await sso(['client', 'list'])).stdout).to.include('until 2099-12-31, 1 call in 30 days');

      const person = [
        'account',
        'create',
        '--nik',
        '9901014101900077',
        '--name',
        'SITI CONTOH LAMA',
        '--password',
        'Contoh#2026',
        '--legacy-id',
        'lama-1',
      ];
      const { sub } = await json<{ sub: string }>(person);
      expect(await json(['account', 'show', sub])).to.include({ legacy_id: 'lama-1' });
      const again = await sso([...person.slice(0, 3), '9901014101900078', ...person.slice(4)]);
      expect(again).to.include({ code: 1 });
      expect(again.stderr).to.include('legacy-id');
    });
  });

  describe('for teams that register by themselves', () => {
    it('makes a token, shown this once, lists and revokes it', async () => {
      const made = await json<Record<string, unknown>>([
        'client',
        'initial-token',
        '--team',
        'BLK Contoh',
        '--expires',
        '7',
        '--max',
        '3',
      ]);
      expect(made).to.include({ team: 'BLK Contoh', max: 3, used: 0 });
      const listed = await sso(['client', 'initial-tokens', '--json']);
      expect(listed.stdout).to.include(String(made.id)).and.not.include(String(made.initial_access_token));
      expect(await json(['client', 'revoke-initial-token', String(made.id)])).to.include({ revoked: true });
      expect(await sso(['client', 'revoke-initial-token', String(made.id)])).to.include({ code: 1 });
      for (const [days, most] of [
        ['0', '3'],
        ['7', 'banyak'],
        ['400', '3'],
      ] as const) {
        expect(
          await sso(['client', 'initial-token', '--team', 'BLK Contoh', '--expires', days, '--max', most]),
        ).to.include({ code: 1 });
      }
    });
  });

  it('makes a token for a team in production only in the name of somebody, or with a reason that stays', async () => {
    const command = ['client', 'initial-token', '--team', 'BLK Contoh', '--expires', '7', '--max', '3'];
    const refused = await sso(command, { env: production() });
    expect([refused.code, refused.stdout]).to.deep.equal([1, '']);
    expect(refused.stderr).to.match(/--handed-by.*--unnamed/);
    for (const more of [
      ['--unnamed', 'darurat'],
      ['--handed-by', 'tono'],
      ['--handed-by', 'f81d4fae-7dec-4d0a-a765-00a0c91e6bf6', '--unnamed', 'tiket 2041, tidak ada operator'],
    ])
      expect((await sso([...command, ...more], { env: production() })).code, more.join(' ')).to.equal(1);
    const made = await json<{ id: string }>([...command, '--unnamed', 'tiket 2041, tidak ada operator'], {
      env: production(),
    });
    const event = (await core.store.audit.list({ type: 'initial-token.made' })).find(
      ({ details }) => details.token === made.id,
    );
    expect(event?.details).to.deep.equal({
      token: made.id,
      team: 'BLK Contoh',
      most: 3,
      by: 'operator',
      reason: 'tiket 2041, tidak ada operator',
    });
  });

  describe('for APIs', () => {
    const identifier = 'https://api.karirhub.test/';

    it('registers, changes and stops one, and tells what is wrong', async () => {
      const created = await json<Record<string, unknown>>([
        'api',
        'create',
        identifier,
        '--name',
        'API Karirhub',
        '--scope',
        'lamaran:baca|Membaca lamaran Anda|Reading your applications',
      ]);
      expect(created).to.deep.include({
        identifier,
        token_format: 'jwt',
        token_algorithm: 'ES256',
        status: 'active',
        scopes: [{ name: 'lamaran:baca', means: { id: 'Membaca lamaran Anda', en: 'Reading your applications' } }],
      });
      expect(
        await json(['api', 'update', identifier, '--document', '-'], { input: '{"token_seconds":120}' }),
      ).to.include({ token_seconds: 120 });
      expect(await json(['api', 'disable', identifier])).to.include({ status: 'disabled' });
      expect(await json(['api', 'enable', identifier])).to.include({ status: 'active' });
      expect(await json(['api', 'show', identifier])).to.include({ name: 'API Karirhub' });
      expect(await json<unknown[]>(['api', 'list'])).to.have.length(1);
      const wordless = await sso(['api', 'create', 'https://lain.test/', '--name', 'Lain', '--scope', 'baca']);
      expect(wordless).to.include({ code: 1 });
      expect(wordless.stderr).to.include('scopes.0.means.id');
      expect(await sso(['api', 'show', 'https://tiada.test/'])).to.include({ code: 1 });
    });
  });

  describe('for clients', () => {
    const flags = [
      'client',
      'create',
      '--name',
      'Uji',
      '--type',
      'web',
      '--redirect-uri',
      'https://rp.test/cb',
      '--redirect-uri',
      'https://rp.test/cb2',
      '--scope',
      'openid profile email',
    ];

    /** Which secret of the client this is, while it is good. */
    const fits = async (id: string, secret: string): Promise<number | undefined> => {
      const live =
        (await core.store.clients.find(id))?.secrets.filter((one) => isLiveSecret(one, core.clock.now())) ?? [];
      return (await core.store.clientSecrets.whichFits(id, live, sensitive(secret)))?.number;
    };

    it('registers addresses of the sandbox beside those of production, and takes one away again', async () => {
      const created = await json<Record<string, unknown>>([
        ...flags,
        '--test-redirect-uri',
        'http://localhost:8091/cb',
        '--test-post-logout-redirect-uri',
        'http://localhost:8091/',
        '--test-backchannel-logout-uri',
        'http://localhost:8091/logout',
      ]);
      expect(created).to.deep.include({
        test_redirect_uris: ['http://localhost:8091/cb'],
        test_post_logout_redirect_uris: ['http://localhost:8091/'],
        test_backchannel_logout_uri: 'http://localhost:8091/logout',
      });
      const changed = await json<Record<string, unknown>>([
        'client',
        'update',
        String(created.client_id),
        '--test-post-logout-redirect-uri',
        '',
        '--test-backchannel-logout-uri',
        '',
      ]);
      expect(changed).to.not.have.property('test_backchannel_logout_uri');
      expect(changed).to.deep.include({
        test_post_logout_redirect_uris: [],
        test_redirect_uris: ['http://localhost:8091/cb'],
      });
    });

    it('registers one, shows its secret once, and the server finds it', async () => {
      const created = await json<Record<string, unknown>>(flags);
      expect(created).to.deep.include({
        client_name: 'Uji',
        redirect_uris: ['https://rp.test/cb', 'https://rp.test/cb2'],
        scope: 'openid profile email',
        token_endpoint_auth_method: 'client_secret_basic',
        client_secret_expires_at: 0,
        type: 'web',
        status: 'active',
      });
      const id = String(created.client_id);
      const found = await core.store.clients.find(id);
      expect(await fits(id, String(created.client_secret))).to.equal(1);
      expect(found?.metadata.client_name).to.equal('Uji');

      const shown = await sso(['client', 'show', id, '--json']);
      expect(JSON.parse(shown.stdout)).to.include({ client_id: id, client_name: 'Uji' });
      const listed = await sso(['client', 'list', '--json']);
      expect((JSON.parse(listed.stdout) as { client_id: string }[]).map(({ client_id }) => client_id)).to.include(id);
      for (const { stdout, stderr } of [shown, listed])
        expect(stdout + stderr)
          .not.to.include('client_secret"')
          .and.not.to.include(String(created.client_secret));
    });

    it('registers one that may act while the person is away', async () => {
      const away = [...flags, '--scope', 'openid offline_access'];
      expect((await sso(away)).stderr).to.match(/^grant_types must hold refresh_token/);
      expect(
        await json([
          'client',
          'show',
          String(
            (
              await json<Record<string, unknown>>([
                ...away,
                '--grant-type',
                'authorization_code',
                '--grant-type',
                'refresh_token',
              ])
            ).client_id,
          ),
        ]),
      ).to.deep.include({ grant_types: ['authorization_code', 'refresh_token'] });
    });

    it('approves what waits, for a reason, without a second operator', async () => {
      const clients = createClientService({ ...core, check: () => undefined });
      const made = await clients.create(
        [{ document: { client_name: 'Draf', redirect_uris: ['https://rp.test/cb'] } }],
        { hand: { by: 'operator:siti', involved: ['operator:siti'] }, status: 'draft' },
      );
      const id = made.ok ? String(made.value[0]?.client.id) : '';
      expect((await sso(['client', 'enable', id])).stderr).to.include('client approve');
      expect((await sso(['client', 'approve', id, '--reason', 'iseng'])).code).to.equal(1);
      expect(
        await json<Record<string, unknown>>(['client', 'approve', id, '--reason', 'perbaikan darurat di malam hari']),
      ).to.include({ client_id: id, status: 'active' });
      expect((await core.store.clientVersions.list(id))[0]?.decided).to.deep.include({
        by: 'operator',
        note: 'perbaikan darurat di malam hari',
      });
      expect((await sso(['client', 'approve', id, '--reason', 'perbaikan darurat di malam hari'])).stderr).to.include(
        'nothing of client',
      );
    });

    it('reads a document, or many, from standard input or a file', async () => {
      const document = {
        client_name: 'Aplikasi',
        application_type: 'native',
        redirect_uris: ['com.example.app:/cb'],
        token_endpoint_auth_method: 'none',
      };
      const one = await json<Record<string, unknown>>(['client', 'create', '--metadata', '-'], {
        input: JSON.stringify(document),
        process: true,
      });
      expect(one).to.include({ client_name: 'Aplikasi', type: 'native' }).and.not.to.have.property('client_secret');

      const file = join(directory, 'clients.json');
      writeFileSync(file, JSON.stringify([document, { client_name: 'Mesin', grant_types: ['client_credentials'] }]));
      const many = await json<{ type: string; client_id: string; client_secret?: string }[]>([
        'client',
        'create',
        '--metadata',
        file,
      ]);
      expect(many.map(({ type }) => type)).to.deep.equal(['native', 'machine']);
      expect(many[1]?.client_secret).to.be.a('string');
    });

    it('refuses what is wrong, by the names of the fields, and registers nothing', async () => {
      const before = (await core.store.clients.list()).length;
      const refused = await sso([
        'client',
        'create',
        '--name',
        'Uji',
        '--type',
        'web',
        '--redirect-uri',
        'http://rp.test/*',
        '--scope',
        'openid nik',
        '--json',
      ]);
      expect({ code: refused.code, stdout: refused.stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(refused.stderr)
        .to.match(/^redirect_uris\.0 /m)
        .and.match(/^scope nik/m);
      const documents = [{ client_name: 'Baik', redirect_uris: ['https://rp.test/cb'] }, { client_name: 'Buruk' }];
      const many = await sso(['client', 'create', '--metadata', '-'], { input: JSON.stringify(documents) });
      expect(many.code).to.equal(1);
      expect(many.stderr).to.match(/^1\.redirect_uris /m);
      expect((await sso(['client', 'create', '--metadata', '-'], { input: '{' })).stderr).to.match(/not JSON/);
      expect(await core.store.clients.list()).to.have.length(before);
    });

    it('changes, stops and starts one, and renews its secret', async () => {
      const { client_id: id, client_secret: first } = await json<{ client_id: string; client_secret: string }>(flags);
      expect(await json(['client', 'update', id, '--name', 'Uji Dua', '--scope', 'openid email'])).to.deep.include({
        client_name: 'Uji Dua',
        scope: 'openid email',
        redirect_uris: ['https://rp.test/cb', 'https://rp.test/cb2'],
      });
      const withNik = {
        scope: 'openid nik',
        data_use: {
          nik: {
            purpose: { id: 'Memeriksa hak atas bantuan.', en: 'Checking the right to aid.' },
            legal_basis: 'legal-obligation',
          },
        },
      };
      const widened = await sso(['client', 'update', id, '--metadata', '-', '--allow-nik', '--json'], {
        input: JSON.stringify(withNik),
      });
      expect(JSON.parse(widened.stdout)).to.deep.include(withNik);
      expect(await json(['client', 'disable', id])).to.include({ status: 'disabled' });
      expect((await core.store.clients.find(id))?.status).to.equal('disabled');
      expect(await json(['client', 'enable', id])).to.include({ status: 'active' });
      const { client_secret: second } = await json<{ client_secret: string }>(['client', 'rotate-secret', id]);
      expect(second).not.to.equal(first);
      expect(await fits(id, second)).to.equal(2);
      expect(await fits(id, first), 'the former one').to.equal(undefined);
      const beside = await json<{
        client_secret: string;
        client_secret_expires_at: number;
        secrets: { number: number; expires_at: string | null }[];
      }>(['client', 'rotate-secret', id, '--overlap', '14', '--lifetime', '90']);
      expect([await fits(id, second), await fits(id, beside.client_secret)]).to.deep.equal([2, 3]);
      expect(beside.client_secret_expires_at).to.be.greaterThan(Date.now() / 1000);
      expect(beside.secrets.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
      expect((await sso(['client', 'rotate-secret', id, '--overlap', 'lama'])).code).to.equal(2);
      await json(['client', 'end-secret', id, '2']);
      expect([await fits(id, second), await fits(id, beside.client_secret)]).to.deep.equal([undefined, 3]);
      expect((await sso(['client', 'end-secret', id, '3'])).stderr).to.match(/only secret/);
    });

    it('shows keys with their age and end, and ends one of two', async () => {
      const key = (kid: string): object => ({
        ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
        kid,
      });
      const document = {
        client_name: 'Mesin',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [key('lama'), key('baru')] },
      };
      const made = await sso(['client', 'create', '--metadata', '-', '--json'], { input: JSON.stringify(document) });
      const { client_id: id } = JSON.parse(made.stdout) as { client_id: string };
      const list = (): Promise<
        { kid: string; thumbprint: string; live: boolean; in_effect_since: string | null; expires_at: string | null }[]
      > => json(['client', 'keys', id]);
      const [old, fresh] = await list();
      expect(old).to.include({ kid: 'lama', live: true, expires_at: null });
      expect(old?.in_effect_since).to.be.a('string');
      await json(['client', 'end-key', id, old?.thumbprint ?? '', '--after', '14']);
      expect((await list())[0]?.expires_at).to.be.a('string');
      await json(['client', 'end-key', id, old?.thumbprint ?? '']);
      expect((await list()).map(({ kid }) => kid)).to.deep.equal(['baru']);
      expect((await sso(['client', 'end-key', id, fresh?.thumbprint ?? ''])).stderr).to.match(/last key of its use/);
      expect((await sso(['client', 'keys', 'tiada'])).code).to.equal(1);
    });

    it('says that there is none', async () => {
      const { code, stdout, stderr } = await sso(['client', 'show', 'tiada', '--json']);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/no client tiada/);
    });
  });

  describe('for accounts', () => {
    const flags = [
      'account',
      'create',
      '--nik',
      '9901010101900001',
      '--name',
      'BUDI CONTOH SANTOSO',
      '--email',
      'budi@contoh.test',
      '--phone',
      '081234567890',
      '--password',
      'Contoh#2026',
    ];

    it('makes one that can sign in, shows it masked, suspends and reinstates it', async () => {
      const created = await sso([...flags, '--json']);
      expect(created.code, created.stderr).to.equal(0);
      for (const personal of ['9901010101900001', 'BUDI', 'budi@', '81234567890', 'Contoh#2026'])
        expect(created.stdout + created.stderr).not.to.include(personal);
      const { sub, ...rest } = JSON.parse(created.stdout) as { sub: string };
      expect(rest).to.include({
        nik_masked: '************0001',
        email_masked: 'b***@contoh.test',
        phone_masked: '08*****7890',
        email_verified: true,
        phone_verified: true,
        status: 'active',
      });

      for (const who of [sub, 'Budi@contoh.test']) expect(await json(['account', 'show', who])).to.include({ sub });
      expect(await json(['account', 'suspend', sub])).to.include({ status: 'suspended' });
      expect((await core.store.accounts.findById(sub))?.status).to.equal('suspended');
      expect(await json(['account', 'reinstate', sub])).to.include({ status: 'active' });
    });

    it('lists what was refused to a client, with the remedy', async () => {
      const at = core.clock.now();
      await core.store.clients.insert({
        id: 'keliru',
        status: 'active',
        type: 'web',
        metadata: { client_id: 'keliru', client_name: 'Keliru' },
        listing: undefined,
        createdAt: at,
        updatedAt: at,
      });
      expect(await json(['client', 'errors', 'keliru'])).to.deep.equal([]);
      await core.store.clientErrors.add([
        {
          clientId: 'keliru',
          day: '2026-11-26',
          kind: 'authorization',
          error: 'invalid_redirect_uri',
          fault: 'redirect-uri',
          count: 4,
          firstAt: at,
          lastAt: at,
          helpCodes: ['K7Q2-M9'],
          address: 'https://lain.test/cb',
        },
      ]);
      const [error] = await json<Record<string, unknown>[]>(['client', 'errors', 'keliru']);
      expect(error).to.deep.include({
        request: 'authorization',
        error: 'invalid_redirect_uri',
        who: 'both',
        count: 4,
        help_codes: ['K7Q2-M9'],
        address: 'https://lain.test/cb',
      });
      expect(error?.remedy).to.include('the same to the letter');
      expect((await sso(['client', 'errors', 'tiada'])).code).to.equal(1);
    });

    it('stores a logo, and takes it away', async () => {
      const { client_id: id } = await json<{ client_id: string }>([
        'client',
        'create',
        '--name',
        'Berlogo',
        '--type',
        'web',
        '--redirect-uri',
        'https://rp.test/cb',
      ]);
      const file = join(directory, 'logo.bin');
      writeFileSync(file, png({ behind: Buffer.from('<script>') }));
      const { logo } = await json<{ logo: string }>(['client', 'logo', id, file]);
      expect((await core.store.clients.find(id))?.metadata.logo).to.equal(logo);
      expect((await core.store.clientLogos.findShown(logo))?.bytes.equals(png())).to.equal(true);
      writeFileSync(file, '<svg xmlns="http://www.w3.org/2000/svg"/>');
      const refused = await sso(['client', 'logo', id, file]);
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.include('SVG is not taken');
      expect((await sso(['client', 'logo', id, join(directory, 'tiada.png')])).code).to.equal(1);
      for (const args of [[id], [id, file, '--remove']])
        expect((await sso(['client', 'logo', ...args])).code).to.equal(2);
      expect(await json(['client', 'logo', id, '--remove'])).to.deep.equal({ client_id: id });
      expect((await core.store.clients.find(id))?.metadata).not.to.have.property('logo');
      expect(
        (
          await sso(['client', 'update', id, '--metadata', '-'], {
            input: JSON.stringify({ logo: 'https://lain.test/x.png' }),
          })
        ).stderr,
      ).to.include('must name a stored logo');
    });

    it('ends all sessions of a person for a reason that stays, and lists what services were told', async () => {
      const { sub } = await json<{ sub: string }>(['account', 'show', 'budi@contoh.test']);
      const now = core.clock.now();
      const metadata = {
        client_id: 'told',
        client_name: 'Told',
        redirect_uris: [],
        backchannel_logout_uri: 'https://told.test/logout',
      };
      await core.store.clients.insert({
        id: 'told',
        status: 'active',
        type: 'web',
        metadata,
        listing: undefined,
        createdAt: now,
        updatedAt: now,
      });
      await core.store.logouts.visit(sub as AccountId, 'told', now);

      expect((await sso(['account', 'end-sessions', sub])).code, 'no reason').to.equal(2);
      expect(
        (await sso(['account', 'end-sessions', sub, '--reason', 'Diminta 081234567890'])).code,
        'a number of a person',
      ).to.equal(1);
      expect(await json(['account', 'end-sessions', sub, '--reason', 'Perangkat hilang di terminal'])).to.include({
        sub,
      });
      const listed = await json<Record<string, unknown>[]>([
        'logouts',
        'list',
        '--client',
        'told',
        '--state',
        'pending',
      ]);
      expect(listed).to.have.length(1);
      expect(listed[0]).to.include({
        client_id: 'told',
        sub,
        reason: 'ended-by-operator',
        all_sessions: true,
        attempts: 0,
      });
      const [standing] = await json<Record<string, unknown>[]>(['logouts', 'status']);
      expect(standing).to.include({ client_id: 'told', pending: 1, delivered: 0, given_up: 0 });
      expect((await sso(['logouts', 'status', '--days', '31'])).code).to.equal(2);
    });

    it('removes a second factor that is lost', async () => {
      const account = await core.store.accounts.findByIdentifier(
        sensitive({ kind: 'email', value: 'budi@contoh.test' as Email }),
      );
      if (account === undefined) throw new Error('nobody there');
      expect((await sso(['account', 'remove-second-factor', account.id])).stderr).to.include('no second factor');
      await core.store.secondFactors.insert({
        accountId: account.id,
        secret: core.secondFactors.newSecret(),
        step: 1,
        at: new Date(),
      });
      await json(['account', 'remove-second-factor', account.id]);
      expect(await core.store.secondFactors.isEnrolled(account.id)).to.equal(false);
      expect((await core.store.accounts.standingOf(account.id))?.sessionsValidAfter).to.be.a('date');
    });

    it('refuses a second account of a NIK, and what registration would refuse', async () => {
      const again = await sso([...flags, '--json']);
      expect({ code: again.code, stdout: again.stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(again.stderr).to.match(/nik has an account/);
      const bad = await sso(['account', 'create', '--nik', '990101010190000', '--name', 'BUDI 2', '--password', 'x']);
      expect(bad.code).to.equal(1);
      expect(bad.stderr)
        .to.match(/^nik .*nik-length/m)
        .and.match(/^name .*name-chars/m)
        .and.match(/^password /m);
    });

    it('makes none in production', async () => {
      const { code, stderr } = await sso(flags, { env: production() });
      expect(code).to.equal(1);
      expect(stderr).to.match(/in production people register themselves/);
    });
  });

  describe('for operators', () => {
    it('makes the first one, lists it masked and takes the role away', async () => {
      const made = await json<{ sub: string }>([
        'account',
        'create',
        '--nik',
        '9904013011750005',
        '--name',
        'MUHAMMAD CONTOH RIZKI',
        '--email',
        'rizki@contoh.test',
        '--password',
        'Contoh#2026',
      ]);
      expect(await json(['operator', 'grant', 'rizki@contoh.test', 'administrator'])).to.deep.equal({
        sub: made.sub,
        role: 'administrator',
        held: true,
      });
      expect((await sso(['operator', 'grant', made.sub, 'administrator'])).stderr).to.include('holds the role already');
      const [listed] = await json<{ sub: string; name_masked: string }[]>(['operator', 'list']);
      expect(listed).to.include({ sub: made.sub, name_masked: 'M******* C***** R****' });
      expect((await sso(['operator', 'grant', made.sub, 'king'])).code).to.equal(2);
      expect(await json(['operator', 'revoke', made.sub, 'administrator'])).to.deep.include({ held: false });
      expect(await json(['operator', 'list'])).to.deep.equal([]);
    });
  });

  describe('for upkeep', () => {
    it('migrates an empty database and takes it back', async () => {
      const empty = await createTestDatabase({ migrated: false });
      try {
        const env = { DATABASE_URL: empty.url };
        expect((await json<{ migrated: string[] }>(['migrate'], { env })).migrated).not.to.be.empty;
        expect(await json(['migrate'], { env })).to.deep.equal({ migrated: [] });
        expect((await json<{ rolledBack: string[] }>(['migrate', '--rollback'], { env })).rolledBack).not.to.be.empty;
        // Any other command finds what it needs by itself.
        expect(await json(['client', 'list'], { env })).to.deep.equal([]);
      } finally {
        await empty.drop();
      }
    });

    it('begins no upgrade in production with a keyring that others may read, after which no instance would start', async () => {
      const empty = await createTestDatabase({ migrated: false });
      const [env, keyring] = [{ ...production(), DATABASE_URL: empty.url }, join(directory, 'keyring.json')];
      const mode = statSync(keyring).mode & 0o777;
      try {
        chmodSync(keyring, 0o644);
        const { code, stderr } = await sso(['migrate'], { env });
        expect({ code, stderr }).to.have.property('code', 1);
        expect(stderr).to.match(/is open to others \(mode 0644\)\. To do: chmod 600/);
        expect(
          (
            await empty.knex.raw<{ rows: unknown[] }>(
              "select 1 from information_schema.tables where table_schema = 'public'",
            )
          ).rows,
        ).to.be.empty;
        chmodSync(keyring, 0o600);
        expect((await sso(['migrate'], { env })).code).to.equal(0);
        chmodSync(keyring, 0o644);
        expect((await sso(['migrate', '--rollback'], { env })).code, 'the way back').to.equal(0);
      } finally {
        chmodSync(keyring, mode);
        await empty.drop();
      }
    });

    it('seeds, and seeds again', async () => {
      const first = await json<{ citizens: object[]; clients: object[] }>(['seed']);
      expect(first.clients).to.have.length(2);
      expect(first.citizens).not.to.be.empty;
      expect(await json(['seed'])).to.deep.equal(first);
    });

    it('seeds nothing in production', async () => {
      const { code, stderr } = await sso(['seed'], { env: production() });
      expect(code).to.equal(1);
      expect(stderr).to.match(/never in production/);
    });

    it('purges', async () => {
      const what = [
        'protocolState',
        'counters',
        'drafts',
        'confirmations',
        'messages',
        'receipts',
        'logouts',
        'clientErrors',
        'checkEvents',
        'checks',
        'checkKeys',
        'checkLinks',
        'logos',
        'devices',
        'formerAccounts',
        'recoveryRequests',
        'importLines',
      ];
      expect(await json(['purge'])).to.have.keys(...what);
    });

    it('proves the audit chain, and exits with 1 where it is broken', async () => {
      await core.audit.record(core.store, 'sign-out.completed', {});
      await core.audit.chain(core.store);
      const { position } = (await core.store.audit.chainEnd())!;
      expect(await json(['audit', 'verify'])).to.deep.equal({ whole: true, end: position });
      await core.knex.raw('alter table audit_events disable trigger audit_events_append_only');
      await core.knex.raw(
        "update audit_events set at = at + interval '1 second' where id = (select event_id from audit_chain where position = 1)",
      );
      const { code, stdout, stderr } = await sso(['audit', 'verify', '--json']);
      expect(code).to.equal(1);
      expect(JSON.parse(stdout)).to.deep.equal({ whole: false, brokenAt: 1 });
      expect(stderr).to.match(/broken at position 1/);
    });
  });

  describe('keys', () => {
    type Key = Record<'kid' | 'algorithm' | 'state' | 'published_at' | 'rotation_at', string>;
    const list = (): Promise<Key[]> => json<Key[]>(['keys', 'list']);
    const signing = async (): Promise<Key> =>
      (await list()).find(({ algorithm, state }) => algorithm === 'ES256' && state === 'current')!;

    it('are listed, without anything of the keys themselves', async () => {
      await createKeyRotation(core).run();
      const keys = await list();
      expect(keys.map(({ algorithm, state }) => `${algorithm} ${state}`)).to.have.members([
        'ES256 current',
        'ES256 next',
        'RS256 current',
        'RS256 next',
        'EdDSA current',
        'EdDSA next',
      ]);
      const { stdout } = await sso(['keys', 'list']);
      expect(stdout).to.include('next takes over');
      for (const { jwk } of await core.store.signingKeys.list())
        expect(stdout + JSON.stringify(keys)).not.to.include(String(jwk.d));
    });

    it('take over before their time only where services can know them', async () => {
      const before = await signing();
      const early = await sso(['keys', 'rotate', '--algorithm', 'ES256', '--reason', 'latihan']);
      expect(early.code).to.equal(1);
      expect(early.stderr).to.match(/published long enough from 20\d\d-\S+Z on; until then/);
      expect(
        await json<object[]>(['keys', 'rotate', '--algorithm', 'ES256', '--now', '--reason', 'latihan']),
      ).to.have.nested.property('[0].former', before.kid);
      expect((await sso(['keys', 'rotate', '--now'])).code).to.equal(2);
    });

    it('that have leaked are thrown away, and the command tells what that breaks', async () => {
      const { kid } = await signing();
      const { code, stdout, stderr } = await sso(['keys', 'remove', kid, '--reason', 'bocor']);
      expect(code).to.equal(0);
      expect(stdout).to.include(`${kid} is gone`).and.to.include('signs now');
      expect(stderr).to.include('300 seconds').and.to.include('Sessions stay');
      expect((await list()).map((key) => key.kid)).not.to.include(kid);
      expect((await sso(['keys', 'remove', kid, '--reason', 'bocor'])).stderr).to.include('there is no key of that id');
      const dashed = `-${'a'.repeat(42)}`;
      expect((await sso(['keys', 'remove', dashed, '--reason', 'bocor'])).stderr, 'an id, and no option').to.include(
        'there is no key of that id',
      );
      expect((await sso(['client', 'end-key', 'tiada', dashed])).stderr).to.match(/tiada/);
      expect(
        (await sso(['keys', 'remove', '--reason', 'bocor', '--', dashed])).stderr,
        'and who knows of --',
      ).to.include('there is no key of that id');
    });
  });

  describe('the keyring', () => {
    interface Row {
      readonly use: string;
      readonly id: string;
      readonly current: boolean;
      readonly rows?: number;
      readonly known_by: number;
      readonly instances: number;
    }
    const file = (): string => join(directory, 'cincin.json');
    const withFile = (args: readonly string[]): Promise<Ran> => sso(['keyring', ...args], { env: { KEYRING: file() } });
    const list = async (): Promise<Row[]> => json<Row[]>(['keyring', 'list'], { env: { KEYRING: file() } });
    const said = async (args: readonly string[]): Promise<string> => {
      const { code, stderr } = await withFile(args);
      return `${code} ${stderr}`;
    };

    it('is made once; a file that is there is left alone', async () => {
      expect((await sso(['keyring', 'make', '--out', file()])).code).to.equal(0);
      expect(statSync(file()).mode & 0o777).to.equal(0o600);
      const made = readFileSync(file(), 'utf8');
      const again = await sso(['keyring', 'make', '--out', file()]);
      expect(again).to.include({ code: 1 }).and.to.have.property('stderr').that.includes('is there already');
      expect(readFileSync(file(), 'utf8')).to.equal(made);
      expect((await sso(['keyring', 'make'])).stdout)
        .to.include('"personalData"')
        .and.not.to.equal(made);
    });

    it('takes a new key into use only when every running instance knows it, and lets one go only when nothing uses it', async () => {
      // What the tests before left is sealed under another keyring.
      for (const { table } of sealedColumns.filter(({ use, table: name }) => use === 'sealing' && name !== 'clients'))
        await database.knex(table).delete();
      expect(await said(['add-key', 'sealing'])).to.match(
        /^0 The key k2 is known and not used yet[\s\S]*Renew the copies/,
      );
      const before = loadKeyring({ keyring: file(), dataDir: directory, environment: 'test', random: core.random });
      const old = { ...before.ids, sealing: { current: 'k1', known: ['k1'] } };
      await core.store.instances.beat(core.random.uuid(), before.ids, new Date());
      const laggard = core.random.uuid();
      await core.store.instances.beat(laggard, old, new Date());
      expect(await said(['use-key', 'sealing', 'k2'])).to.include(
        '1 1 of 2 running instances does not know the key k2 yet',
      );
      expect((await list()).find(({ use, id }) => use === 'sealing' && id === 'k2')).to.include({
        current: false,
        known_by: 1,
        instances: 2,
      });
      await core.store.instances.beat(laggard, before.ids, new Date());
      expect(await said(['use-key', 'sealing', 'k2'])).to.match(
        /^0 Restart every instance.*Before remove-key wait a day, as long as sign-ins/,
      );
      expect(await said(['remove-key', 'sealing', 'k2'])).to.include('the one in use');
      expect(await said(['remove-key', 'sealing', 'k1'])).to.include('1 2 of 2 running instances still use the key k1');
      await database
        .knex('instances')
        .update({ keys: JSON.stringify({ ...before.ids, sealing: { current: 'k2', known: ['k1', 'k2'] } }) });
      const sealed = createSealer(before).seal('draft', core.random.uuid(), '{}');
      await database.knex('drafts').insert({
        uid_hash: Buffer.alloc(32),
        journey: 'recovery',
        id: core.random.uuid(),
        sealed,
        created_at: new Date(),
        updated_at: new Date(),
        expires_at: new Date(),
      });
      expect(await said(['remove-key', 'sealing', 'k1'])).to.include('1 1 row is still under the key k1');
      await database.knex('drafts').delete();
      const tooEarly = await said(['remove-key', 'sealing', 'k1']);
      expect(tooEarly).to.match(
        /^1 .*the key k1 was in use too lately: it has to stay as long as sign-ins that expired can be taken up again\. From \d{4}-\d\d-\d\dT\d\d:\d\dZ on it can go; --now/,
      );
      const from = Date.parse(/From (\S+) on/.exec(tooEarly)?.[1] ?? '');
      expect((from - Date.now()) / 3_600_000, 'a day').to.be.within(23.9, 24.1);
      await database
        .knex('key_uses')
        .where({ use: 'sealing', key_id: 'k1' })
        .update({ last_used_at: new Date(Date.now() - 25 * 3_600_000) });
      expect(await said(['remove-key', 'sealing', 'k1'])).to.match(
        /^0 The key k1 is out[\s\S]*Backups from before open with the former keyring alone/,
      );
      expect(
        (await list()).filter(({ use }) => use === 'sealing').map(({ id, current }) => `${id} ${current}`),
      ).to.deep.equal(['k2 true', 'k1 false']);
      await database.knex('instances').delete();
    });

    it('lets a key go at once where somebody insists; one that nobody was seen to use counts from when that is written down', async () => {
      const before = readFileSync(file(), 'utf8');
      const [former] = (await list()).filter(({ use, current }) => use === 'cookies' && current);
      expect(await said(['add-key', 'cookies'])).to.match(/^0/);
      const [added] = (await list()).filter(({ use, current }) => use === 'cookies' && !current);
      expect(await said(['use-key', 'cookies', added!.id])).to.match(/^0/);
      await database.knex('key_uses').delete();
      await core.store.instances.beat(core.random.uuid(), core.keyring.ids, new Date());
      await database.knex('instances').delete();
      const refused = await said(['remove-key', 'cookies', former!.id]);
      expect((Date.parse(/From (\S+) on/.exec(refused)?.[1] ?? '') - Date.now()) / 86_400_000, refused).to.be.within(
        13.9,
        14.1,
      );
      expect(await said(['remove-key', 'cookies', former!.id, '--now'])).to.match(
        /^0 The key .* is out of the keyring/,
      );
      writeFileSync(file(), before);
    });

    it('is looked after for as long as that takes, however long the database says nothing meanwhile', async () => {
      const { id } = loadKeyring({
        keyring: file(),
        dataDir: directory,
        environment: 'test',
        random: core.random,
      }).ids.sealing.known.map((known) => ({ id: known }))[0]!;
      const sealed = Buffer.concat([Buffer.from([1, id.length]), Buffer.from(id), Buffer.alloc(40)]);
      for (let byte = 1; byte <= 3; byte += 1)
        await database.knex('drafts').insert({
          uid_hash: Buffer.alloc(32, byte),
          journey: 'recovery',
          id: core.random.uuid(),
          sealed,
          created_at: new Date(),
          updated_at: new Date(),
          expires_at: new Date(),
        });
      const {
        rows: [original],
      } = await database.knex.raw<{ rows: { text: string }[] }>(
        "select pg_get_functiondef('sealed_by(bytea)'::regprocedure) as text",
      );
      // Three seconds for three rows: longer than a connection of the server may say nothing.
      await database.knex.raw(
        `create or replace function sealed_by(sealed bytea) returns text language plpgsql immutable parallel safe as $$ begin perform pg_sleep(1); return '${id}'; end $$`,
      );
      try {
        const listed = await sso(['keyring', 'list', '--json'], {
          env: { KEYRING: file(), DATABASE_STATEMENT_TIMEOUT_MS: '1000' },
        });
        expect(listed, listed.stderr).to.include({ code: 0 });
        expect(
          (JSON.parse(listed.stdout) as Row[]).find((row) => row.use === 'sealing' && row.id === id)?.rows,
        ).to.be.at.least(3);
      } finally {
        await database.knex.raw(original!.text);
        await database.knex('drafts').delete();
      }
    });

    /** Runs the command, and another change of the keyring while it looks at the database. */
    async function whileItLooks(table: string, start: () => Promise<Ran>, meanwhile: () => void): Promise<Ran> {
      const held = await database.knex.transaction();
      await held.raw('lock table ?? in access exclusive mode', [table]);
      const running = start();
      await until(
        'it waits',
        async () =>
          (await database.knex('pg_locks').where({ granted: false }).whereRaw('relation = ?::regclass', [table]))
            .length > 0,
      );
      meanwhile();
      await held.commit();
      return running;
    }

    it('is not written by who has judged it as it was before: what was changed meanwhile stays', async () => {
      const before = readFileSync(file(), 'utf8');
      expect(await said(['add-key', 'personalData'])).to.match(/^0 The key k2/);
      const added = readFileSync(file(), 'utf8');
      const withCookieKey = writeKeyring(addKey(parseKeyring(added), 'cookies', core.random).document);
      const inVault = { env: { KEYRING_COMMAND: `/bin/cat ${file()}` } };
      for (const [table, args] of [
        ['accounts', ['remove-key', 'personalData', 'k2']],
        ['instances', ['use-key', 'personalData', 'k2']],
      ] as const) {
        for (const [flags, options] of [
          [[], { env: { KEYRING: file() } }],
          [['--stdout'], inVault],
        ] as const) {
          writeFileSync(file(), added);
          const ran = await whileItLooks(
            table,
            () => sso(['keyring', ...args, ...flags], options),
            () => {
              writeFileSync(file(), withCookieKey);
            },
          );
          expect(ran, args.join(' '))
            .to.include({ code: 1, stdout: '' })
            .and.to.have.property('stderr')
            .that.includes('the keyring has changed meanwhile');
          expect(readFileSync(file(), 'utf8')).to.equal(withCookieKey);
          expect(await sso(['keyring', ...args, ...flags], options), 'and then it does').to.include({ code: 0 });
        }
      }
      writeFileSync(file(), before);
    });

    it('goes to a vault by standard output, and nothing else goes there', async () => {
      const KEYRING_COMMAND = `/bin/cat ${file()}`;
      const refused = await sso(['keyring', 'add-key', 'cookies'], { env: { KEYRING_COMMAND } });
      expect(refused).to.include({ code: 1, stdout: '' }).and.to.have.property('stderr').that.includes('--stdout');
      const { code, stdout } = await sso(['keyring', 'add-key', 'cookies', '--stdout'], { env: { KEYRING_COMMAND } });
      expect(code).to.equal(0);
      expect((JSON.parse(stdout) as { cookies: string[] }).cookies).to.have.length(2);
      expect((JSON.parse(readFileSync(file(), 'utf8')) as { cookies: string[] }).cookies).to.have.length(1);
      expect((await sso(['keyring', 'list'], { env: { KEYRING: file(), KEYRING_COMMAND } })).stderr).to.include(
        'one of KEYRING and KEYRING_COMMAND',
      );
    });

    it('says how it is changed where the file cannot be replaced, as in a container', async () => {
      // A name that leaves no room for that of the draft beside it: root may write anywhere else.
      const closed = join(directory, 'k'.repeat(255));
      writeFileSync(closed, readFileSync(file()), { mode: 0o600 });
      const { code, stdout, stderr } = await sso(['keyring', 'add-key', 'cookies'], { env: { KEYRING: closed } });
      expect([code, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(
        /^\S+ cannot be replaced from here \(ENAMETOOLONG\), and nothing is written: --stdout prints/,
      );
      expect(readFileSync(closed, 'utf8')).to.equal(readFileSync(file(), 'utf8'));
    });

    it('moves what lies under older keys by command', async () => {
      expect((await sso(['keys', 'reencrypt'], { env: { KEYRING: file() } })).stdout).to.include(
        'Nothing lies under an older key',
      );
    });
  });

  describe('as a doctor', () => {
    interface Diagnosis {
      readonly healthy: boolean;
      readonly findings: readonly {
        readonly check: string;
        readonly state: string;
        readonly what: string;
        readonly remedy?: string;
      }[];
    }
    const diagnose = async (
      env: Readonly<Record<string, string>>,
    ): Promise<{ code: number; healthy: boolean; states: Record<string, string>; stderr: string }> => {
      const { code, stdout, stderr } = await sso(['doctor', '--json'], {
        env: { ISSUER: 'http://localhost:1', PASSWORD_SLOTS: '1', ...env },
      });
      const { healthy, findings } = JSON.parse(stdout) as Diagnosis;
      for (const { check, state, remedy } of findings)
        expect(remedy === undefined, `${check} says what to do exactly where something is to be done`).to.equal(
          state === 'ok',
        );
      return { code, healthy, states: Object.fromEntries(findings.map(({ check, state }) => [check, state])), stderr };
    };

    it('is content with development, and warns of what is for development only', async () => {
      await createKeyRotation(core).run();
      const { code, healthy, states } = await diagnose({});
      expect({ code, healthy }).to.deep.equal({ code: 0, healthy: true });
      expect(states).to.deep.equal({
        configuration: 'ok',
        keyring: 'warn',
        database: 'ok',
        migrations: 'ok',
        clock: 'ok',
        connections: 'ok',
        durability: 'warn',
        'transaction ids': 'ok',
        threads: 'ok',
        'public address': 'warn',
        keys: 'ok',
        'signing keys': 'ok',
        'data keys': 'ok',
        partitions: 'ok',
        reports: 'ok',
        'recovery requests': 'warn',
        'civil registry': 'warn',
        sms: 'warn',
        mail: 'warn',
      });
    });

    it('changes nothing in an empty database', async () => {
      const empty = await createTestDatabase({ migrated: false });
      try {
        expect((await diagnose({ DATABASE_URL: empty.url })).states).to.include({ migrations: 'warn' });
        const { rows } = await empty.knex.raw<{ rows: unknown[] }>(
          "select 1 from information_schema.tables where table_schema = 'public'",
        );
        expect(rows).to.be.empty;
      } finally {
        await empty.drop();
      }
    });

    it('finds whoever listens, and whoever does not', async () => {
      const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const there = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
      const { code, states } = await diagnose({
        DUKCAPIL_URL: `http://${there}`,
        SMS_DRIVER: 'http',
        SMS_HTTP_URL: 'http://127.0.0.1:1/sms',
        SMTP_URL: `smtp://${there}`,
      });
      listener.close();
      expect(code).to.equal(1);
      expect(states).to.include({ 'civil registry': 'ok', sms: 'fail', mail: 'ok' });
    });

    it('notices that the database is away, and keys that do not fit it', async () => {
      await json(['client', 'create', '--name', 'Uji', '--type', 'web', '--redirect-uri', 'https://rp.test/cb']);
      expect((await diagnose({ DATABASE_URL: 'postgres://sso:x@127.0.0.1:1/sso' })).states).to.include({
        database: 'fail',
      });
      expect((await diagnose({ DATA_DIR: join(directory, 'other') })).states).to.include({
        database: 'ok',
        keys: 'fail',
      });
    });

    it('lets nothing made for development pass in production', async () => {
      const { code, states, stderr } = await diagnose({ NODE_ENV: 'production' });
      expect({ code, states }).to.deep.equal({ code: 1, states: { configuration: 'fail' } });
      expect(stderr).to.match(/configuration/);
      chmodSync(join(directory, 'keyring.json'), 0o644);
      expect(
        (await diagnose({ ...production('https://localhost:1'), ARGON2_MEMORY_KIB: '1024' })).states,
        'an instance would not start either',
      ).to.deep.equal({ configuration: 'fail' });
      expect((await diagnose(production('https://localhost:1'))).states).to.include({
        configuration: 'ok',
        keyring: 'fail',
        certificate: 'fail',
        'public address': 'fail',
      });
      chmodSync(join(directory, 'keyring.json'), 0o440);
      expect((await diagnose({ ...production('https://localhost:1') })).states, 'as Kubernetes mounts it').to.include({
        keyring: 'warn',
      });
      chmodSync(join(directory, 'keyring.json'), 0o600);
      await json(['seed']);
      expect(
        (await diagnose(production('https://localhost:1'))).states,
        'people whose passwords anybody can read',
      ).to.include({ seeds: 'fail' });
      expect(
        (await diagnose({ ...production('https://localhost:1'), ARGON2_MEMORY_KIB: '19456', ARGON2_PASSES: '2' }))
          .states,
      ).to.include({ configuration: 'ok', keyring: 'ok' });
    });
  });

  it('starts the embedded database and stops it again, or joins the one that runs and leaves it alone', async () => {
    const dataDir = join(directory, 'embedded');
    const env = { DATABASE_URL: '', DATA_DIR: dataDir };
    const pidFile = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
    const created = await json<{ client_id: string }>(
      ['client', 'create', '--name', 'Uji', '--type', 'spa', '--redirect-uri', 'https://rp.test/cb'],
      { env, process: true },
    );
    expect(existsSync(pidFile)).to.be.false;

    const quiet = (): void => undefined;
    const running = await startEmbedded({ dataDir, log: { debug: quiet, info: quiet, warn: quiet } });
    try {
      expect(await json<object[]>(['client', 'list'], { env, process: true })).to.have.length(1);
      expect(await json(['client', 'show', created.client_id], { env, process: true })).to.include({ type: 'spa' });
      expect(existsSync(pidFile)).to.be.true;
    } finally {
      await running.stop();
    }
  });

  it('tells how the periodic jobs stand, and does one at once', async () => {
    expect(
      (await json<{ label: string; lastDoneAt?: string }[]>(['jobs', 'list'])).map(({ label, lastDoneAt }) => [
        label,
        lastDoneAt,
      ]),
    ).to.deep.equal([
      ['purge', undefined],
      ['recovery-requests', undefined],
      ['partitions', undefined],
      ['retention', undefined],
      ['reports', undefined],
      ['signing-keys', undefined],
      ['re-encryption', undefined],
      ['audit-check', undefined],
    ]);
    expect(await json(['jobs', 'run', 'purge'])).to.deep.equal({ job: 'purge', done: true });
    const [purge] = await json<{ lastDoneAt?: string }[]>(['jobs', 'list']);
    expect(Date.parse(purge?.lastDoneAt ?? '')).to.be.a('number').and.not.to.be.NaN;
    const refused = await sso(['jobs', 'run', 'gibt-es-nicht']);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include(
      'purge, recovery-requests, partitions, retention, reports, signing-keys, re-encryption, audit-check',
    );
  });
});
