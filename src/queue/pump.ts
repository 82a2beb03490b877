export interface PumpDeps<Item> {
  /** How many may be under way at once. */
  readonly most: number;
  /** Takes what is due from the queue, so many at most. */
  readonly claim: (limit: number) => Promise<readonly Item[]>;
  /**
   * Does the work of one and records what became of it; never throws. The signal ends it when the process must stop.
   */
  readonly work: (item: Item, signal: AbortSignal) => Promise<void>;
}

export interface Pump {
  /**
   * Begins what is due, as far as there is room; resolves once nothing more can begin now. @throws what `claim` throws.
   */
  pump(): Promise<void>;
  /** Does everything that is due and waits for the end of it. */
  drain(): Promise<void>;
  /** Begins nothing more; waits so long for what is under way, then aborts it. */
  close(graceMs: number): Promise<void>;
}

/** Works through a queue that lies in the database: many at once, each place filled again as soon as it is free. */
export function createPump<Item>({ most, claim, work }: PumpDeps<Item>): Pump {
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  let closed = false;
  let wanted = false;
  let backlog = false;
  let active: Promise<void> | undefined;

  function begin(item: Item): void {
    const working = work(item, closing.signal).finally(() => {
      running.delete(working);
      // A refused claim is told by the next look at the queue.
      if (backlog) pump().catch(() => undefined);
    });
    running.add(working);
  }

  async function run(): Promise<void> {
    while (wanted && !closed) {
      wanted = false;
      const room = most - running.size;
      if (room <= 0) {
        backlog = true;
        return;
      }
      const claimed = await claim(room);
      backlog = claimed.length === room;
      claimed.forEach(begin);
    }
  }

  function pump(): Promise<void> {
    wanted = true;
    active ??= run().finally(() => {
      active = undefined;
      // Woken in the moment between the last look and now.
      return wanted && !closed ? pump() : undefined;
    });
    return active;
  }

  async function drain(): Promise<void> {
    do {
      await pump();
      await Promise.all(running);
    } while (!closed && (backlog || active !== undefined || running.size > 0));
  }

  async function close(graceMs: number): Promise<void> {
    closed = true;
    await active?.catch(() => undefined);
    const grace = setTimeout(() => {
      closing.abort();
    }, graceMs);
    await Promise.all(running);
    clearTimeout(grace);
  }

  return { pump, drain, close };
}
