import type { Core } from '../core.ts';
import type { ClientMetadata } from '../domain/client.ts';
import { daysLater, todayIn } from '../domain/day.ts';
import { counted } from '../domain/plural.ts';
import type { BridgeUse } from '../store/bridge-uses.ts';

const DAYS = 30;

/** Calls to the former interface in the last thirty days. */
export const bridgeUses = ({ store, config, clock }: Core, clientId?: string): Promise<readonly BridgeUse[]> =>
  store.bridgeUses.since(daysLater(todayIn(config.identity.timeZone, clock.now()), 1 - DAYS), clientId);

/** Until when a client may call it, and how often it does. */
export function bridgeColumn(
  id: string,
  { bridge }: Pick<ClientMetadata, 'bridge'>,
  uses: readonly BridgeUse[],
): readonly string[] {
  if (bridge === undefined) return [];
  const calls = uses.filter(({ clientId }) => clientId === id).reduce((sum, use) => sum + use.uses, 0);
  return [`former interface until ${bridge.until}, ${counted(calls, 'call')} in ${DAYS} days`];
}
