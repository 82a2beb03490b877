import { createSecretKey, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Random } from '../ports/random/random.ts';

/** A key to seal with and older ones that still open. */
export interface VersionedKeys {
  readonly currentId: string;
  readonly current: KeyObject;
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Every secret of the product. Key objects, because they do not print what they hold. */
export interface Keyring {
  /** Wraps the data key of each row of personal data. */
  readonly personalData: VersionedKeys;
  /** Seals short-lived state: drafts, messages on their way, protocol payloads, tickets. */
  readonly sealing: VersionedKeys;
  /** Finds personal data by value; cannot be replaced without writing every index anew. */
  readonly blindIndex: KeyObject;
  /** Keyed hashes: one-time codes, counters, device marks. */
  readonly mac: KeyObject;
  /** Cookie signatures: the first signs, all verify. */
  readonly cookies: Sensitive<readonly string[]>;
}

/** A keyring that cannot be used. The message names what is wrong and where, never a key. */
export class KeyringError extends Error {
  readonly code = 'KEYRING_INVALID';

  constructor(problems: readonly string[]) {
    super(['The keyring cannot be used:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
  }
}

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9._-]{1,32}$/;

const key = z
  .base64({ error: 'must be 32 bytes in base64' })
  .refine((text) => Buffer.from(text, 'base64').length === KEY_BYTES, { error: 'must be 32 bytes in base64' });

const versionedKeys = z
  .strictObject({
    current: z.string().regex(KEY_ID, { error: 'must be a key id' }),
    keys: z.record(z.string().regex(KEY_ID, { error: 'must be 1 to 32 of A-Z a-z 0-9 . _ -' }), key),
  })
  .refine(({ current, keys }) => Object.hasOwn(keys, current), { path: ['current'], error: 'names a key that is not among "keys"' });

const keyringDocument = z
  .strictObject({
    version: z.literal(1),
    personalData: versionedKeys,
    sealing: versionedKeys,
    blindIndex: key,
    mac: key,
    cookies: z.array(z.string().min(KEY_BYTES, { error: 'must have at least 32 characters' })).min(1, { error: 'needs at least one key' }),
  })
  .refine((all) => new Set(secretsOf(all)).size === secretsOf(all).length, { error: 'every key must be different from all others' });

type KeyringDocument = z.infer<typeof keyringDocument>;

function secretsOf(all: { personalData: { keys: Record<string, string> }; sealing: { keys: Record<string, string> }; blindIndex: string; mac: string; cookies: string[] }): string[] {
  return [...Object.values(all.personalData.keys), ...Object.values(all.sealing.keys), all.blindIndex, all.mac, ...all.cookies];
}

/** A key pasted where its id belongs must not come out through the path of the problem. */
const showPath = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'document' : path.map((step) => (typeof step === 'string' && !KEY_ID.test(step) ? '…' : String(step))).join('.');

function parse(text: string): KeyringDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // Without the cause: the parser quotes the text, and the text is keys.
    throw new KeyringError(['it is not a JSON document']);
  }
  const parsed = keyringDocument.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new KeyringError(
    parsed.error.issues.map((issue) => `${showPath(issue.path)}: ${issue.code === 'unrecognized_keys' ? 'has a field that does not belong there' : issue.message}`),
  );
}

const secretKey = (base64: string): KeyObject => createSecretKey(Buffer.from(base64, 'base64'));

const versioned = ({ current, keys }: KeyringDocument['sealing']): VersionedKeys => ({
  currentId: current,
  current: secretKey(keys[current] ?? ''),
  byId: new Map(Object.entries(keys).map(([id, base64]) => [id, secretKey(base64)])),
});

const fromDocument = (document: KeyringDocument): Keyring => ({
  personalData: versioned(document.personalData),
  sealing: versioned(document.sealing),
  blindIndex: secretKey(document.blindIndex),
  mac: secretKey(document.mac),
  cookies: sensitive(document.cookies),
});

/** A new document with one key of each kind, as the operator keeps it. */
export function makeKeyringDocument(random: Random): string {
  const newKey = (): string => random.bytes(KEY_BYTES).toString('base64');
  const document: KeyringDocument = {
    version: 1,
    personalData: { current: 'k1', keys: { k1: newKey() } },
    sealing: { current: 'k1', keys: { k1: newKey() } },
    blindIndex: newKey(),
    mac: newKey(),
    cookies: [newKey()],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KeyringError([`${file} cannot be read (${String((error as NodeJS.ErrnoException).code)})`]);
  }
}

/**
 * Written whole under another name and then linked: a process that starts at the same time either finds the complete
 * file or loses the race and reads the winner's.
 */
function makeFile(dataDir: string, file: string, random: Random): string {
  mkdirSync(dataDir, { recursive: true });
  const draft = join(dataDir, `.keyring-${random.uuid()}.json`);
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, makeKeyringDocument(random));
    fsyncSync(handle);
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(handle);
    rmSync(draft, { force: true });
  }
  return readFileSync(file, 'utf8');
}

export interface KeyringSource {
  /** A file path or the JSON document itself; unset makes `<dataDir>/keyring.json`, mode 0600, or reads it again. */
  readonly keyring: string | undefined;
  readonly dataDir: string;
  readonly environment: 'development' | 'test' | 'production';
  readonly random: Random;
}

/**
 * Loads the keys.
 * @throws {KeyringError} unreadable, malformed, or not given in production.
 */
export function loadKeyring({ keyring, dataDir, environment, random }: KeyringSource): Keyring {
  if (keyring !== undefined) {
    const given = keyring.trim();
    const text = given.startsWith('{') ? given : readIfThere(given);
    if (text === undefined) throw new KeyringError([`there is no file ${given}`]);
    return fromDocument(parse(text));
  }
  if (environment === 'production') throw new KeyringError(['production needs KEYRING: a file path or the JSON document itself']);
  const file = join(dataDir, 'keyring.json');
  return fromDocument(parse(readIfThere(file) ?? makeFile(dataDir, file, random)));
}
