import type { Pdu } from 'smpp';

/**
 * Answers that come when nobody waits for them any more: a message that was accepted after all is not submitted again.
 */
export interface LateAnswers {
  /** The message was submitted under that number, and its answer did not come in time. */
  missed(sequence: number, ref: string): void;
  /** @returns of which message it is, where it is one that was missed. */
  came(pdu: Pdu): string | undefined;
  /** The answer that has come for it meanwhile. */
  of(ref: string): Pdu | undefined;
  /** Numbers begin anew with each session. */
  sessionEnded(): void;
}

/** Nobody asks for the oldest any more. */
const MOST = 1000;

export function createLateAnswers(isAccepted: (pdu: Pdu) => boolean): LateAnswers {
  const missing = new Map<number, string>();
  const accepted = new Map<string, Pdu>();
  const bound = (map: Map<unknown, unknown>): void => {
    const [oldest] = map.keys();
    if (map.size > MOST) map.delete(oldest);
  };
  return {
    missed(sequence, ref) {
      missing.set(sequence, ref);
      bound(missing);
    },
    came(pdu) {
      const ref = missing.get(pdu.sequence_number);
      missing.delete(pdu.sequence_number);
      if (ref === undefined || !isAccepted(pdu)) return undefined;
      accepted.set(ref, pdu);
      bound(accepted);
      return ref;
    },
    of: (ref) => accepted.get(ref),
    sessionEnded() {
      missing.clear();
    },
  };
}
