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

export interface Counters {
  /** Takes one point. `exhausted` in the answer says that the point was beyond the limit: refuse. */
  take(limit: Limit, key: string): Promise<Reading & { readonly refused: boolean }>;
  /** Gives one point back: the try turned out to be good, or nobody's fault. */
  giveBack(limit: Limit, key: string): Promise<void>;
  read(limit: Limit, key: string): Promise<Reading>;
  /** Refuses the key for so many seconds from now, whatever its points. */
  hold(limit: Limit, key: string, seconds: number): Promise<void>;
  clear(limit: Limit, key: string): Promise<void>;
}
