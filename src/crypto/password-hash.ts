import { availableParallelism } from 'node:os';
import type { Config } from '../config.ts';
import { readFormerScheme } from '../domain/former-password.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { systemRandom, type Random } from '../ports/random/random.ts';
import { loadArgon2, readCost, showCost, type Argon2, type Argon2Cost } from './argon2.ts';
import { loadBcrypt, type Bcrypt } from './bcrypt.ts';
import { createLane, type Lane } from './lane.ts';
import { letPoolYield } from './yielding.ts';

export interface PasswordHasher {
  /**
   * @returns an argon2id PHC string. The password is hashed in NFC, whole, whatever its length.
   * @throws  {LaneBusy} see `lane.ts`; or the signal's reason.
   */
  hash(password: Sensitive<string>, signal?: AbortSignal): Promise<string>;
  /**
   * @param hash the stored hash, ours or a former system's; undefined for an unknown account, which then costs the same
   *   work and time.
   * @returns    `needsRehash` only together with `matches`: the cost in the configuration has changed since, or it is
   *   no hash of ours.
   * @throws     {LaneBusy} see `lane.ts`; {PasswordHashUnknown} a stored string that is neither argon2 nor bcrypt.
   */
  verify(
    password: Sensitive<string>,
    hash: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ matches: boolean; needsRehash: boolean }>;
  /**
   * After a password that did not match: the work that the other kind of hash would have cost, so that the time does
   * not tell whose hash is a former system's.
   * @param verified   what was verified.
   * @param bcryptCost what hashes of a former system cost; undefined where there are none, and nothing is to be hidden.
   * @throws           {LaneBusy} see `lane.ts`.
   */
  disguise(password: Sensitive<string>, verified: string | undefined, bcryptCost: number | undefined): Promise<void>;
  /** For metrics. */
  depth(): ReturnType<Lane['depth']>;
  refused(): number;
}

/** A stored password hash in a form nobody here writes. */
export class PasswordHashUnknown extends Error {
  readonly code = 'PASSWORD_HASH_UNKNOWN';

  constructor() {
    super('a stored password hash is neither argon2 nor bcrypt');
  }
}

export interface PasswordHasherDeps {
  readonly config: Pick<Config['password'], 'memoryKib' | 'passes' | 'parallelism' | 'slots' | 'queue' | 'deadlineMs'>;
  readonly cores?: number;
  readonly random?: Random;
  /** Which package does the work; tests prove each of them. */
  readonly load?: () => Promise<Argon2>;
  readonly loadFormer?: () => Promise<Bcrypt>;
}

/** Looks like a hash of some password and costs exactly as much to verify, yet nobody had to compute it. */
const makeDummy = (cost: Argon2Cost, random: Random): string => {
  const base64 = (bytes: number): string => random.bytes(bytes).toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$${showCost(cost)}$${base64(16)}$${base64(32)}`;
};

/**
 * Passwords by argon2id on a bounded lane, so that a flood of sign-ins cannot starve everything else.
 *
 * The hashing shares libuv's pool of four threads with file access and name look-ups: a process with more than three
 * slots wants `UV_THREADPOOL_SIZE` of at least slots + 4, set before the pool starts (in the environment).
 */
export function createPasswordHasher({
  config,
  cores = availableParallelism(),
  random = systemRandom,
  load = loadArgon2,
  loadFormer = loadBcrypt,
}: PasswordHasherDeps): PasswordHasher {
  const cost: Argon2Cost = { memoryKib: config.memoryKib, passes: config.passes, parallelism: config.parallelism };
  const lane = createLane({
    slots: config.slots > 0 ? config.slots : Math.max(1, cores - 1),
    queue: config.queue,
    deadlineMs: config.deadlineMs,
  });
  const dummy = makeDummy(cost, random);
  let loading: Promise<Argon2> | undefined;
  const argon2 = (): Promise<Argon2> =>
    (loading ??= load().then((loaded) => {
      letPoolYield();
      return loaded;
    }));
  let loadingFormer: Promise<Bcrypt> | undefined;
  const bcrypt = (): Promise<Bcrypt> => (loadingFormer ??= loadFormer());
  const isBcrypt = (hash: string): boolean => readFormerScheme(hash)?.kind === 'bcrypt';
  const normalise = (password: Sensitive<string>): string => password.reveal().normalize('NFC');

  return {
    hash: (password, signal) => lane.run(async () => (await argon2()).hash(normalise(password), cost), signal),
    async verify(password, hash = dummy, signal) {
      const stored = readCost(hash);
      if (stored === undefined && readFormerScheme(hash) === undefined) throw new PasswordHashUnknown();
      const matches = await lane.run(
        async () =>
          isBcrypt(hash)
            ? (await bcrypt()).verify(normalise(password), hash)
            : (await argon2()).verify(hash, normalise(password)),
        signal,
      );
      return {
        matches: matches && hash !== dummy,
        needsRehash: matches && (stored === undefined || showCost(stored) !== showCost(cost)),
      };
    },
    async disguise(password, verified = dummy, bcryptCost) {
      if (bcryptCost === undefined) return;
      await lane.run(async () => {
        if (isBcrypt(verified)) await (await argon2()).verify(dummy, normalise(password));
        else await (await bcrypt()).spend(normalise(password), bcryptCost);
      });
    },
    depth: () => lane.depth(),
    refused: () => lane.refused(),
  };
}
