import { createHash } from 'node:crypto';
import type { Audit } from '../../../audit/log.ts';
import { readLogo, type LogoRefusal } from '../../../domain/logo/logo.ts';
import { ok, refuse, type Result } from '../../../domain/result.ts';
import type { Counters } from '../../../ports/counters/counters.ts';
import type { Limits } from '../../../ports/counters/limits.ts';
import type { StoredLogo } from '../../../store/client-logos.ts';
import type { Store } from '../../../store/store.ts';
import type { ClientRefusal } from '../refusals.ts';
import type { ClientReview, Saved, SaveOptions } from '../review.ts';
import { whoAnswersFor } from '../versions.ts';

export type PutRefusal = ClientRefusal | { readonly reason: LogoRefusal | 'logos-many' };

export interface LogoService {
  /**
   * Judges a file, writes the picture anew and keeps it together with the change that names it; without a file the logo is
   * taken away. Nobody sees it before a registration in effect names it.
   * @param file  what of it was read, and whether that was all.
   */
  put(id: string, file: { readonly bytes: Buffer; readonly isCut?: boolean } | undefined, options: Pick<SaveOptions, 'hand' | 'seen'>): Promise<Result<Saved, PutRefusal>>;
}

export interface LogoServiceDeps {
  readonly review: Pick<ClientReview, 'save'>;
  readonly store: Pick<Store, 'audit'>;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly limits: Limits;
}

/** The picture of a file as it is kept. Nothing is kept here. */
export function toStored(file: Buffer): Result<StoredLogo, LogoRefusal> {
  const read = readLogo(file);
  if (!read.ok) return read;
  const { bytes, width, height, extension } = read.value;
  return ok({ name: `${createHash('sha256').update(bytes).digest('hex')}.${extension}`, bytes, width, height });
}

export function createLogoService({ review, store, audit, counters, limits }: LogoServiceDeps): LogoService {
  const limit = limits.operator.logos;

  return {
    async put(id, file, options) {
      if (file === undefined) return review.save(id, { logo: undefined }, options);
      const stored: Result<StoredLogo, LogoRefusal> = file.isCut === true ? refuse('logo-large') : toStored(file.bytes);
      if (!stored.ok) return refuse({ reason: stored.refusal });
      const { by } = options.hand;
      const person = whoAnswersFor(options.hand);
      const { refused } = await counters.take(limit, person);
      if (refused) {
        await audit.recordOnce(store, [person, limit.name], 'operator.limited', { by, limit: limit.name });
        return refuse({ reason: 'logos-many' });
      }
      const saved = await review.save(id, { logo: stored.value.name }, { ...options, picture: stored.value });
      // Nothing is kept of it.
      if (!saved.ok) await counters.giveBack(limit, person);
      return saved;
    },
  };
}
