export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly trouble: 'too-long' | 'not-utf8' };

const NEWLINE = 0x0a;

/**
 * The lines of a stream, one after the other: never more than one of them is held, and of one that is too long nothing.
 * Empty lines are counted and left out.
 *
 * @param mostBytes  of one line.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array | string>, mostBytes: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 0;
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length <= mostBytes) parts.push(part);
    else parts = [];
  };
  function end(): Line | undefined {
    number += 1;
    const bytes = Buffer.concat(parts);
    const isTooLong = length > mostBytes;
    parts = [];
    length = 0;
    if (isTooLong) return { number, trouble: 'too-long' };
    try {
      const text = decoder.decode(bytes).trim();
      return text === '' ? undefined : { number, text };
    } catch {
      return { number, trouble: 'not-utf8' };
    }
  }

  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      add(bytes.subarray(from, at));
      from = at + 1;
      const line = end();
      if (line !== undefined) yield line;
    }
    // A copy: the stream may fill the same memory anew.
    add(Uint8Array.from(bytes.subarray(from)));
  }
  if (length === 0) return;
  const last = end();
  if (last !== undefined) yield last;
}
