import type { Core } from '../core.ts';
import { permissionsOf } from '../domain/operator.ts';
import { counted } from '../domain/plural.ts';
import { ok, warn, type Finding } from './finding.ts';

const check = 'recovery requests';
/** Of each request: the first opinion and the second come from different people. */
const FEWEST = 2;

/** Whether there are people who can decide on requests for an account: nobody tells citizens that there are none. */
export async function examineOfficers({
  store,
  config,
}: {
  readonly store: Pick<Core['store'], 'operators'>;
  readonly config: Pick<Core['config'], 'recoveryRequests'>;
}): Promise<readonly Finding[]> {
  if (!config.recoveryRequests.enabled) return [];
  const held = (await store.operators.list()).filter(({ role }) => permissionsOf([role]).has('accounts.recover'));
  const ids = [...new Set(held.map(({ accountId }) => accountId))];
  // Whoever is suspended holds nothing meanwhile.
  const present = (await Promise.all(ids.map((id) => store.operators.rolesOf(id)))).filter(({ length }) => length > 0);
  const what = `${counted(present.length, 'officer')} can give an opinion on them`;
  return [
    present.length < FEWEST
      ? warn(
          check,
          `${what}, and each takes two different people`,
          'give the role support to another person (operator grant), or set RECOVERY_REQUESTS=false',
        )
      : ok(check, what),
  ];
}
