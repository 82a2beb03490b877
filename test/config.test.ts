import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, flattenSettings, loadConfig } from '../src/config.ts';

/** Everything that production asks for, well set. */
const GOOD = {
  NODE_ENV: 'production',
  ISSUER: 'https://account.contoh.test',
  DATABASE_URL: 'postgres://sso:rahasia@db.contoh.test/sso',
  KEYRING: '/run/secrets/keyring.json',
  DUKCAPIL_URL: 'https://10.20.30.40:8000',
  DUKCAPIL_CA: '/etc/sso/dukcapil-ca.pem',
  DUKCAPIL_USER_ID: 'user-of-ours',
  DUKCAPIL_PASSWORD: 'password-of-ours',
  DUKCAPIL_IP: '203.0.113.10',
  SMS_DRIVER: 'http',
  SMS_HTTP_URL: 'https://gateway.contoh.id/sms',
  SMTP_URL: 'smtps://mail.contoh.id',
  HELP_EMAIL: 'bantuan@contoh.id',
  DPO_EMAIL: 'dpo@contoh.id',
  MAIL_FROM: 'SIAPkerja ID <tidak-dibalas@contoh.id>',
};

/** The names of all settings that are complained about. */
function complaints(env: Record<string, string | undefined>): string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ name }) => name).sort();
  }
}

