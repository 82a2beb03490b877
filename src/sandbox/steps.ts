import type { Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import { Refused } from '../web/refused.ts';

/** @throws {Refused} with 429 where the check of this client has had its steps for today. */
export type TakeStep = (clientId: string) => Promise<void>;

export interface StepDeps {
  readonly counters: Counters;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** Each step of a check leaves something behind, some make a key: counted on the client, whoever holds its link. */
export const createTakeStep =
  ({ counters, limits, clock }: StepDeps): TakeStep =>
  async (clientId) => {
    const { refused, resetsAt } = await counters.take(limits.sandbox.steps, clientId);
    if (!refused) return;
    const seconds = Math.max(1, Math.ceil(((resetsAt?.getTime() ?? 0) - clock.now().getTime()) / 1000));
    throw new Refused(429, 'errors.limited', { params: { seconds }, retryAfterSeconds: seconds });
  };
