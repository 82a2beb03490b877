import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Random } from '../ports/random/random.ts';

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
  .refine(({ current, keys }) => Object.hasOwn(keys, current), {
    path: ['current'],
    error: 'names a key that is not among "keys"',
  });

const keyringDocument = z
  .strictObject({
    version: z.literal(1),
    personalData: versionedKeys,
    sealing: versionedKeys,
    // Until there was a second one, it stood here by itself.
    blindIndex: z.preprocess(
      (value) => (typeof value === 'string' ? { current: 'k1', keys: { k1: value } } : value),
      versionedKeys,
    ),
    mac: key,
    cookies: z
      .array(z.string().min(KEY_BYTES, { error: 'must have at least 32 characters' }))
      .min(1, { error: 'needs at least one key' }),
  })
  .refine((all) => new Set(secretsOf(all)).size === secretsOf(all).length, {
    error: 'every key must be different from all others',
  });

/** The keyring as the operator keeps it: JSON, keys in base64. */
export type KeyringDocument = z.infer<typeof keyringDocument>;

interface Versions {
  readonly keys: Readonly<Record<string, string>>;
}

function secretsOf({
  personalData,
  sealing,
  blindIndex,
  mac,
  cookies,
}: {
  personalData: Versions;
  sealing: Versions;
  blindIndex: Versions;
  mac: string;
  cookies: string[];
}): string[] {
  return [...[personalData, sealing, blindIndex].flatMap(({ keys }) => Object.values(keys)), mac, ...cookies];
}

/** A key pasted where its id belongs must not come out through the path of the problem. */
const showPath = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? 'document'
    : path.map((step) => (typeof step === 'string' && !KEY_ID.test(step) ? '…' : String(step))).join('.');

/** @throws {KeyringError} with every problem. */
export function parseKeyring(text: string): KeyringDocument {
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
    parsed.error.issues.map(
      (issue) =>
        `${showPath(issue.path)}: ${issue.code === 'unrecognized_keys' ? 'has a field that does not belong there' : issue.message}`,
    ),
  );
}

export const writeKeyring = (document: KeyringDocument): string => `${JSON.stringify(document, undefined, 2)}\n`;

/** However either is written. */
export const isSameKeyring = (one: KeyringDocument, other: KeyringDocument): boolean => isDeepStrictEqual(one, other);

const newKey = (random: Random): string => random.bytes(KEY_BYTES).toString('base64');

/** A new document with one key of each kind. */
export function makeKeyringDocument(random: Random): string {
  const make = (): string => newKey(random);
  return writeKeyring({
    version: 1,
    personalData: { current: 'k1', keys: { k1: make() } },
    sealing: { current: 'k1', keys: { k1: make() } },
    blindIndex: { current: 'k1', keys: { k1: make() } },
    mac: make(),
    cookies: [make()],
  });
}

/** The kinds of keys that can be followed by others. */
export const keyUses = ['personalData', 'sealing', 'blindIndex', 'cookies'] as const;
export type KeyUse = (typeof keyUses)[number];

/** Cookie keys have no id of their own; this one gives nothing away of them. */
export const cookieKeyId = (cookieKey: string): string =>
  createHash('sha256').update('cookie-key\0').update(cookieKey).digest('hex').slice(0, 8);

/** The ids of one kind, and which of them is used for whatever is new. */
export function idsIn(
  document: KeyringDocument,
  use: KeyUse,
): { readonly current: string; readonly known: readonly string[] } {
  if (use !== 'cookies') return { current: document[use].current, known: Object.keys(document[use].keys) };
  const known = document.cookies.map(cookieKeyId);
  return { current: known[0] ?? '', known };
}

/** The first of k1, k2, … that is free: no id comes back, as long as something may be sealed under it. */
const freeId = (known: readonly string[]): string =>
  `k${1 + Math.max(0, ...known.map((id) => Number(/^k(\d+)$/.exec(id)?.[1] ?? 0)))}`;

/** With a new key, which everybody must know before anybody uses it. @returns the document and the id. */
export function addKey(
  document: KeyringDocument,
  use: KeyUse,
  random: Random,
): { readonly document: KeyringDocument; readonly id: string } {
  const made = newKey(random);
  if (use === 'cookies')
    return { document: { ...document, cookies: [...document.cookies, made] }, id: cookieKeyId(made) };
  const id = freeId(Object.keys(document[use].keys));
  return { document: { ...document, [use]: { ...document[use], keys: { ...document[use].keys, [id]: made } } }, id };
}

/** With that key for whatever is new. The id must be known. */
export function useKey(document: KeyringDocument, use: KeyUse, id: string): KeyringDocument {
  if (use !== 'cookies') return { ...document, [use]: { ...document[use], current: id } };
  const isIt = (cookieKey: string): boolean => cookieKeyId(cookieKey) === id;
  return { ...document, cookies: [...document.cookies.filter(isIt), ...document.cookies.filter((one) => !isIt(one))] };
}

/** Without that key, which must not be the one in use. */
export function removeKey(document: KeyringDocument, use: KeyUse, id: string): KeyringDocument {
  if (use === 'cookies') return { ...document, cookies: document.cookies.filter((one) => cookieKeyId(one) !== id) };
  return {
    ...document,
    [use]: {
      ...document[use],
      keys: Object.fromEntries(Object.entries(document[use].keys).filter(([known]) => known !== id)),
    },
  };
}
