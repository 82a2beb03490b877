import type { Writable } from 'node:stream';

/** Sends as one packet what is written in one turn of the event loop: most of what a command costs here is the call into the system. */
export function cork(stream: Writable): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => { stream.uncork(); });
}
