import type { Knex } from 'knex';
import type { AccountId } from '../domain/account.ts';
import { insertRow, prepared } from './knex.ts';

/** Evidence of one identity check, for the half-year report. Never a name, a mother's name or a score. */
export interface Verification {
  readonly id: string;
  readonly draftId: string;
  readonly nikHash: Buffer;
  readonly at: Date;
  readonly outcome: string;
  readonly responseCode: string | undefined;
  readonly institution: string;
  readonly threshold: number;
  readonly reference: string;
  readonly policyVersion: string;
  readonly clientId: string | undefined;
  readonly durationMs: number;
}

export type VerificationStore = ReturnType<typeof createVerificationStore>;

export function createVerificationStore(db: Knex) {
  return {
    /** @returns whether it was not there before. */
    async insert(verification: Verification): Promise<boolean> {
      const made = await insertRow(
        db,
        'verification_log',
        {
          id: verification.id,
          draft_id: verification.draftId,
          nik_hash: verification.nikHash,
          at: verification.at,
          outcome: verification.outcome,
          response_code: verification.responseCode ?? null,
          institution: verification.institution,
          threshold: verification.threshold,
          reference: verification.reference,
          policy_version: verification.policyVersion,
          client_id: verification.clientId ?? null,
          duration_ms: verification.durationMs,
        },
        'on conflict do nothing',
      );
      return made === 1;
    },

    /**
     * Once the journey is complete, its checks belong to the account. Those of whoever went through it before in the same
     * sign-in are theirs already, and stay so.
     */
    async assign(draftId: string, accountId: AccountId): Promise<void> {
      await prepared(
        db,
        'verification-assign',
        'update verification_log set account_id = $2 where draft_id = $1 and account_id is null',
        [draftId, accountId],
      );
    },
  };
}
