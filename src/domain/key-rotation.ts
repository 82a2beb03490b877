/**
 * The life of a signing key.
 *
 * - `next` is published and signs nothing yet: services know it long before they meet it.
 * - `current` signs.
 * - `retired` signs no more, its private part is gone; it stays published until the last token it signed has expired.
 * - `withdrawn` is not published; we alone still know by it an old ID token that comes back as `id_token_hint`.
 */
export type KeyState = 'next' | 'current' | 'retired' | 'withdrawn';

export interface KeyLife {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly publishedAt: Date;
  readonly promotedAt: Date | undefined;
  readonly retiredAt: Date | undefined;
}

export interface KeyTimes {
  /** How long a key signs. */
  readonly rotationSeconds: number;
  /** How long it is published before that, at least. */
  readonly leadSeconds: number;
  /** How long it is published after that: longer than any token it may have signed. */
  readonly retiredSeconds: number;
  /** How long after that an ID token may come back to us as a hint. */
  readonly hintSeconds: number;
}

export type KeyStep =
  | { readonly step: 'make'; readonly algorithm: string; readonly state: 'next' | 'current' }
  | { readonly step: 'promote'; readonly algorithm: string; readonly kid: string }
  | { readonly step: 'withdraw' | 'forget'; readonly algorithm: string; readonly kid: string };

const after = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000);

/** From when on the next key may take over without that any service meets a key that it cannot know. */
export const readyAt = (
  { publishedAt }: Pick<KeyLife, 'publishedAt'>,
  { leadSeconds }: Pick<KeyTimes, 'leadSeconds'>,
): Date => after(publishedAt, leadSeconds);

/** When it is to take over from this one. */
export const rotationAt = (current: KeyLife, { rotationSeconds }: Pick<KeyTimes, 'rotationSeconds'>): Date =>
  after(current.promotedAt ?? current.publishedAt, rotationSeconds);

/**
 * What is to be done now, in this order. Where no key signs at all, one must do so at once; from then on one is always
 * published ahead, also when nothing is due for months: it is what an emergency turns to.
 *
 * @param keys  all of them, as the database holds them.
 */
export function stepsDue(
  keys: readonly KeyLife[],
  algorithms: readonly string[],
  now: Date,
  times: KeyTimes,
): readonly KeyStep[] {
  return algorithms.flatMap((algorithm): KeyStep[] => {
    const own = keys.filter((key) => key.algorithm === algorithm);
    const current = own.find(({ state }) => state === 'current');
    const next = own.find(({ state }) => state === 'next');
    const steps: KeyStep[] = [];
    const takesOver =
      next !== undefined &&
      (current === undefined || (readyAt(next, times) <= now && rotationAt(current, times) <= now));
    if (takesOver) steps.push({ step: 'promote', algorithm, kid: next.kid });
    else if (current === undefined) steps.push({ step: 'make', algorithm, state: 'current' });
    if (takesOver || next === undefined) steps.push({ step: 'make', algorithm, state: 'next' });
    for (const { kid, state, retiredAt } of own) {
      if (retiredAt === undefined) continue;
      if (after(retiredAt, times.retiredSeconds + times.hintSeconds) <= now)
        steps.push({ step: 'forget', algorithm, kid });
      else if (state === 'retired' && after(retiredAt, times.retiredSeconds) <= now)
        steps.push({ step: 'withdraw', algorithm, kid });
    }
    return steps;
  });
}
