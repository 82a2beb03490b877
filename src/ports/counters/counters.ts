/**
 * Expiring counters: rate limits and lock-outs.
 *
 * Every operation is atomic across processes. Where the store cannot be reached the operation throws, so that whoever
 * asks refuses (fails closed) instead of letting everybody through.
 */
export interface Limit {
  /** Names the counter in the store and in metrics: `sign-in.account`. */
  readonly name: string;
  readonly points: number;
  readonly windowSeconds: number;
}

export interface Reading {
  readonly used: number;
  readonly left: number;
  /** True once the points are used up: the next `take` is refused. */
  readonly exhausted: boolean;
  /** When the window ends; undefined while nothing is counted. */
  readonly resetsAt: Date | undefined;
}

export type TakenReading = Reading & { readonly refused: boolean };

/** What is counted on what. */
export type Count = readonly [limit: Limit, key: string];

export interface TakenAll {
  /** One for each, up to the first that refused; where the hold refused, that of the hold alone. */
  readonly readings: readonly TakenReading[];
  /** The first that refused. */
  readonly refusedBy: Count | undefined;
}

export interface Counters {
  /** Takes one point. `exhausted` in the answer says that the point was beyond the limit: refuse. */
  take(limit: Limit, key: string): Promise<TakenReading>;
  /**
   * Takes one point of each, or of none: where one refuses, nothing is taken.
   *
   * @param hold  only looked at, before the others: while its key is held, it refuses.
   */
  takeAll(counts: readonly Count[], hold?: Count): Promise<TakenAll>;
  /** Gives one point back: the try turned out to be good, or nobody's fault. */
  giveBack(limit: Limit, key: string): Promise<void>;
  /** @param cleared  wiped out in the same step. */
  giveBackAll(counts: readonly Count[], cleared?: readonly Count[]): Promise<void>;
  read(limit: Limit, key: string): Promise<Reading>;
  /** Refuses the key for so many seconds from now, whatever its points. */
  hold(limit: Limit, key: string, seconds: number): Promise<void>;
  clear(limit: Limit, key: string): Promise<void>;
  /**
   * Clears every key of the limit that begins so, points and holds; what is counted meanwhile may stay. For an
   * operator's hand: it looks through all there is. @returns how many.
   */
  clearAll(limit: Limit, beginning: string): Promise<number>;
}

export type SingleCounters = Omit<Counters, 'takeAll' | 'giveBackAll'>;

/** Several, where the store counts each by itself: one after the other, and given back where one refuses. */
export function severalInTurn(single: SingleCounters): Counters {
  const giveBackAll = async (counts: readonly Count[], cleared: readonly Count[] = []): Promise<void> => {
    for (const count of counts) await single.giveBack(...count);
    for (const count of cleared) await single.clear(...count);
  };
  return {
    ...single,
    async takeAll(counts, hold) {
      const held = hold === undefined ? undefined : await single.read(...hold);
      if (held?.exhausted === true) return { readings: [{ ...held, refused: true }], refusedBy: hold };
      const readings: TakenReading[] = [];
      for (const count of counts) {
        const reading = await single.take(...count);
        readings.push(reading);
        if (!reading.refused) continue;
        await giveBackAll(counts.slice(0, readings.length));
        return { readings, refusedBy: count };
      }
      return { readings, refusedBy: undefined };
    },
    giveBackAll,
  };
}
