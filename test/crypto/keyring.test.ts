import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { KeyringError, loadKeyring, makeKeyringDocument, type Keyring, type KeyringSource } from '../../src/crypto/keyring.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { keyringOf, newDocument, newKey, type EditableDocument } from './keys.ts';

const run = promisify(execFile);

describe('Keyring', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'keyring-'))));
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  const load = (source: Partial<KeyringSource> = {}): Keyring => loadKeyring({ keyring: undefined, dataDir, environment: 'development', random: systemRandom, ...source });
  const material = (keyring: Keyring): string[] => [
    keyring.mac.export().toString('hex'),
    keyring.blindIndex.export().toString('hex'),
    keyring.personalData.current.export().toString('hex'),
    keyring.sealing.current.export().toString('hex'),
    ...keyring.cookies.reveal(),
  ];

  describe('in development, without a setting', () => {
    it('makes a file only its owner reads, and finds the same keys again', () => {
      const first = load();
      expect(statSync(join(dataDir, 'keyring.json')).mode & 0o777).to.equal(0o600);
      expect(material(load())).to.deep.equal(material(first));
      expect(readdirSync(dataDir)).to.deep.equal(['keyring.json']);
    });

    it('makes the data directory when it is not there yet', () => {
      const deeper = join(dataDir, 'a', 'b');
      load({ dataDir: deeper });
      expect(existsSync(join(deeper, 'keyring.json'))).to.be.true;
    });

    it('gives the same keys to processes that start at once', async () => {
      const script = `
        import { loadKeyring } from ${JSON.stringify(new URL('../../src/crypto/keyring.ts', import.meta.url).href)};
        import { systemRandom as random } from ${JSON.stringify(new URL('../../src/ports/random/random.ts', import.meta.url).href)};
        process.stdout.write(loadKeyring({ keyring: undefined, dataDir: process.argv[1], environment: 'development', random }).mac.export().toString('hex'));`;
      const seen = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', script, dataDir])));
      expect(new Set(seen.map(({ stdout }) => stdout)).size).to.equal(1);
      expect(readdirSync(dataDir)).to.deep.equal(['keyring.json']);
    });
  });

  it('refuses production without a setting, and makes no file there', () => {
    expect(() => load({ environment: 'production' })).to.throw(KeyringError, 'production needs KEYRING');
    expect(readdirSync(dataDir)).to.be.empty;
  });

  it('reads a file by its path, and the document itself', () => {
    const text = makeKeyringDocument(systemRandom);
    const file = join(dataDir, 'given.json');
    writeFileSync(file, text);
    expect(material(load({ keyring: file, environment: 'production' }))).to.deep.equal(material(load({ keyring: text, environment: 'production' })));
  });

  it('holds older keys beside the current one', () => {
    const document = newDocument();
    document.personalData.keys.k2 = newKey();
    document.personalData.current = 'k2';
    const { personalData } = keyringOf(document);
    expect([...personalData.byId.keys()]).to.deep.equal(['k1', 'k2']);
    expect(personalData.byId.get('k2')?.equals(personalData.current)).to.be.true;
  });

  it('does not print its keys', () => {
    const document = newDocument();
    const printed = inspect(keyringOf(document), { depth: 10 }) + JSON.stringify(keyringOf(document));
    for (const secret of [document.mac, document.blindIndex, document.cookies[0]!]) expect(printed).not.to.include(secret);
  });

  describe('says what is wrong and where, never a key:', () => {
    const cases: readonly [string, (document: EditableDocument) => unknown, string][] = [
      ['a key cut short', (d) => ({ ...d, mac: d.mac.slice(0, 20) }), 'mac: must be 32 bytes in base64'],
      ['a key that is not base64', (d) => ({ ...d, blindIndex: `!${d.blindIndex}` }), 'blindIndex: must be 32 bytes in base64'],
      ['a missing key', (d) => ({ ...d, blindIndex: undefined }), 'blindIndex: must be 32 bytes in base64'],
      ['a current id without a key', (d) => ({ ...d, personalData: { ...d.personalData, current: 'k9' } }), 'personalData.current: names a key that is not among "keys"'],
      ['id and key exchanged', (d) => ({ ...d, sealing: { current: 'k1', keys: { [d.sealing.keys.k1!]: 'k1' } } }), 'sealing.keys.…'],
      ['a key for two purposes', (d) => ({ ...d, mac: d.blindIndex }), 'every key must be different'],
      ['no cookie key', (d) => ({ ...d, cookies: [] }), 'cookies: needs at least one key'],
      ['a short cookie key', (d) => ({ ...d, cookies: ['short'] }), 'cookies.0: must have at least 32 characters'],
      ['an unknown field', (d) => ({ ...d, [d.mac]: 1 }), 'document: has a field that does not belong there'],
      ['an unknown version', (d) => ({ ...d, version: 2 }), 'version: '],
    ];
    for (const [name, spoil, message] of cases) {
      it(name, () => {
        const document = newDocument();
        expect(() => keyringOf(spoil(document) as object))
          .to.throw(KeyringError, message)
          .with.property('message')
          .that.satisfies((text: string) => [document.mac, document.blindIndex, document.sealing.keys.k1!, document.cookies[0]!].every((secret) => !text.includes(secret.slice(0, 12))));
      });
    }

    it('text that is not JSON', () => {
      const secret = newKey();
      expect(() => load({ keyring: `{"mac":"${secret}"` }))
        .to.throw(KeyringError, 'not a JSON document')
        .that.satisfies((error: Error) => !inspect(error).includes(secret.slice(0, 8)));
    });

    it('a file that is not there', () => {
      expect(() => load({ keyring: join(dataDir, 'none.json') })).to.throw(KeyringError, 'there is no file');
    });
  });
});
