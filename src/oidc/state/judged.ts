import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { ProtocolAdapter } from './adapter.ts';

/** Whether what was found in the store counts today. */
export type Judge = (found: AdapterPayload) => boolean | Promise<boolean>;

/**
 * Storage that finds nothing which one of the judges does not let count. Asked at each use and not deleted once: a
 * request under way would write anew what was deleted.
 */
export function judged(adapter: ProtocolAdapter, judges: readonly Judge[]): ProtocolAdapter {
  async function judge(finding: ReturnType<Adapter['find']>): Promise<AdapterPayload | undefined> {
    const found = await finding;
    if (!found) return undefined;
    for (const counts of judges) {
      const answer = counts(found);
      if (!(typeof answer === 'boolean' ? answer : await answer)) return undefined;
    }
    return found;
  }

  return {
    ...adapter,
    find: (id) => judge(adapter.find(id)),
    findByUid: (uid) => judge(adapter.findByUid(uid)),
    findByUserCode: (userCode) => judge(adapter.findByUserCode(userCode)),
  };
}