describe('Settings', () => {
  it('need nothing at all in development', () => {
    const config = loadConfig({});
    expect(config.environment).to.equal('development');
    expect(config.http).to.include({ host: '127.0.0.1', port: 3000, issuer: 'http://localhost:3000' });
    expect(config.identity.allowTestRange).to.equal(true);
  });

  it('are frozen to the last leaf', () => {
    const config = loadConfig({});
    expect(() => {
      (config.otp as { ttlSeconds: number }).ttlSeconds = 1;
    }).to.throw(TypeError);
  });

  it('report every mistake at once, each with its name and an example', () => {
    expect(
      complaints({
        PORT: 'three thousand',
        ISSUER: 'localhost',
        LOG_LEVEL: 'loud',
        NIK_ALLOW_TEST_RANGE: 'perhaps',
        MIN_AGE: '-1',
      }),
    ).to.deep.equal(['ISSUER', 'LOG_LEVEL', 'MIN_AGE', 'NIK_ALLOW_TEST_RANGE', 'PORT']);
    expect(() => loadConfig({ PORT: '70000' })).to.throw(ConfigError, /PORT: .+ Example: PORT=3000/);
  });

  for (const [name, text] of [
    ['DUKCAPIL_URL', '10.20.30.40:8000'],
    ['SMTP_URL', 'mail.internal'],
    ['DATABASE_URL', 'db.internal/sso'],
    ['SMS_HTTP_URL', 'gateway'],
    ['TIME_ZONE', 'Jakarta'],
    ['ISSUER', 'https://sso.contoh.test/'],
    ['ISSUER', 'https://SSO.contoh.test'],
  ] as const) {
    it(`refuse ${name}=${text} by name`, () => {
      expect(complaints({ [name]: text })).to.include(name);
    });
  }

  it('refuse a list of database servers, which the driver takes for one name, and say so', () => {
    for (const address of [
      'postgres://sso@db1,db2/sso',
      'postgres://sso:a,b@db1:5432,db2:5432/sso?target_session_attrs=read-write',
      'postgres:///sso?host=db1,db2',
    ]) {
      for (const name of ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URL'])
        expect(() => loadConfig({ [name]: address }), address).to.throw(ConfigError, `${name}: names one server`);
    }
    for (const address of [
      'postgres://sso:a,b@db1/sso',
      'postgres:///sso?host=/run/postgresql',
      'postgres://sso@[::1]:5432/sso?application_name=a,b',
    ])
      expect(loadConfig({ DATABASE_URL: address }).database.url).to.equal(address);
  });

  it('refuse a line to an operator of which something is missing, or longer than SMPP has room for', () => {
    expect(complaints({ SMS_DRIVER: 'smpp' })).to.deep.equal([
      'SMS_SMPP_PASSWORD',
      'SMS_SMPP_SOURCE',
      'SMS_SMPP_SYSTEM_ID',
      'SMS_SMPP_URL',
    ]);
    const line = {
      SMS_DRIVER: 'smpp',
      SMS_SMPP_URL: 'smpps://smsc.operator.test',
      SMS_SMPP_SYSTEM_ID: 'siapkerja',
      SMS_SMPP_PASSWORD: 'rahasia1',
      SMS_SMPP_SOURCE: 'SIAPkerja',
    };
    expect(complaints(line)).to.deep.equal([]);
    expect(complaints({ ...line, SMS_SMPP_URL: 'https://smsc.operator.test' })).to.deep.equal(['SMS_SMPP_URL']);
    expect(
      complaints({
        ...line,
        SMS_SMPP_SYSTEM_ID: 'x'.repeat(16),
        SMS_SMPP_SOURCE: 'SIAPkerjá',
        SMS_SMPP_SOURCE_TON: '9',
      }),
    ).to.deep.equal(['SMS_SMPP_SOURCE', 'SMS_SMPP_SOURCE_TON', 'SMS_SMPP_SYSTEM_ID']);
  });

  it('refuse types of a line longer than SMPP has room for, and former secrets of receipts without another that counts', () => {
    const line = {
      SMS_DRIVER: 'smpp',
      SMS_SMPP_URL: 'smpps://smsc.operator.test',
      SMS_SMPP_SYSTEM_ID: 'siapkerja',
      SMS_SMPP_PASSWORD: 'rahasia1',
      SMS_SMPP_SOURCE: 'SIAPkerja',
    };
    expect(
      complaints({ ...line, SMS_SMPP_SYSTEM_TYPE: 'x'.repeat(12), SMS_SMPP_SERVICE_TYPE: 'x'.repeat(5) }),
    ).to.deep.equal([]);
    expect(
      complaints({ ...line, SMS_SMPP_SYSTEM_TYPE: 'x'.repeat(13), SMS_SMPP_SERVICE_TYPE: 'x'.repeat(6) }),
    ).to.deep.equal(['SMS_SMPP_SERVICE_TYPE', 'SMS_SMPP_SYSTEM_TYPE']);
    const [now, former] = ['f00dfeedf00dfeedf00dfeed', 'feedf00dfeedf00dfeedf00d'];
    expect(complaints({ SMS_RECEIPT_SECRET: now, SMS_RECEIPT_FORMER_SECRET: former })).to.deep.equal([]);
    for (const env of [
      { SMS_RECEIPT_FORMER_SECRET: former },
      { SMS_RECEIPT_SECRET: now, SMS_RECEIPT_FORMER_SECRET: now },
    ])
      expect(complaints(env)).to.deep.equal(['SMS_RECEIPT_FORMER_SECRET']);
    expect(complaints({ SMS_RECEIPT_FORMER_SIGNATURE_KEY: 'lama' })).to.deep.equal([
      'SMS_RECEIPT_FORMER_SIGNATURE_KEY',
    ]);
  });

  it('refuse an address for receipts that can be guessed, and who may report where there is no address', () => {
    const secret = 'f00dfeedf00dfeedf00dfeed';
    for (const wrong of [secret.slice(1), `${secret}/x`, `${secret} x`, `${secret}%2f`])
      expect(complaints({ SMS_RECEIPT_SECRET: wrong }), wrong).to.deep.equal(['SMS_RECEIPT_SECRET']);
    expect(loadConfig({ SMS_RECEIPT_SECRET: secret }).sms.receipts.secret).to.equal(secret);
    expect(complaints({ SMS_RECEIPT_NETWORKS: '203.0.113.0/24' })).to.deep.equal(['SMS_RECEIPT_SECRET']);
    expect(complaints({ SMS_RECEIPT_SECRET: secret, SMS_RECEIPT_SIGNATURE_HEADER: 'x-signature' })).to.deep.equal([
      'SMS_RECEIPT_SIGNATURE_KEY',
    ]);
    expect(complaints({ SMS_RECEIPT_STATES: '{"DELIVRD":"arrived"}' })).to.deep.equal(['SMS_RECEIPT_STATES']);
    expect(loadConfig({ SMS_RECEIPT_STATES: '{"1":"delivered"}' }).sms.receipts.states).to.deep.equal({
      1: 'delivered',
    });
  });

  it('take "off" for no proxy', () => {
    expect(loadConfig({ TRUST_PROXY: 'off' }).http.trustProxy).to.equal(0);
  });

  it('take an empty variable for one that is not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '' })).to.have.nested.property('http.port', 3000);
  });

  for (const [text, value] of [
    ['true', true],
    ['1', true],
    ['YES', true],
    ['false', false],
    ['0', false],
    ['off', false],
  ] as const) {
    it(`read "${text}" as ${String(value)}`, () => {
      expect(loadConfig({ NIK_ALLOW_TEST_RANGE: text }).identity.allowTestRange).to.equal(value);
    });
  }

  it('read lists by commas', () => {
    expect(loadConfig({ LIMITS_TRUSTED_NETWORKS: '10.0.0.0/8, 203.0.113.0/24' }).limits.trustedNetworks).to.deep.equal([
      '10.0.0.0/8',
      '203.0.113.0/24',
    ]);
  });

  it('have a description each, and no variable stands for two', () => {
    const all = flattenSettings();
    for (const { path, setting } of all) expect(setting.about, path).to.match(/\.$/);
    const names = all.flatMap(({ setting }) => setting.env ?? []);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('keep the plain-http registry to loopback, and ask for the authority behind https', () => {
    expect(complaints({ DUKCAPIL_URL: 'http://10.20.30.40:8000' })).to.deep.equal(['DUKCAPIL_URL']);
    expect(complaints({ DUKCAPIL_URL: 'https://10.20.30.40:8000' })).to.deep.equal(['DUKCAPIL_CA']);
    expect(complaints({ DUKCAPIL_URL: 'http://127.0.0.1:8000' })).to.deep.equal([]);
  });

  it('take one Redis, and the name of the master with the Sentinels', () => {
    const sentinels = '10.0.0.1:26379,[fd00::1]:26379';
    for (const good of [
      { REDIS_URL: 'rediss://u:p@redis.contoh.test:6380/1' },
      { REDIS_CLUSTER: 'a.contoh.test:6379, 10.0.0.2:6379' },
      { REDIS_SENTINELS: sentinels, REDIS_SENTINEL_NAME: 'sso' },
    ])
      expect(complaints(good)).to.deep.equal([]);
    expect(complaints({ REDIS_URL: 'redis://a', REDIS_CLUSTER: 'a:6379' })).to.deep.equal(['REDIS_URL']);
    expect(complaints({ REDIS_URL: 'a:6379' })).to.deep.equal(['REDIS_URL']);
    expect(complaints({ REDIS_CLUSTER: 'a:6379,b' })).to.deep.equal(['REDIS_CLUSTER']);
    expect(complaints({ REDIS_SENTINELS: sentinels })).to.deep.equal(['REDIS_SENTINEL_NAME']);
    expect(complaints({ REDIS_SENTINEL_NAME: 'sso' })).to.deep.equal(['REDIS_SENTINEL_NAME']);
  });

  describe('in files', () => {
    let directory: string;
    const file = (content: string): string => {
      const path = join(directory, 'secret');
      writeFileSync(path, content);
      return path;
    };
    before(() => {
      directory = mkdtempSync(join(tmpdir(), 'sso-secrets-'));
    });
    after(() => {
      rmSync(directory, { recursive: true });
    });

    it('are read where they are secret, without the line end that editors leave', () => {
      expect(
        loadConfig({ DATABASE_URL_FILE: file('postgres://sso:rahasia@db.contoh.test/sso\n') }).database.url,
      ).to.equal('postgres://sso:rahasia@db.contoh.test/sso');
      expect(loadConfig({ DUKCAPIL_HEADERS_FILE: file('{"x-key":"1"}') }).dukcapil.headers).to.deep.equal({
        'x-key': '1',
      });
      expect(loadConfig({ PORT_FILE: file('4000') }).http.port, 'not secret').to.equal(3000);
    });

    it('are refused, by the name of the setting and without the content, when the file is missing, empty, wrong, or one of two answers', () => {
      expect(
        complaints({ ...GOOD, DATABASE_URL: undefined, DATABASE_URL_FILE: join(directory, 'nowhere') }),
      ).to.deep.equal(['DATABASE_URL']);
      expect(complaints({ DUKCAPIL_PASSWORD_FILE: file(' \n') })).to.deep.equal(['DUKCAPIL_PASSWORD']);
      expect(
        complaints({ SMTP_URL: 'smtp://mail.contoh.test', SMTP_URL_FILE: file('smtp://mail.contoh.test') }),
      ).to.deep.equal(['SMTP_URL']);
      expect(() => loadConfig({ REDIS_URL_FILE: file('rahasia-sekali') }))
        .to.throw(ConfigError, 'REDIS_URL')
        .with.property('message')
        .that.does.not.include('rahasia');
    });
  });

  describe('of production', () => {
    it('are accepted when everything is set', () => {
      expect(complaints(GOOD)).to.deep.equal([]);
      expect(loadConfig(GOOD).identity.allowTestRange).to.equal(false);
    });

    it('take any of the prices of a hash that OWASP names, and none below', () => {
      for (const [memory, passes, good] of [
        ['47104', '1', true],
        ['19456', '2', true],
        ['12288', '3', true],
        ['9216', '4', true],
        ['7168', '5', true],
        ['19456', '1', false],
        ['4096', '10', false],
      ] as const) {
        expect(
          complaints({ ...GOOD, ARGON2_MEMORY_KIB: memory, ARGON2_PASSES: passes }),
          `${memory} ${passes}`,
        ).to.deep.equal(good ? [] : ['ARGON2_MEMORY_KIB']);
      }
      expect(complaints({ ...GOOD, AUDIT_RETENTION_MONTHS: '0' })).to.deep.equal([]);
    });

    it('refuse everything made for development, all at once', () => {
      expect(complaints({ NODE_ENV: 'production' })).to.deep.equal([
        'DATABASE_URL',
        'DPO_EMAIL',
        'DUKCAPIL_IP',
        'DUKCAPIL_PASSWORD',
        'DUKCAPIL_URL',
        'DUKCAPIL_USER_ID',
        'HELP_EMAIL',
        'ISSUER',
        'KEYRING',
        'MAIL_FROM',
        'SMS_DRIVER',
        'SMTP_URL',
      ]);
    });

    for (const [name, value] of [
      ['NIK_ALLOW_TEST_RANGE', 'true'],
      ['ISSUER', 'http://account.contoh.test'],
      ['SMS_DRIVER', 'outbox'],
      ['DUKCAPIL_PASSWORD', 'sim-password'],
      ['ARGON2_MEMORY_KIB', '16384'],
      ['AUDIT_RETENTION_MONTHS', '11'],
    ] as const) {
      it(`refuse ${name}=${value}`, () => {
        expect(complaints({ ...GOOD, [name]: value })).to.include(name);
      });
    }
  });
});
