import { sensitive } from '../../src/domain/sensitive.ts';
import { hasherOf } from '../setups/product.ts';

const AT_ONCE = 4;

export interface HashPrice {
  /** Hashes a few passwords here, where nothing else happens meanwhile. */
  measure(): Promise<void>;
  /** Processor milliseconds of one. */
  ms(): number;
}

/** What the hash of production costs on this machine while the servers rest. */
export function createHashPrice(): HashPrice {
  const hasher = hasherOf('dear');
  let cpu = 0;
  let hashes = 0;
  return {
    async measure() {
      await hasher.hash(sensitive('the first one loads the package'));
      const before = process.cpuUsage();
      await Promise.all(Array.from({ length: AT_ONCE }, () => hasher.hash(sensitive('Kopi-Hitam7!'))));
      const { user, system } = process.cpuUsage(before);
      cpu += (user + system) / 1000;
      hashes += AT_ONCE;
    },
    ms: () => cpu / hashes,
  };
}
