import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import { thresholdToSend } from '../domain/identity.ts';
import { identityMark } from '../domain/nik.ts';
import { ok, refuse, type Result } from '../domain/result.ts';
import type { Sender } from '../domain/sender.ts';
import {
  RegistryUnavailable,
  type CivilRegistry,
  type IdentityClaim,
  type RegistryAnswer,
  type RegistryTrouble,
  type RegistryVerdict,
} from '../ports/civil-registry/civil-registry.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Count, Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Verification } from '../store/verifications.ts';

export type IdentityRefusal =
  | { readonly reason: 'mismatch' | 'not-found'; readonly left: number }
  | { readonly reason: 'deceased' }
  | { readonly reason: 'duplicate' | 'inactive'; readonly reference: string }
  /** The tries for the NIK are used up; or those of the device or network, whosever NIK was typed. */
  | { readonly reason: 'limited' | 'limited-here'; readonly until: Date }
  | { readonly reason: 'quota' | 'closed' }
  | { readonly reason: 'unavailable'; readonly until: Date };

/** The registry was asked. */
export interface Asked {
  readonly outcome: Result<RegistryAnswer, IdentityRefusal>;
  /**
   * Writes the evidence down, once, in the turn of the draft that it belongs to, however often that turn is taken.
   * @param draftId undefined where that could not be written.
   */
  keep(tx: Transaction, draftId: string | undefined): Promise<void>;
}

export interface IdentityCheck {
  /**
   * Asks the civil registry. What comes of it counts once the evidence is kept. The mother's name ends with this call.
   * @returns a refusal where the limits allow no question.
   */
  check(
    claim: IdentityClaim,
    context: { clientId: string | undefined; sender: Sender },
  ): Promise<Result<Asked, IdentityRefusal>>;
}

/** Names the events: `registration.identity.verified`. */
export type IdentityJourney = 'registration' | 'recovery';

/** What the registry says of itself, whatever it is asked. */
const ABOUT_ITSELF: ReadonlySet<RegistryTrouble> = new Set(['quota', 'closed']);

export interface IdentityCheckDeps {
  readonly journey: IdentityJourney;
  readonly registry: CivilRegistry;
  readonly store: Store;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly audit: Audit;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Config['dukcapil'];
}

export function createIdentityCheck({
  journey,
  registry,
  store,
  counters,
  limits,
  audit,
  keyedHash,
  clock,
  random,
  config,
}: IdentityCheckDeps): IdentityCheck {
  const eventOf = <What extends string>(what: What): `${IdentityJourney}.identity.${What}` =>
    `${journey}.identity.${what}`;
  const nikHash = (claim: IdentityClaim): Buffer => keyedHash.hash('verification-nik', claim.nik.reveal());

  /** Counts a try before it is made, so that parallel tries cannot slip past; good ones are given back. */
  async function countTry(claim: IdentityClaim, sender: Sender) {
    const nikKey = identityMark(keyedHash, claim.nik.reveal());
    const wanted: Count[] = [
      [limits.identity.calls, nikKey],
      [limits.identity.nik, nikKey],
      [limits.identity.device, sender.device],
    ];
    if (sender.network !== undefined) wanted.push([limits.identity.network, sender.network]);
    const { readings, refusedBy } = await counters.takeAll(wanted);
    if (refusedBy !== undefined) {
      const [limit, key] = refusedBy;
      return refuse({
        limit: limit.name,
        key,
        until: readings.at(-1)?.resetsAt ?? addSeconds(clock.now(), limit.windowSeconds),
      });
    }
    return ok({
      left: readings[1]?.left ?? 0,
      /** A good answer gives back the tries, not the call: the registry's quota is spent whoever was right. */
      giveBackTries: (): Promise<void> => counters.giveBackAll(wanted.slice(1)),
      /**
       * No answer is nobody's fault, so NIK and device have it back. What was asked has cost a call, and where the
       * registry may have stumbled over this very question it stays counted on the network too: somebody would send
       * such a one without end.
       */
      giveBackUnanswered: ({ wasAsked, trouble }: RegistryUnavailable): Promise<void> =>
        counters.giveBackAll(!wasAsked ? wanted : ABOUT_ITSELF.has(trouble) ? wanted.slice(1) : wanted.slice(1, 3)),
    });
  }

  function refusalOf(verdict: Exclude<RegistryVerdict, 'verified'>, left: number, reference: string): IdentityRefusal {
    switch (verdict) {
      case 'mismatch':
      case 'not-found':
        return { reason: verdict, left };
      case 'duplicate':
      case 'inactive':
        return { reason: verdict, reference };
      case 'deceased':
        return { reason: verdict };
    }
  }

  /**
   * The answer to a commit may be lost, and the turn is taken again: what it has written already is not written a
   * second time.
   */
  function keeping(kept: Omit<Verification, 'draftId'>, tell: (tx: Transaction) => Promise<void>): Asked['keep'] {
    let isTriedAgain = false;
    return async (tx, draftId) => {
      const inserted = tx.verifications.insert({ ...kept, draftId: draftId ?? kept.id });
      if (isTriedAgain && !(await inserted)) return;
      isTriedAgain = true;
      tx.also(inserted);
      tx.also(tell(tx));
    };
  }

  return {
    async check(claim, { clientId, sender }) {
      const subject = { clientId };
      const evidence = (outcome: string, reference: string, durationMs: number, responseCode: string | undefined) => ({
        id: random.uuid(),
        nikHash: nikHash(claim),
        at: clock.now(),
        outcome,
        responseCode,
        institution: config.institution,
        threshold: thresholdToSend(config),
        reference,
        policyVersion: config.policyVersion,
        clientId,
        durationMs,
      });

      const counted = await countTry(claim, sender);
      if (!counted.ok) {
        const { limit, key, until } = counted.refusal;
        await audit.recordOnce(store, [limit, key], eventOf('limited'), { limit }, subject);
        return refuse({
          reason:
            limit === limits.identity.device.name || limit === limits.identity.network.name
              ? 'limited-here'
              : 'limited',
          until,
        });
      }

      const startedAt = clock.now().getTime();
      try {
        const answer = await registry.verify(claim);
        if (answer.verdict === 'verified') await counted.value.giveBackTries();
        const kept = evidence(answer.verdict, answer.reference, answer.durationMs, answer.responseCode);
        const { verdict, reference } = answer;
        return ok({
          outcome: verdict === 'verified' ? ok(answer) : refuse(refusalOf(verdict, counted.value.left, reference)),
          keep: keeping(kept, (tx) =>
            verdict === 'verified'
              ? audit.record(tx, eventOf('verified'), { reference }, subject)
              : audit.record(tx, eventOf('refused'), { reason: verdict, reference }, subject),
          ),
        });
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error;
        await counted.value.giveBackUnanswered(error);
        const { trouble } = error;
        const kept = evidence(trouble, random.uuid(), clock.now().getTime() - startedAt, error.responseCode);
        // A single call may have failed: nobody waits longer for that than for a registry that is known to be gone.
        const until = registry.health().retryAt ?? addSeconds(clock.now(), config.breakerOpenMs / 1000);
        return ok({
          outcome: refuse(
            trouble === 'quota' || trouble === 'closed' ? { reason: trouble } : { reason: 'unavailable', until },
          ),
          keep: keeping(kept, (tx) => audit.record(tx, eventOf('unavailable'), { trouble }, subject)),
        });
      }
    },
  };
}
