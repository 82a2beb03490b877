/** A signal for a call that may take so long at most. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time is up, and not the caller's patience. */
  isOver(): boolean;
  /** The call has ended: no timer stays behind, to go off when nobody is concerned any more. */
  clear(): void;
}

/** @param caller  ends the call as well. */
export function createDeadline(ms: number, caller?: AbortSignal): Deadline {
  const controller = new AbortController();
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    controller.abort(new Error('the time is up'));
  }, ms);
  const leave = (): void => {
    controller.abort(caller?.reason);
  };
  if (caller?.aborted === true) leave();
  else caller?.addEventListener('abort', leave, { once: true });
  return {
    signal: controller.signal,
    isOver: () => over,
    clear() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', leave);
    },
  };
}
