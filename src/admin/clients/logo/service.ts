import { createHash } from 'node:crypto';
import { readLogo, type LogoRefusal } from '../../../domain/logo/logo.ts';
import { ok, type Result } from '../../../domain/result.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import type { Store } from '../../../store/store.ts';

export interface LogoService {
  /**
   * Judges a file, writes the picture anew and stores it. Nobody sees it before a registration in effect names it.
   * @returns the value of the member `logo`.
   */
  put(file: Buffer): Promise<Result<string, LogoRefusal>>;
}

export function createLogoService({ store, clock }: { readonly store: Pick<Store, 'clientLogos'>; readonly clock: Clock }): LogoService {
  return {
    async put(file) {
      const read = readLogo(file);
      if (!read.ok) return read;
      const { bytes, width, height, extension } = read.value;
      const name = `${createHash('sha256').update(bytes).digest('hex')}.${extension}`;
      await store.clientLogos.put({ name, bytes, width, height }, clock.now());
      return ok(name);
    },
  };
}
