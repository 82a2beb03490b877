import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { loadConfig, type Config } from '../../src/config.ts';
import { readText } from '../support/imports.ts';
import { SYSTEMD_ANALYZE } from '../support/system-packages.ts';
import { compose, instructions, unit, variablesIn, type Document } from './files.ts';

const SECRETS: Readonly<Record<string, string>> = {
  'database-url': 'postgres://sso:rahasia@db.contoh.test/sso',
  'redis-url': 'redis://:rahasia@redis.contoh.test',
  'dukcapil-password': 'rahasia',
  'sms-headers.json': '{"authorization":"Bearer rahasia"}',
  'smtp-url': 'smtps://sso:rahasia@mail.contoh.test',
  'sms-smpp-password': 'rahasia1',
  'sms-receipt-secret': 'f00dfeedf00dfeedf00dfeed',
};

type Variables = Readonly<Record<string, string>>;
const pairs = (lines: readonly string[]): Variables =>
  Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
const ofImage = (): Variables =>
  pairs(instructions().flatMap(({ name, value }) => (name === 'ENV' ? value.split(/\s+/) : [])));
const ofUnit = (path: string): Variables => pairs(unit(path).get('Environment') ?? []);

/** As whoever installs does: the lines of one way of sending with no `#` in front. */
function uncommented(path: string, isOne: RegExp): Variables {
  return parseEnv(
    readText(path).replaceAll(/^#(SMS_\w+=.*)$/gm, (line, setting: string) => (isOne.test(setting) ? setting : line)),
  ) as Variables;
}

const WAYS = {
  smpp: {
    lines: /^SMS_(?:DRIVER|SMPP_)/,
    extra: 'sms-smpp',
    is: ({ sms }: Config) => sms.driver === 'smpp' && sms.smpp.password === SECRETS['sms-smpp-password'],
  },
  receipts: {
    lines: /^SMS_RECEIPT_/,
    extra: 'sms-receipts',
    is: ({ sms }: Config) => sms.driver === 'http' && sms.receipts.secret === SECRETS['sms-receipt-secret'],
  },
} as const;

describe('The ways of text messages that deploy/ has an example for', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sso-sms-'));
    for (const [name, content] of Object.entries(SECRETS)) writeFileSync(join(directory, name), `${content}\n`);
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const load = (variables: Variables): Config =>
    loadConfig(
      Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [
          name,
          name.endsWith('_FILE') && value !== '' ? join(directory, basename(value)) : value,
        ]),
      ),
    );

  for (const [way, { lines, extra, is }] of Object.entries(WAYS)) {
    const shared = (): Variables => uncommented('deploy/sso.env.example', lines);

    it(`${way}: with systemd, also for the migration`, () => {
      for (const path of ['deploy/systemd/sso@.service', 'deploy/systemd/sso-migrate.service']) {
        const config = load({ ...ofUnit(path), ...ofUnit(`deploy/systemd/${extra}.conf`), ...shared() });
        expect([config.environment, is(config)], path).to.deep.equal(['production', true]);
      }
      const [credential = ''] = unit(`deploy/systemd/${extra}.conf`).get('LoadCredential') ?? [];
      expect(Object.values(ofUnit(`deploy/systemd/${extra}.conf`))).to.include(
        `%d/${credential.slice(0, credential.indexOf(':'))}`,
      );
    });

    it(`${way}: with compose, also for the migration`, () => {
      const over: Document = parse(readText(`deploy/compose/${extra}.yaml`), { merge: true });
      expect(Object.keys(over.services)).to.deep.equal(['sso-1', 'sso-2', 'migrate']);
      for (const [name, { environment, secrets }] of Object.entries(over.services as Record<string, Document>)) {
        expect(
          is(load({ ...ofImage(), ...shared(), ...compose().services[name].environment, ...environment })),
          name,
        ).to.equal(true);
        for (const secret of secrets)
          expect(over.secrets[secret], secret).to.deep.equal({ file: `./secrets/${secret}` });
      }
    });

    it(`${way}: on Kubernetes`, () => {
      const settings = { ...uncommented('deploy/kubernetes/settings/sso.env', lines) };
      if (way === 'smpp') settings.SMS_HTTP_HEADERS_FILE = '';
      expect(is(load({ ...ofImage(), ...settings }))).to.equal(true);
    });
  }

  it('the command line beside systemd finds what the instances have', () => {
    const home = mkdtempSync(join(tmpdir(), 'sso-wrapper-'));
    try {
      for (const folder of ['opt/sso', 'opt/node/bin', 'etc/sso/secrets'])
        mkdirSync(join(home, folder), { recursive: true });
      writeFileSync(join(home, 'opt/node/bin/node'), '#!/bin/sh\nenv\n', { mode: 0o755 });
      writeFileSync(
        join(home, 'sso'),
        readText('deploy/systemd/sso').replaceAll(/(?<![/\w])\/(opt|etc)\//g, `${home}/$1/`),
        { mode: 0o755 },
      );
      writeFileSync(join(home, 'etc/sso/sso.env'), 'SMS_DRIVER=smpp\n');
      const run = (): Variables =>
        pairs(
          spawnSync(join(home, 'sso'), ['doctor'], { encoding: 'utf8', env: { PATH: process.env.PATH } })
            .stdout.trim()
            .split('\n'),
        );
      const file = (name: string, content: string): void => {
        writeFileSync(join(home, 'etc/sso/secrets', name), content);
      };
      file('sms-headers.json', '{}');
      expect(run()).not.to.have.any.keys('SMS_SMPP_PASSWORD_FILE', 'SMS_RECEIPT_SECRET_FILE');
      file('sms-headers.json', '');
      file('sms-smpp-password', 'rahasia1');
      file('sms-receipt-secret', 'x');
      const given = run();
      expect(basename(given.SMS_SMPP_PASSWORD_FILE ?? '')).to.equal('sms-smpp-password');
      expect(basename(given.SMS_RECEIPT_SECRET_FILE ?? '')).to.equal('sms-receipt-secret');
      expect(given.SMS_HTTP_HEADERS_FILE, 'an empty file is none').to.equal('');
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  (existsSync(SYSTEMD_ANALYZE) ? it : it.skip)('systemd has nothing to say against the units with them', () => {
    for (const name of ['sso@', 'sso-migrate']) {
      const as = name === 'sso@' ? 'sso@1.service' : `${name}.service`;
      writeFileSync(
        join(directory, as),
        readText(`deploy/systemd/${name}.service`).replaceAll('/opt/node/bin/node', process.execPath),
      );
      mkdirSync(join(directory, `${as}.d`), { recursive: true });
      for (const { extra } of Object.values(WAYS))
        writeFileSync(join(directory, `${as}.d`, `${extra}.conf`), readText(`deploy/systemd/${extra}.conf`));
      const { stdout, stderr, status } = spawnSync(SYSTEMD_ANALYZE, ['verify', join(directory, as)], {
        encoding: 'utf8',
      });
      expect([status, `${stdout}${stderr}`.trim()], name).to.deep.equal([0, '']);
    }
  });

  it('SMPP without its secret would stop already the migration, which says what is missing', () => {
    expect(() =>
      load({
        ...ofUnit('deploy/systemd/sso-migrate.service'),
        ...variablesIn('deploy/sso.env.example'),
        ...uncommented('deploy/sso.env.example', WAYS.smpp.lines),
      }),
    ).to.throw('SMS_SMPP_PASSWORD');
  });
});
