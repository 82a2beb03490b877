import { expect } from 'chai';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import {
  addKey,
  cookieKeyId,
  idsIn,
  KeyringError,
  makeKeyringDocument,
  parseKeyring,
  removeKey,
  useKey,
  type KeyringDocument,
} from '../../src/crypto/keyring-document.ts';
import { loadKeyring, type Keyring } from '../../src/crypto/keyring.ts';
import { demandClosedKeyring, replaceKeyringFile, type KeyringSource } from '../../src/crypto/keyring-source.ts';
import { loadConfig } from '../../src/config.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { startServer } from '../../src/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { keyringOf, newDocument, newKey, type EditableDocument } from './keys.ts';

const run = promisify(execFile);

describe('Keyring', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'keyring-'))));
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  const load = (source: Partial<KeyringSource> = {}): Keyring =>
    loadKeyring({ keyring: undefined, dataDir, environment: 'development', random: systemRandom, ...source });
  const material = (keyring: Keyring): string[] => [
    keyring.mac.export().toString('hex'),
    keyring.blindIndex.current.export().toString('hex'),
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
      const seen = await Promise.all(
        Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', script, dataDir])),
      );
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
    expect(material(load({ keyring: file, environment: 'production' }))).to.deep.equal(
      material(load({ keyring: text, environment: 'production' })),
    );
  });

  describe('that others can read', () => {
    const opened = (mode: number): KeyringSource => {
      const keyring = join(dataDir, 'given.json');
      writeFileSync(keyring, makeKeyringDocument(systemRandom));
      chmodSync(keyring, mode);
      return { keyring, dataDir, environment: 'production', random: systemRandom };
    };

    for (const mode of [0o644, 0o604, 0o620, 0o601]) {
      it(`lets no instance of production start (mode 0${mode.toString(8)}), and development go on`, () => {
        const source = opened(mode);
        expect(() => {
          demandClosedKeyring(source);
        }).to.throw(KeyringError, /given\.json is open to others \(mode 0\d{3}\)\. To do: chmod 600/);
        demandClosedKeyring({ ...source, environment: 'development' });
      });
    }

    for (const mode of [0o600, 0o400, 0o440, 0o640])
      it(`is neither the owner's alone nor what a cluster mounts for the group of the process (mode 0${mode.toString(8)})`, () => {
        demandClosedKeyring(opened(mode));
      });

    it('stops a start before anything is asked', async () => {
      const { keyring } = opened(0o644);
      const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: 'postgres://sso@127.0.0.1:1/sso' });
      const refused = await startServer({
        config: { ...config, environment: 'production', keyring },
        log: createLog({ level: 'silent' }),
      }).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(KeyringError);
    });

    it('is judged where a link leads, as mounted secrets are links', () => {
      const source = opened(0o644);
      const link = join(dataDir, 'link.json');
      symlinkSync(source.keyring!, link);
      expect(() => {
        demandClosedKeyring({ ...source, keyring: link });
      }).to.throw(KeyringError, 'link.json is open to others');
      chmodSync(source.keyring!, 0o440);
      demandClosedKeyring({ ...source, keyring: link });
    });

    it('is none that the environment or a command gives', () => {
      demandClosedKeyring({ ...opened(0o644), keyring: makeKeyringDocument(systemRandom) });
      demandClosedKeyring({
        ...opened(0o644),
        keyring: undefined,
        keyringCommand: ['cat', join(dataDir, 'given.json')],
      });
    });
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
    for (const secret of [document.mac, document.blindIndex.keys.k1!, document.cookies[0]!])
      expect(printed).not.to.include(secret);
  });

  describe('says what is wrong and where, never a key:', () => {
    const cases: readonly [string, (document: EditableDocument) => unknown, string][] = [
      ['a key cut short', (d) => ({ ...d, mac: d.mac.slice(0, 20) }), 'mac: must be 32 bytes in base64'],
      [
        'a key that is not base64',
        (d) => ({ ...d, blindIndex: `!${d.blindIndex.keys.k1!}` }),
        'blindIndex.keys.k1: must be 32 bytes in base64',
      ],
      ['a missing key', (d) => ({ ...d, blindIndex: undefined }), 'blindIndex: '],
      [
        'a current id without a key',
        (d) => ({ ...d, personalData: { ...d.personalData, current: 'k9' } }),
        'personalData.current: names a key that is not among "keys"',
      ],
      [
        'id and key exchanged',
        (d) => ({ ...d, sealing: { current: 'k1', keys: { [d.sealing.keys.k1!]: 'k1' } } }),
        'sealing.keys.…',
      ],
      ['a key for two purposes', (d) => ({ ...d, mac: d.blindIndex.keys.k1! }), 'every key must be different'],
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
          .that.satisfies((text: string) =>
            [document.mac, document.blindIndex.keys.k1!, document.sealing.keys.k1!, document.cookies[0]!].every(
              (secret) => !text.includes(secret.slice(0, 12)),
            ),
          );
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

  describe('printed by a command', () => {
    const by =
      (...keyringCommand: string[]): (() => Keyring) =>
      () =>
        load({ keyringCommand, keyringCommandTimeoutMs: 2000, environment: 'production' });
    const node = (script: string): string[] => [process.execPath, '-e', script];
    const secret = newKey();

    it('is what the command prints, in production too', () => {
      const text = makeKeyringDocument(systemRandom);
      const file = join(dataDir, 'given.json');
      writeFileSync(file, text);
      expect(material(by('/bin/cat', file)())).to.deep.equal(material(load({ keyring: text })));
    });

    it('without a shell: what a shell would act on is a word like any other', () => {
      const marker = join(dataDir, 'made');
      expect(by('/bin/echo', `$(touch ${marker})`, ';', `touch ${marker}`)).to.throw(
        KeyringError,
        'not a JSON document',
      );
      expect(existsSync(marker)).to.equal(false);
    });

    const failures: readonly [string, string[], string][] = [
      ['a command that does not exist', ['/nonexistent/vault'], 'could not be started (ENOENT)'],
      [
        'one that fails after it has printed',
        node(`console.log('{"mac":"${secret}"'); console.error('${secret}'); process.exit(3)`),
        'ended with status 3',
      ],
      [
        'one that was ended',
        node(`console.log('${secret}'); process.kill(process.pid, 'SIGKILL')`),
        'was ended by SIGKILL',
      ],
      ['one that prints too much', node(`process.stdout.write('${secret}'.repeat(10000))`), 'printed more than'],
      ['one that prints something else', ['/bin/echo', secret], 'not a JSON document'],
    ];
    for (const [name, command, message] of failures) {
      it(`${name} says so, and nothing that was printed`, () => {
        expect(by(...command))
          .to.throw(KeyringError, message)
          .that.satisfies(
            (error: Error) => !inspect(error, { depth: 10, showHidden: true }).includes(secret.slice(0, 10)),
          );
      });
    }

    it('one that hangs is ended, also where it does not care', () => {
      expect(() =>
        load({
          keyringCommand: node("process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)"),
          keyringCommandTimeoutMs: 300,
        }),
      ).to.throw(KeyringError, 'took longer than 300 ms');
    });
  });

  describe('as a document', () => {
    const document = (): KeyringDocument => parseKeyring(makeKeyringDocument(systemRandom));

    it('takes a new key that is not used yet, uses it, and lets the former go', () => {
      for (const use of ['personalData', 'sealing'] as const) {
        const { document: known, id } = addKey(document(), use, systemRandom);
        expect(id).to.equal('k2');
        expect(idsIn(known, use)).to.deep.equal({ current: 'k1', known: ['k1', 'k2'] });
        const used = useKey(known, use, 'k2');
        expect(idsIn(removeKey(used, use, 'k1'), use)).to.deep.equal({ current: 'k2', known: ['k2'] });
        // A number does not come back while something may lie under it.
        expect(addKey(removeKey(used, use, 'k1'), use, systemRandom).id).to.equal('k3');
      }
    });

    it('has cookie keys by a name that gives nothing away: the newest verifies first, and signs when it is told to', () => {
      const before = document();
      const { document: known, id } = addKey(before, 'cookies', systemRandom);
      expect(known.cookies[0]).to.equal(before.cookies[0]);
      expect(idsIn(known, 'cookies').known).to.deep.equal([cookieKeyId(before.cookies[0]!), id]);
      const used = useKey(known, 'cookies', id);
      expect(used.cookies).to.deep.equal([known.cookies[1], known.cookies[0]]);
      expect(removeKey(used, 'cookies', cookieKeyId(before.cookies[0]!)).cookies).to.deep.equal([known.cookies[1]]);
    });

    describe('is replaced in its file', () => {
      let file: string;
      let judged: KeyringDocument;
      const changed = (): KeyringDocument => addKey(judged, 'sealing', systemRandom).document;
      const inFile = (): KeyringDocument => parseKeyring(readFileSync(file, 'utf8'));
      beforeEach(() => {
        file = join(dataDir, 'keyring.json');
        judged = document();
        writeFileSync(file, JSON.stringify(judged), { mode: 0o640 });
      });

      it('whole, with the mode that it had', () => {
        const other = changed();
        expect(replaceKeyringFile(file, { judged, changed: other })).to.equal('replaced');
        expect(inFile()).to.deep.equal(other);
        expect(statSync(file).mode & 0o777).to.equal(0o640);
        expect(readdirSync(dataDir)).to.deep.equal(['keyring.json']);
      });

      it('by nobody who has judged another document', () => {
        const first = changed();
        replaceKeyringFile(file, { judged, changed: first });
        expect(replaceKeyringFile(file, { judged, changed: changed() })).to.equal('changed-meanwhile');
        expect(inFile()).to.deep.equal(first);
        expect(readdirSync(dataDir)).to.deep.equal(['keyring.json']);
      });

      it('by nobody while another is at it, whose draft is left alone', () => {
        const draft = join(dataDir, '.keyring.json.new');
        writeFileSync(draft, 'half of it');
        expect(replaceKeyringFile(file, { judged, changed: changed() })).to.deep.equal({ heldBy: draft });
        expect([inFile(), readFileSync(draft, 'utf8')]).to.deep.equal([judged, 'half of it']);
      });

      it('by nothing where it cannot be read any more', () => {
        writeFileSync(file, '{');
        expect(() => replaceKeyringFile(file, { judged, changed: changed() })).to.throw(KeyringError);
        expect(readdirSync(dataDir)).to.deep.equal(['keyring.json']);
      });
    });
  });
});
