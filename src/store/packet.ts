import type { Writable } from 'node:stream';

/**
 * Sends as one packet what is written in one turn of the event loop, by all the requests that have come in with it:
 * most of what a command costs here is the call into the system. Nobody waits for it: the turn ends when all that has
 * come in has been looked at.
 */
export function cork(stream: Writable): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => {
    stream.uncork();
  });
}
