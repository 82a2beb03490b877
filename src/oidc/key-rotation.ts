import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import { ALGORITHMS, makeKey as makeNewKey, publicPart, type Algorithm, type MakeKey } from '../crypto/signing-key.ts';
import { readyAt, rotationAt, stepsDue, type KeyStep, type KeyTimes } from '../domain/key-rotation.ts';
import { ok, refuse, type Result } from '../domain/result.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { SigningKeyRow } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createSigningKeys, type SigningKeys } from './signing-keys.ts';

/**
 * Beyond this the two clocks cannot both be right, and a key promoted by the wrong one is a key that nobody knows yet.
 */
const APART_MS = 60_000;

export type RotationRefusal = 'no-next-key' | 'not-long-enough-published';
export type RemovalRefusal = 'no-such-key';

export interface Rotated {
  readonly algorithm: string;
  readonly kid: string;
  readonly former: string | undefined;
}

export interface KeyRotation {
  /** Does what is due, on whichever instance comes first. @returns what was done. */
  run(): Promise<readonly KeyStep[]>;
  /**
   * Lets the next keys take over before their time.
   * @param now  also those that services may not know yet.
   */
  rotate(options: {
    readonly algorithms: readonly Algorithm[];
    readonly now: boolean;
    readonly reason: string;
  }): Promise<Result<readonly Rotated[], RotationRefusal>>;
  /**
   * Throws a key away at once: nothing signed by it is good any more. If it was the one that signs, the next takes
   * over.
   * @returns which key signs now, where another took over.
   */
  remove(kid: string, reason: string): Promise<Result<{ readonly takenOver: Rotated | undefined }, RemovalRefusal>>;
}

/** What the configuration says of the life of keys, in the words of the rules. */
const keyTimes = ({ keys, lifetimes }: Pick<Config, 'keys' | 'lifetimes'>): KeyTimes => ({
  rotationSeconds: keys.rotationDays * 86_400,
  leadSeconds: keys.leadSeconds,
  retiredSeconds: keys.retiredSeconds,
  // As long as a service can be signed in: it may bring any ID token of that time when it signs the person out.
  hintSeconds: Math.max(lifetimes.sessionSeconds, lifetimes.offlineSeconds),
});

export interface KeyRotationDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly config: Pick<Config, 'keys' | 'lifetimes'>;
  readonly log: Log;
  readonly makeKey?: MakeKey;
  /** The other clock that is asked, and whose times are kept; the database's, unless a test has one. */
  readonly secondClock?: () => Promise<Date>;
}

/**
 * Makes, promotes and ends the keys that sign tokens. Safe with many instances: the table is locked for each change,
 * and looked at anew.
 */
