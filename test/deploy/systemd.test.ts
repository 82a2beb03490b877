import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readText } from '../support/imports.ts';
import { SYSTEMD_ANALYZE } from '../support/system-packages.ts';

/** Of a hundred: what systemd thinks that a service which is broken into can do. */
const MOST_EXPOSED = 15;

(existsSync(SYSTEMD_ANALYZE) ? describe : describe.skip)('The units of deploy/systemd', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sso-units-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** As they lie in `deploy/`, with a Node that is there. @returns where it lies. */
  function lay(name: string, as = name, change: (text: string) => string = (text) => text): string {
    writeFileSync(
      join(directory, as),
      change(readText(`deploy/systemd/${name}`).replaceAll('/opt/node/bin/node', process.execPath)),
    );
    return join(directory, as);
  }
  function ask(...args: readonly string[]): { readonly said: string; readonly code: number | null } {
    const { stdout, stderr, status } = spawnSync(SYSTEMD_ANALYZE, args, { encoding: 'utf8' });
    return { said: `${stdout}${stderr}`.trim(), code: status };
  }

  it('are verified by systemd itself, which has nothing to say', () => {
    expect(ask('verify', lay('sso@.service', 'sso@1.service'), lay('sso-migrate.service'))).to.deep.equal({
      said: '',
      code: 0,
    });
  });

  it('would be told of where a word is misspelled', () => {
    const broken = lay('sso@.service', 'sso@1.service', (text) => text.replace('PrivateTmp=', 'PrivatTmp='));
    expect(ask('verify', broken).said).to.match(/Unknown key.*'PrivatTmp'/);
  });

  it('leave little to whoever breaks in', () => {
    for (const unit of [lay('sso@.service', 'sso@1.service'), lay('sso-migrate.service')]) {
      const { said, code } = ask('security', '--offline=true', `--threshold=${MOST_EXPOSED}`, unit);
      expect(code, said.split('\n').at(-1)).to.equal(0);
    }
  });
});
