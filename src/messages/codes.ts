import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Attempt, OtpCode, Purpose } from '../domain/otp.ts';
import { phonePrefix, type Phone } from '../domain/phone.ts';
import { ok, refuse, type Result } from '../domain/result.ts';
import type { Sender } from '../domain/sender.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Count, Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Random } from '../ports/random/random.ts';
import { recipientMark } from './recipient-mark.ts';

const CODE_DIGITS = 6;

/** To whom a code goes, on whose behalf. */
export interface CodeRecipient {
  /** The NIK; or what stands for nobody, where a code is only made for the look of it. */
  readonly nik: Sensitive<string>;
  /** Where the code goes: E.164, or an address. */
  readonly to: Sensitive<string>;
  /** Present where the code travels by SMS: money and a stranger's peace are at stake. */
  readonly phone?: Sensitive<Phone> | undefined;
  /**
   * What a device that the person has signed in on is counted on, in the place of number and NIK, which strangers can
   * use up.
   */
  readonly knownDevice?: string | undefined;
  /** A refusal is shown to nobody: that a number takes no messages must not be told by less work either. */
  readonly silent?: boolean | undefined;
}

export interface SendRefusal {
  readonly reason: 'send-limit' | 'send-budget' | 'locked' | 'undeliverable';
  readonly until: Date;
}

/** The right to send one code. Give it back when the code turns out not to be sent. */
export interface Permit {
  giveBack(): Promise<void>;
}

export interface NewCode {
  readonly code: Sensitive<string>;
  readonly codeHash: string;
  readonly recipientHash: string;
}

export interface Codes {
  /** Counts one code against every limit, or against none. */
  permit(recipient: CodeRecipient, sender: Sender): Promise<Result<Permit, SendRefusal>>;
  /** Makes a code for one purpose, one journey (`boundTo`) and one recipient; it is worth nothing anywhere else. */
  make(purpose: Purpose, boundTo: string, to: Sensitive<string>): NewCode;
  attempt(purpose: Purpose, boundTo: string, to: Sensitive<string>, typed: OtpCode, codeHash: string): Attempt;
  /**
   * Counts one try against the day's tries of the person, over all codes and journeys; a refused one does not count.
   */
  countTry(nik: Sensitive<string>): Promise<Result<void, { readonly reason: 'locked'; readonly until: Date }>>;
  /** The try was no guess (the code was right, or could not be guessed any more): it does not count. */
  forgiveTry(nik: Sensitive<string>): Promise<void>;
  /** Whether the person has used up the tries of the day. */
  lockedUntil(nik: Sensitive<string>): Promise<Date | undefined>;
}

export interface CodesDeps {
  readonly counters: Counters;
  readonly limits: Limits;
  readonly keyedHash: KeyedHash;
  readonly random: Random;
  readonly clock: Clock;
}

/** One-time codes: made, bound, and limited for every journey that sends one. */
export function createCodes({ counters, limits, keyedHash, random, clock }: CodesDeps): Codes {
  const mark = (kind: string, value: string): string => keyedHash.hash(`counter-${kind}`, value).toString('base64url');
  const recipientHash = (to: Sensitive<string>): string =>
    keyedHash.hash('code-recipient', to.reveal()).toString('base64url');
  const hashOf = (purpose: Purpose, boundTo: string, to: Sensitive<string>, code: string): string =>
    keyedHash.hash('code', purpose, boundTo, to.reveal(), code).toString('base64url');
  const inADay = (): Date => addSeconds(clock.now(), 86_400);

  async function lockedUntil(nik: Sensitive<string>): Promise<Date | undefined> {
    const reading = await counters.read(limits.code.tries, mark('nik', nik.reveal()));
    return reading.exhausted ? (reading.resetsAt ?? inADay()) : undefined;
  }

  return {
    lockedUntil,

    async permit({ nik, to, phone, knownDevice, silent = false }, sender) {
      // Read for everybody alike.
      const recipient = recipientMark(keyedHash, to);
      const [locked, undelivered] = await Promise.all([
        lockedUntil(nik),
        counters.read(limits.code.undelivered, recipient),
      ]);
      if (locked !== undefined) return refuse({ reason: 'locked', until: locked });

      // A device that the person has signed in on is not held up by what a stranger can do with the number.
      const undeliverable =
        undelivered.exhausted && knownDevice === undefined
          ? refuse({ reason: 'undeliverable' as const, until: undelivered.resetsAt ?? inADay() })
          : undefined;
      if (undeliverable !== undefined && !silent) return undeliverable;

      // Narrowest first, so that a refusal says what is nearest to the person.
      const ofPerson: Count[] =
        knownDevice === undefined
          ? [
              [limits.code.number, recipient],
              [limits.code.nik, mark('nik', nik.reveal())],
            ]
          : [[limits.recovery.knownDevice, mark('recovery-known-device', knownDevice)]];
      // A code that costs nobody money is counted as often, where it troubles nobody: recovery must not tell by its
      // time by which way a code goes, nor whether one goes at all.
      const ofAll: Count[] = [
        [
          limits.code.prefix,
          phone === undefined ? mark('no-prefix', to.reveal()) : mark('prefix', phonePrefix(phone.reveal())),
        ],
      ];
      if (sender.network !== undefined) ofAll.push([limits.code.network, sender.network]);
      ofAll.push([limits.code.day, phone === undefined ? mark('no-day', to.reveal()) : 'all']);

      const wanted = [...ofPerson, ...ofAll];
      const { readings, refusedBy } = await counters.takeAll(wanted);
      if (refusedBy !== undefined)
        return refuse({
          reason: ofPerson.includes(refusedBy) ? 'send-limit' : 'send-budget',
          until: readings.at(-1)?.resetsAt ?? inADay(),
        });
      return undeliverable ?? ok({ giveBack: () => counters.giveBackAll(wanted) });
    },

    make(purpose, boundTo, to) {
      const code = random.digits(CODE_DIGITS);
      return { code: sensitive(code), codeHash: hashOf(purpose, boundTo, to, code), recipientHash: recipientHash(to) };
    },

    attempt(purpose, boundTo, to, typed, codeHash) {
      const matches = keyedHash.equal(
        Buffer.from(hashOf(purpose, boundTo, to, typed), 'base64url'),
        Buffer.from(codeHash, 'base64url'),
      );
      return { purpose, recipientHash: recipientHash(to), matches };
    },

    async countTry(nik) {
      const key = mark('nik', nik.reveal());
      const reading = await counters.take(limits.code.tries, key);
      if (!reading.refused) return ok(undefined);
      await counters.giveBack(limits.code.tries, key);
      return refuse({ reason: 'locked', until: reading.resetsAt ?? inADay() });
    },

    async forgiveTry(nik) {
      await counters.giveBack(limits.code.tries, mark('nik', nik.reveal()));
    },
  };
}