export function createKeyRotation({
  store,
  audit,
  clock,
  config,
  log,
  makeKey = makeNewKey,
  secondClock = () => store.signingKeys.databaseTime(),
}: KeyRotationDeps): KeyRotation {
  const times = keyTimes(config);

  async function make(tx: Store, algorithm: Algorithm, state: 'next' | 'current', at: Date): Promise<string> {
    const key = makeKey(algorithm, at);
    await tx.signingKeys.insert(key, state, at);
    await audit.record(tx, 'signing-key.made', { kid: key.kid, algorithm, state });
    return key.kid;
  }

  async function promote(
    tx: Store,
    keys: readonly SigningKeyRow[],
    kid: string,
    at: Date,
    by: string,
    reason?: string,
  ): Promise<Rotated> {
    const algorithm = keys.find((key) => key.kid === kid)?.algorithm ?? '';
    const former = keys.find((key) => key.algorithm === algorithm && key.state === 'current');
    if (former !== undefined) await tx.signingKeys.retire(former.kid, publicPart(former.jwk), at);
    await tx.signingKeys.promote(kid, at);
    await audit.record(tx, 'signing-key.promoted', {
      kid,
      algorithm,
      by,
      ...(former === undefined ? {} : { former: former.kid }),
      ...(reason === undefined ? {} : { reason }),
    });
    return { algorithm, kid, former: former?.kid };
  }

  async function take(tx: Store, keys: readonly SigningKeyRow[], step: KeyStep, at: Date): Promise<void> {
    switch (step.step) {
      case 'make':
        await make(tx, step.algorithm as Algorithm, step.state, at);
        return;
      case 'promote':
        await promote(tx, keys, step.kid, at, 'schedule');
        return;
      case 'withdraw':
        await tx.signingKeys.withdraw(step.kid);
        await audit.record(tx, 'signing-key.withdrawn', { kid: step.kid, algorithm: step.algorithm });
        return;
      case 'forget':
        await tx.signingKeys.remove(step.kid);
    }
  }

  /** Of two clocks the one that is behind: whichever jumped ahead, no key is promoted or ended before its time. */
  function timeForSure(own: Date, other: Date): Date | undefined {
    const apart = Math.abs(own.getTime() - other.getTime());
    if (apart <= APART_MS) return own < other ? own : other;
    log.error({ apartMs: apart }, 'keys are neither promoted nor ended: this clock and that of the database differ');
    return undefined;
  }

  const due = async (from: Pick<Store, 'signingKeys'>, now: Date): Promise<readonly KeyStep[]> =>
    stepsDue(await from.signingKeys.list(), ALGORITHMS, now, times);

  return {
    async run() {
      if ((await due(store, clock.now())).length === 0) return [];
      const at = await secondClock();
      // What is missing is made whatever the clocks say: without a key nobody signs in. Nothing else is due at the
      // beginning of time.
      const sure = timeForSure(clock.now(), at) ?? new Date(0);
      return store.transaction(async (tx) => {
        await tx.signingKeys.lock();
        const keys = await tx.signingKeys.list();
        const steps = stepsDue(keys, ALGORITHMS, sure, times);
        for (const step of steps) await take(tx, keys, step, at);
        return steps;
      });
    },

    async rotate({ algorithms, now, reason }) {
      const at = await secondClock();
      return store.transaction(async (tx) => {
        await tx.signingKeys.lock();
        const keys = await tx.signingKeys.list();
        const nexts = algorithms.map((algorithm) =>
          keys.find((key) => key.algorithm === algorithm && key.state === 'next'),
        );
        const ready = nexts.filter((key) => key !== undefined);
        if (ready.length < algorithms.length) return refuse('no-next-key');
        if (!now && ready.some((key) => readyAt(key, times) > at)) return refuse('not-long-enough-published');
        const rotated: Rotated[] = [];
        for (const { kid, algorithm } of ready) {
          rotated.push(await promote(tx, keys, kid, at, 'operator', reason));
          await make(tx, algorithm as Algorithm, 'next', at);
        }
        return ok(rotated);
      });
    },

    async remove(kid, reason) {
      const at = await secondClock();
      return store.transaction(async (tx) => {
        await tx.signingKeys.lock();
        const key = (await tx.signingKeys.list()).find((one) => one.kid === kid);
        if (key === undefined) return refuse('no-such-key');
        await tx.signingKeys.remove(kid);
        await audit.record(tx, 'signing-key.removed', {
          kid,
          algorithm: key.algorithm,
          state: key.state,
          by: 'operator',
          reason,
        });
        const algorithm = key.algorithm as Algorithm;
        const left = await tx.signingKeys.list();
        let takenOver: Rotated | undefined;
        if (key.state === 'current') {
          const next = left.find((one) => one.algorithm === algorithm && one.state === 'next');
          takenOver =
            next === undefined
              ? { algorithm, kid: await make(tx, algorithm, 'current', at), former: kid }
              : { ...(await promote(tx, left, next.kid, at, 'operator', reason)), former: kid };
        }
        if (key.state === 'current' || key.state === 'next') await make(tx, algorithm, 'next', at);
        return ok({ takenOver });
      });
    },
  };
}

/** The keys in this process, and what looks after them. On an empty database they are made first. */
export async function openSigningKeys(
  deps: KeyRotationDeps,
): Promise<{ readonly signingKeys: SigningKeys; readonly rotation: KeyRotation }> {
  const rotation = createKeyRotation(deps);
  await rotation.run();
  const signingKeys = createSigningKeys({ load: () => deps.store.signingKeys.list(), clock: deps.clock });
  await signingKeys.fresh();
  return { signingKeys, rotation };
}

/** One line for each key, for those who look: `sso keys list`, the figures and the doctor. */
export interface KeyReport {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: SigningKeyRow['state'];
  readonly publishedAt: Date;
  readonly promotedAt: Date | undefined;
  readonly retiredAt: Date | undefined;
  /** Of the key that signs: when another is to take over, which may be past. */
  readonly rotationAt: Date | undefined;
}

/** What there is, and what is to come of it. Nothing of the keys themselves. */
export async function reportKeys(
  store: Pick<Store, 'signingKeys'>,
  config: Pick<Config, 'keys' | 'lifetimes'>,
): Promise<readonly KeyReport[]> {
  const times = keyTimes(config);
  return (await store.signingKeys.list()).map((key) => {
    const { kid, algorithm, state, publishedAt, promotedAt, retiredAt } = key;
    return {
      kid,
      algorithm,
      state,
      publishedAt,
      promotedAt,
      retiredAt,
      rotationAt: state === 'current' ? rotationAt(key, times) : undefined,
    };
  });
}
