import type { Audit } from '../../../audit/log.ts';
import type { KeyedHash } from '../../../crypto/keyed-hash.ts';
import type { Reason } from '../../../domain/operator.ts';
import { PLAIN_LINE } from '../../../domain/plain-line.ts';
import { refuse, ok, type Result } from '../../../domain/result.ts';
import { sensitive, type Sensitive } from '../../../domain/sensitive.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import type { Random } from '../../../ports/random/random.ts';
import type { InitialToken } from '../../../store/registration-tokens.ts';
import type { Store } from '../../../store/store.ts';

export interface InitialTokenWish {
  /** Brought along by a form, so that one that is sent twice makes one token. */
  readonly id?: string | undefined;
  readonly team: string;
  readonly days: number;
  readonly most: number;
  /** The account id of the operator who hands it over: they approve nothing that comes by it. */
  readonly handedBy?: string | undefined;
  /** Why nobody is named who hands it over. */
  readonly unnamed?: Reason | undefined;
}

export type InitialTokenRefusal = 'team' | 'days' | 'most' | 'operator' | 'taken';

export interface InitialTokens {
  /** Makes a token by which an approved team registers clients. It is shown this once. */
  make(
    wish: InitialTokenWish,
    by?: string,
  ): Promise<Result<{ readonly token: InitialToken; readonly value: Sensitive<string> }, InitialTokenRefusal>>;
  /**
   * The team registers nothing more by it, and manages nothing more that it registered. @returns false where there is
   * none to revoke.
   */
  revoke(id: string, by?: string): Promise<boolean>;
  list(): Promise<readonly InitialToken[]>;
}

export interface InitialTokensDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
}

const COMMAND_LINE = 'operator';
const DAY_MS = 86_400_000;
const TOKEN_BYTES = 32;
const isTeam = (name: string): boolean => name.length >= 3 && name.length <= 100 && PLAIN_LINE.test(name);
/** Ids are written by hand on a command line, and PostgreSQL is strict about their form. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const newToken = (random: Random): Sensitive<string> =>
  sensitive(random.bytes(TOKEN_BYTES).toString('base64url'));
export const initialHash = (keyedHash: KeyedHash, token: string): Buffer => keyedHash.hash('initial-token', token);

const isWhole = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;

export function createInitialTokens({ store, audit, keyedHash, clock, random }: InitialTokensDeps): InitialTokens {
  return {
    async make({ id = random.uuid(), team, days, most, handedBy, unnamed }, by = COMMAND_LINE) {
      if (!isTeam(team.trim())) return refuse('team');
      if (!isWhole(days, 90)) return refuse('days');
      if (!isWhole(most, 100)) return refuse('most');
      if (handedBy !== undefined && (!UUID.test(handedBy) || (await store.accounts.findById(handedBy)) === undefined))
        return refuse('operator');
      const value = newToken(random);
      const at = clock.now();
      const token = {
        id,
        team: team.trim(),
        most,
        handedBy,
        used: 0,
        createdAt: at,
        expiresAt: new Date(at.getTime() + days * DAY_MS),
        revokedAt: undefined,
      };
      return store.transactionOnce(async (tx) => {
        if (!(await tx.registrationTokens.insertInitial(token, initialHash(keyedHash, value.reveal()))))
          return refuse('taken');
        await audit.record(tx, 'initial-token.made', {
          token: id,
          team: token.team,
          most,
          by,
          ...(handedBy === undefined ? {} : { handedBy }),
          ...(unnamed === undefined ? {} : { reason: unnamed }),
        });
        return ok({ token, value });
      });
    },

    revoke: (id, by = COMMAND_LINE) =>
      store.transactionOnce(async (tx) => {
        const revoked = UUID.test(id) ? await tx.registrationTokens.revokeInitial(id, clock.now()) : undefined;
        if (revoked === undefined) return false;
        await audit.record(tx, 'initial-token.revoked', { token: id, team: revoked.team, by });
        return true;
      }),

    list: () => store.registrationTokens.listInitial(),
  };
}
