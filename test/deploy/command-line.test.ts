import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readText } from '../support/imports.ts';
import { variablesIn } from './files.ts';

describe('The command line beside systemd', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sso-wrapper-'));
    for (const folder of ['opt/sso', 'opt/node/bin', 'etc/sso'])
      mkdirSync(join(directory, folder), { recursive: true });
    // In the place of Node: says what it was given.
    writeFileSync(join(directory, 'opt/node/bin/node'), '#!/bin/sh\necho "ARGUMENTS=$*"\nenv\n');
    writeFileSync(
      join(directory, 'sso'),
      readText('deploy/systemd/sso').replaceAll(/(?<![/\w])\/(opt|etc)\//g, `${directory}/$1/`),
    );
    for (const program of ['sso', 'opt/node/bin/node']) chmodSync(join(directory, program), 0o755);
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const run = (settings: string, ...args: string[]): Record<string, string> => {
    writeFileSync(join(directory, 'etc/sso/sso.env'), settings);
    const printed = execFileSync(join(directory, 'sso'), args, { encoding: 'utf8', env: { PATH: process.env.PATH } });
    return Object.fromEntries(
      [...printed.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    );
  };

  it('has the settings of the instances, as Node and systemd read them', () => {
    const settings = run(readText('deploy/sso.env.example'), 'operator', 'list');
    expect(settings).to.include({
      ...variablesIn('deploy/sso.env.example'),
      NODE_ENV: 'production',
      ARGUMENTS: 'src/cli.ts operator list',
    });
    expect(settings.KEYRING).to.match(/\/etc\/sso\/secrets\/keyring\.json$/);
    expect(run('HELP_EMAIL="a b"\n# X=1\n\nDPO_EMAIL=\'c d\'\nMAIL_FROM=e=f $HOME'))
      .to.include({ HELP_EMAIL: 'a b', DPO_EMAIL: 'c d', MAIL_FROM: 'e=f $HOME' })
      .and.not.have.property('X');
  });

  it('lets them go before what it says itself, and takes away what they leave empty', () => {
    expect(
      run('NODE_ENV=development\nKEYRING=\nKEYRING_COMMAND=vault kv get sso\nNODE_EXTRA_CA_CERTS=/etc/ssl/ours.pem'),
    ).to.include({
      NODE_ENV: 'development',
      KEYRING: '',
      KEYRING_COMMAND: 'vault kv get sso',
      NODE_EXTRA_CA_CERTS: '/etc/ssl/ours.pem',
    });
  });
});
