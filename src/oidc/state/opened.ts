import type { Sealer } from '../../crypto/seal.ts';

/** So long at most is kept in clear what was opened, whether anybody asks or not, and so many of them. */
const HELD_MS = 5000;
const MOST = 2000;
const TAG_BYTES = 16;

/**
 * Used up by whoever asks for them: nobody asks a second time, and as many as there are requests would be held in vain.
 */
const ONCE = new Set(['AuthorizationCode', 'RefreshToken']);

interface Opened {
  readonly sealed: Buffer;
  readonly model: string;
  readonly text: string;
}

/**
 * Opens payloads, and each but once while it is asked for all the time: a service asks about the same token, session
 * and grant many times in a row. What is held answers for the very same bytes alone, so it says nothing about whether
 * they are still in the store, or good.
 */
export function createOpener(
  sealer: Pick<Sealer, 'open'>,
  purpose: string,
  heldMs = HELD_MS,
): (model: string, sealed: Buffer) => string {
  let held = new Map<string, Opened>();
  const letGo = (): void => {
    held = new Map();
  };

  return (model, sealed) => {
    if (ONCE.has(model)) return sealer.open(purpose, model, sealed).toString('utf8');
    if (held.size >= MOST) letGo();
    const tag = sealed.toString('latin1', sealed.length - TAG_BYTES);
    const known = held.get(tag);
    if (known?.model === model && known.sealed.equals(sealed)) return known.text;
    const text = sealer.open(purpose, model, sealed).toString('utf8');
    if (held.size === 0) setTimeout(letGo, heldMs).unref();
    // A copy, for what came from the store is a piece of all that came in one packet; and one by itself, for in the
    // pool it would keep all that was made around it.
    const copy = Buffer.allocUnsafeSlow(sealed.length);
    sealed.copy(copy);
    held.set(tag, { sealed: copy, model, text });
    return text;
  };
}
