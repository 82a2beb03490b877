/** Lets so many work at once, and so many wait; who comes beyond is turned away. */
export interface Gate {
  /** @returns undefined, without doing the work, where too many wait already. */
  pass<T>(work: () => Promise<T>): Promise<{ readonly value: T } | undefined>;
}

export function createGate({ most, waiting: mostWaiting }: { readonly most: number; readonly waiting: number }): Gate {
  const waiting: (() => void)[] = [];
  let working = 0;

  return {
    async pass(work) {
      if (working >= most) {
        if (waiting.length >= mostWaiting) return undefined;
        // The place is handed on, so nobody comes in between.
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      } else working += 1;
      try {
        return { value: await work() };
      } finally {
        const next = waiting.shift();
        if (next === undefined) working -= 1;
        else next();
      }
    },
  };
}
