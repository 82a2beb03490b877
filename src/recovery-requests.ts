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
  {
    logouts = { wake: () => undefined },
    clock = core.clock,
  }: Partial<Pick<RecoveryRequestDeps, 'logouts' | 'clock'>> = {},
): RecoveryRequests => {
  const proving = createProving({ ...core, clock });
  return createRecoveryRequests({
    ...core,
    logouts,
    clock,
    giveNumber: (tx, account, phone) => proving.number(tx, account, phone, 'request'),
  });
};
