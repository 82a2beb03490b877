import { createHash } from 'node:crypto';
import type { Audit } from '../../../audit/log.ts';
import { readLogo, type LogoRefusal } from '../../../domain/logo/logo.ts';
import { ok, refuse, type Result } from '../../../domain/result.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import type { Counters } from '../../../ports/counters/counters.ts';
import type { Limits } from '../../../ports/counters/limits.ts';
import type { StoredLogo } from '../../../store/client-logos.ts';
import type { Store } from '../../../store/store.ts';
import type { Refusals } from '../../refusals.ts';
import type { ClientRefusal } from '../refusals.ts';
import type { ClientReview, Saved, SaveOptions } from '../review.ts';
import { whoAnswersFor, type Hand } from '../versions.ts';

export type FileRefusal = { readonly reason: LogoRefusal | 'logos-many' };
export type PutRefusal = ClientRefusal | FileRefusal;
interface ReadFile {
  readonly bytes: Buffer;
  readonly isCut?: boolean;
}

export interface LogoService {
  /**
   * Judges a file, writes the picture anew and keeps it together with the change that names it; without a file the logo
   * is taken away. Nobody sees it before a registration in effect names it.
   * @param file  what of it was read, and whether that was all.
   */
  put(
    id: string,
    file: ReadFile | undefined,
    options: Pick<SaveOptions, 'hand' | 'seen'>,
  ): Promise<Result<Saved, PutRefusal>>;
  /**
   * Keeps the picture that was chosen for an application which is not registered yet: the form may be refused for
   * something else, and a browser sends no file twice. Counted like any other; what no registration names goes after a
   * day.
   * @returns the value of the member `logo`.
   */
  keep(file: ReadFile, hand: Hand): Promise<Result<string, FileRefusal>>;
}

export interface LogoServiceDeps {
  readonly review: Pick<ClientReview, 'save'>;
  readonly store: Pick<Store, 'audit' | 'clientLogos' | 'clients'>;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly refusals: Pick<Refusals, 'change'>;
}

/** The picture of a file as it is kept. Nothing is kept here. */
export function toStored(file: Buffer): Result<StoredLogo, LogoRefusal> {
  const read = readLogo(file);
  if (!read.ok) return read;
  const { bytes, width, height, extension } = read.value;
  return ok({ name: `${createHash('sha256').update(bytes).digest('hex')}.${extension}`, bytes, width, height });
}

export function createLogoService({
  review,
  store,
  audit,
  counters,
  limits,
  clock,
  refusals,
}: LogoServiceDeps): LogoService {
  const limit = limits.operator.logos;

  async function judge(
    { bytes, isCut }: ReadFile,
    { by }: Hand,
    clientId?: string,
  ): Promise<Result<StoredLogo, FileRefusal>> {
    const stored: Result<StoredLogo, LogoRefusal> = isCut === true ? refuse('logo-large') : toStored(bytes);
    if (stored.ok) return stored;
    await refusals.change(by, { kind: 'logo', reason: stored.refusal, clientId });
    return refuse({ reason: stored.refusal });
  }

  /** @returns false where it is one too many for today. */
  async function count(hand: Hand): Promise<boolean> {
    const person = whoAnswersFor(hand);
    const { refused } = await counters.take(limit, person);
    if (refused)
      await audit.recordOnce(store, [person, limit.name], 'operator.limited', { by: hand.by, limit: limit.name });
    return !refused;
  }

  return {
    async put(id, file, options) {
      if (file === undefined) return review.save(id, { logo: undefined }, options);
      // What is no client's is judged by nobody, and named nowhere.
      if ((await store.clients.find(id)) === undefined) return refuse({ reason: 'client-unknown', id });
      const stored = await judge(file, options.hand, id);
      if (!stored.ok) return stored;
      if (!(await count(options.hand))) return refuse({ reason: 'logos-many' });
      const saved = await review.save(id, { logo: stored.value.name }, { ...options, picture: stored.value });
      // Nothing is kept of it.
      if (!saved.ok) await counters.giveBack(limit, whoAnswersFor(options.hand));
      return saved;
    },

    async keep(file, hand) {
      const stored = await judge(file, hand);
      if (!stored.ok) return stored;
      if (!(await count(hand))) return refuse({ reason: 'logos-many' });
      await store.clientLogos.put(stored.value, clock.now());
      return ok(stored.value.name);
    },
  };
}
