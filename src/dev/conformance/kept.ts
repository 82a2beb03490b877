import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const jwk = z.looseObject({ kty: z.string(), kid: z.string() });
const kept = z.object({ password: z.string(), keys: z.tuple([jwk, jwk]) });

/** What the suite holds and we made: kept beside the database, so that a configuration pasted once goes on working. */
export type Kept = z.infer<typeof kept>;

const makeKey = (kid: string): JsonWebKey & { kid: string; kty: string } => ({
  ...(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as JsonWebKey & {
    kty: string;
  }),
  kid,
  use: 'sig',
  alg: 'ES256',
});

/** The key as a registration holds it. */
export const publicPart = ({ d: _private, ...rest }: Kept['keys'][number]): Record<string, unknown> => rest;

/** Reads what an earlier start has made, or makes it. */
export async function keep(dataDir: string): Promise<Kept> {
  const file = join(dataDir, 'kept.json');
  try {
    return kept.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
  // The instance may be reached from elsewhere: its one account must not have a password that stands in a repository.
  const made: Kept = {
    password: `Uji-${randomBytes(9).toString('base64url')}7#`,
    keys: [makeKey('fapi-1'), makeKey('fapi-2')],
  };
  await writeFile(file, JSON.stringify(made, null, 2), { mode: 0o600, flag: 'wx' });
  return made;
}
