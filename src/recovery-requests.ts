import { createProving } from './account/contact/proving.ts';
import type { Core } from './core.ts';
import { createRecoveryRequests, type RecoveryRequestDeps, type RecoveryRequests } from './recovery-request/service.ts';

/**
 * Requests for an account, put together: for the journey, the console, the holder's pages and the job.
 * @param options.logouts  whoever sends notices of ended sessions; where none runs, they leave with the next look.
 * @param options.clock    for the job, which gives nothing away by a clock that is ahead.
 */
export const recoveryRequestsOf = (
  core: Core,
  options: Partial<Pick<RecoveryRequestDeps, 'logouts' | 'clock'>> = {},
): RecoveryRequests =>
  createRecoveryRequests({
    ...core,
    logouts: { wake: () => undefined },
    giveNumber: (tx, account, phone) => createProving(core).number(tx, account, phone, 'request'),
    ...options,
  });
