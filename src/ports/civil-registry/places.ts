import { bulkhead } from 'cockatiel';
import { RegistryUnavailable } from './civil-registry.ts';

export interface Places {
  /**
   * Waits for one of the places and returns what gives it back.
   * @throws {RegistryUnavailable} `circuit-open` when none came free in time; the signal's reason when it was aborted.
   */
  take(signal?: AbortSignal): Promise<() => void>;
}

/**
 * Bounds the calls in flight. Only the turn is queued, never the call itself: its personal data would stay in the
 * queue after the caller has left.
 */
export function createPlaces({ count, waitMs }: { count: number; waitMs: number }): Places {
  const places = bulkhead(count, Infinity);
  return {
    take: (signal) =>
      new Promise((resolve, reject) => {
        const patience = AbortSignal.any([AbortSignal.timeout(waitMs), ...(signal === undefined ? [] : [signal])]);
        const giveUp = (): void => {
          reject(signal?.aborted === true ? (signal.reason as Error) : new RegistryUnavailable('circuit-open'));
        };
        patience.addEventListener('abort', giveUp, { once: true });
        places
          .execute(
            () =>
              new Promise<void>((giveBack) => {
                resolve(giveBack);
              }),
            patience,
          )
          .catch(giveUp);
      }),
  };
}
