/** How a password hash of a former system was made. */
export type FormerScheme =
  | { readonly kind: 'bcrypt'; readonly cost: number }
  | { readonly kind: 'argon2'; readonly memoryKib: number; readonly passes: number; readonly parallelism: number };

/** Why a hash is of no use: nobody here can verify it, or it would cost more than a sign-in may. */
export type FormerPasswordRefusal = 'password-unknown' | 'password-costly';

const BCRYPT = /^\$2[aby]\$(?<cost>\d{2})\$[./A-Za-z0-9]{53}$/;
const ARGON2 =
  /^\$argon2(?:id|i|d)\$v=19\$(?<params>[mtp]=\d{1,10},[mtp]=\d{1,10},[mtp]=\d{1,10})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}$/;

/**
 * Each step doubles the work; this one takes some two tenths of a second of a processor, and while such a hash waits so
 * does each failed sign-in.
 */
const MOST_BCRYPT_COST = 12;
const LEAST_BCRYPT_COST = 4;
/** What one sign-in may take of memory and of time. */
const MOST_MEMORY_KIB = 262_144;
const MOST_MEMORY_PASSES = 1_048_576;
const MOST_PARALLELISM = 16;

/** @returns undefined for what is neither bcrypt (`$2a$`, `$2b$`, `$2y$`) nor argon2 as a PHC string. */
export function readFormerScheme(hash: string): FormerScheme | undefined {
  const cost = BCRYPT.exec(hash)?.groups?.cost;
  if (cost !== undefined) return Number(cost) >= LEAST_BCRYPT_COST ? { kind: 'bcrypt', cost: Number(cost) } : undefined;
  const params = ARGON2.exec(hash)?.groups?.params;
  if (params === undefined) return undefined;
  const { m, t, p } = Object.fromEntries(params.split(',').map((pair) => [pair.slice(0, 1), Number(pair.slice(2))]));
  return m === undefined || t === undefined || p === undefined || t < 1 || p < 1 || m < 8 * p
    ? undefined
    : { kind: 'argon2', memoryKib: m, passes: t, parallelism: p };
}

/** What keeps the hash from being verified here, or undefined. */
export function objectionTo(hash: string): FormerPasswordRefusal | undefined {
  const scheme = readFormerScheme(hash);
  if (scheme === undefined) return 'password-unknown';
  const isCostly =
    scheme.kind === 'bcrypt'
      ? scheme.cost > MOST_BCRYPT_COST
      : scheme.memoryKib > MOST_MEMORY_KIB ||
        scheme.memoryKib * scheme.passes > MOST_MEMORY_PASSES ||
        scheme.parallelism > MOST_PARALLELISM;
  return isCostly ? 'password-costly' : undefined;
}
