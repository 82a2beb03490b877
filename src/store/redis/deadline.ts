/** Tells whoever waits too long. All wait equally long: who came first is late first, and one timer does for all. */
export interface Deadline {
  /** @returns ends the wait. */
  begin(giveUp: () => void): () => void;
}

export function createDeadline(ms: number): Deadline {
  const waiting = new Set<{ readonly until: number; readonly giveUp: () => void }>();
  let timer: NodeJS.Timeout | undefined;

  function giveUpLate(): void {
    timer = undefined;
    const now = performance.now();
    for (const one of waiting) {
      if (one.until > now) {
        timer = setTimeout(giveUpLate, one.until - now).unref();
        return;
      }
      waiting.delete(one);
      one.giveUp();
    }
  }

  return {
    begin(giveUp) {
      const one = { until: performance.now() + ms, giveUp };
      waiting.add(one);
      timer ??= setTimeout(giveUpLate, ms).unref();
      return () => { waiting.delete(one); };
    },
  };
}
