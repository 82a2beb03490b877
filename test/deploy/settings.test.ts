import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flattenSettings, loadConfig } from '../../src/config.ts';
import { readText } from '../support/imports.ts';
import { compose, documentsIn, instructions, unit, variablesIn } from './files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What operators put into the files of secrets. */
const SECRETS: Readonly<Record<string, string>> = {
  'database-url': 'postgres://sso:rahasia@db.contoh.test/sso',
  'redis-url': 'redis://:rahasia@redis.contoh.test',
  'dukcapil-password': 'rahasia',
  'sms-headers.json': '{"authorization":"Bearer rahasia"}',
  'smtp-url': 'smtps://sso:rahasia@mail.contoh.test',
};

const assignments = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
const ofImage = (): Record<string, string> =>
  assignments(instructions().flatMap(({ name, value }) => (name === 'ENV' ? value.split(/\s+/) : [])));
const ofUnit = (path: string): Record<string, string> => assignments(unit(path).get('Environment') ?? []);
const seconds = (text: string): number => Number(/^(\d+)s?$/.exec(text)?.[1]);

interface Deployment {
  readonly variables: Readonly<Record<string, string>>;
  /** Until whoever runs it loses patience with a stop. */
  readonly patienceSeconds?: number;
}

const settings = variablesIn('deploy/sso.env.example');
const deployments: Readonly<Record<string, () => Deployment>> = {
  compose: () => {
    const service = compose().services['sso-1'];
    return {
      variables: { ...ofImage(), ...settings, ...(service.environment as Record<string, string>) },
      patienceSeconds: seconds(service.stop_grace_period as string),
    };
  },
  'the migration of compose': () => ({
    variables: { ...ofImage(), ...settings, ...(compose().services.migrate.environment as Record<string, string>) },
  }),
  systemd: () => ({
    variables: {
      ...ofUnit('deploy/systemd/sso@.service'),
      ...settings,
      ...variablesIn('deploy/systemd/instance-1.env.example'),
    },
    patienceSeconds: seconds(unit('deploy/systemd/sso@.service').get('TimeoutStopSec')?.[0] ?? ''),
  }),
  'the migration of systemd': () => ({ variables: { ...ofUnit('deploy/systemd/sso-migrate.service'), ...settings } }),
  'the command line beside systemd': () => ({
    variables: {
      ...assignments([...readText('deploy/systemd/sso').matchAll(/^export (.*)$/gm)].map(([, pair = '']) => pair)),
      ...settings,
    },
  }),
  Kubernetes: () => ({
    variables: { ...ofImage(), ...variablesIn('deploy/kubernetes/settings/sso.env') },
    patienceSeconds: documentsIn('deploy/kubernetes/deployment.yaml').find(({ kind }) => kind === 'Deployment').spec
      .template.spec.terminationGracePeriodSeconds as number,
  }),
};

/** Read by Node itself: where the image has its program compiled. */
const OF_NODE = ['NODE_COMPILE_CACHE'];

describe('The settings that deploy/ gives', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sso-deploy-'));
    for (const [name, content] of Object.entries(SECRETS)) writeFileSync(join(directory, name), `${content}\n`);
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  /** The environment with the secrets where they can be read here. */
  const readable = (variables: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [
        name,
        name.endsWith('_FILE') ? join(directory, basename(value)) : value,
      ]),
    );

  const names = flattenSettings().flatMap(({ setting: { env, secret } }) =>
    env === undefined ? [] : secret === true ? [env, `${env}_FILE`] : [env],
  );
  const secrets = flattenSettings().flatMap(({ setting: { env, secret } }) =>
    secret === true && env !== undefined ? [env] : [],
  );

  for (const [name, read] of Object.entries(deployments)) {
    describe(`to ${name}`, () => {
      it('are settings that exist, and secrets in files alone', () => {
        const { variables } = read();
        expect(
          Object.keys(variables).filter((variable) => !names.includes(variable) && !OF_NODE.includes(variable)),
        ).to.deep.equal([]);
        expect(Object.keys(variables).filter((variable) => secrets.includes(variable))).to.deep.equal(['KEYRING']);
        expect(variables.KEYRING).to.match(/\/keyring\.json$/);
      });

      it('are good enough for production', () => {
        const config = loadConfig(readable(read().variables));
        expect(config.environment).to.equal('production');
        expect(config.http.trustProxy).to.equal(1);
      });

      it('leave an orderly stop its time', () => {
        const { variables, patienceSeconds } = read();
        const { http } = loadConfig(readable(variables));
        expect(http.drainDelaySeconds, 'proxies notice').to.be.greaterThan(5);
        if (patienceSeconds !== undefined)
          expect(patienceSeconds).to.be.at.least(http.drainDelaySeconds + http.drainSeconds + 15);
      });
    });
  }

  it('to a trial begin empty, with stand-ins for whoever is not there yet', () => {
    const { NODE_EXTRA_CA_CERTS, ...trial } = variablesIn('deploy/trial.env.example');
    expect(NODE_EXTRA_CA_CERTS, 'for Node alone').to.be.a('string');
    expect(Object.keys(trial).filter((variable) => !names.includes(variable))).to.deep.equal([]);
    const given = Object.entries({ ...ofUnit('deploy/systemd/sso@.service'), ...trial }).filter(
      ([, value]) => value !== '',
    );
    const { environment, dukcapil, sms, mail, sampleService } = loadConfig(readable(Object.fromEntries(given)));
    expect({
      environment,
      registry: dukcapil.url,
      sms: sms.driver,
      mail: mail.smtpUrl,
      samples: sampleService.enabled,
    }).to.deep.equal({
      environment: 'development',
      registry: undefined,
      sms: 'outbox',
      mail: undefined,
      samples: false,
    });
  });

  it('come from files that exist: each credential of a unit is one that it names, and each program is there', () => {
    for (const path of ['deploy/systemd/sso@.service', 'deploy/systemd/sso-migrate.service']) {
      const credentials = (unit(path).get('LoadCredential') ?? []).map((line) => line.slice(0, line.indexOf(':')));
      const used = Object.values(ofUnit(path)).flatMap((value) => (value.startsWith('%d/') ? [value.slice(3)] : []));
      expect(used.sort(), path).to.deep.equal(credentials.sort());
      const [, program = ''] = /bin\/node (?:--\S+ )*(\S+)/.exec(unit(path).get('ExecStart')?.[0] ?? '') ?? [];
      expect(existsSync(join(root, program)), program).to.equal(true);
      for (const page of unit(path).get('Documentation') ?? [])
        expect(existsSync(page.replace('file:///opt/sso', root.replace(/\/$/, ''))), page).to.equal(true);
    }
  });

  it('have Node started everywhere as npm start has it', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: { start: string } };
    const wanted = scripts.start.split(' ').slice(1);
    expect(unit('deploy/systemd/sso@.service').get('ExecStart')).to.deep.equal([
      `/opt/node/bin/node ${wanted.join(' ')}`,
    ]);
    expect(instructions().findLast(({ name }) => name === 'CMD')?.value).to.equal(
      JSON.stringify(wanted).replaceAll(',', ', '),
    );
  });

  it('hold nothing secret in the repository', () => {
    for (const path of [
      'deploy/sso.env.example',
      'deploy/kubernetes/settings/sso.env',
      'deploy/compose/compose.yaml',
      'deploy/systemd/sso@.service',
    ])
      expect(readText(path), path).not.to.match(/:\/\/[^\s/]*:[^\s/]*@|BEGIN [A-Z ]*PRIVATE KEY/);
  });
});
