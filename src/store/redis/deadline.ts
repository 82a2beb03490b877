/** Tells whoever waits too long. All wait equally long, and one timer does for all. */
export interface Deadline {
  /** @returns ends the wait. */
  begin(giveUp: () => void): () => void;
}

interface Wait {
  readonly until: number;
  readonly giveUp: () => void;
}

export function createDeadline(ms: number): Deadline {
  /**
   * Places that are used again and again. A `Set` builds its table anew after every few that come and go; the old ones
   * lead to the new one, and V8 keeps all of them, with whatever waited in them, until it collects everything.
   */
  const places: (Wait | undefined)[] = [];
  const free: number[] = [];
  let timer: NodeJS.Timeout | undefined;

  function end(place: number, one: Wait): void {
    if (places[place] !== one) return;
    places[place] = undefined;
    free.push(place);
  }

  function giveUpLate(): void {
    timer = undefined;
    const now = performance.now();
    let next = Infinity;
    const late: Wait[] = [];
    for (const [place, one] of places.entries()) {
      if (one === undefined) continue;
      if (one.until > now) {
        next = Math.min(next, one.until);
        continue;
      }
      end(place, one);
      late.push(one);
    }
    if (next < Infinity) timer = setTimeout(giveUpLate, next - now).unref();
    for (const { giveUp } of late) giveUp();
  }

  return {
    begin(giveUp) {
      const one = { until: performance.now() + ms, giveUp };
      const place = free.pop() ?? places.length;
      places[place] = one;
      timer ??= setTimeout(giveUpLate, ms).unref();
      return () => {
        end(place, one);
      };
    },
  };
}
