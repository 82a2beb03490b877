import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Header lines as they came. */
  readonly head: string;
  readonly body: string;
}

/**
 * One request exactly as written, for what no HTTP library would send. The last header must ask to close the
 * connection.
 * @returns the first answer on the connection.
 */
export async function sendRaw(url: string, request: string | Buffer): Promise<RawAnswer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may close before it has read everything; what it said before that counts.
  socket.on('error', () => undefined);
  socket.write(request);
  await new Promise((resolve) => socket.once('close', resolve));
  const text = Buffer.concat(chunks).toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
    head,
    body: end === -1 ? '' : text.slice(end + 4),
  };
}

/** `GET` of a request target that a URL class would tidy up, with whatever headers a stranger likes to send. */
export const rawGet = (
  url: string,
  target: string,
  headers: readonly string[] = ['Host: localhost'],
  method = 'GET',
): Promise<RawAnswer> =>
  sendRaw(
    url,
    [`${method} ${target} HTTP/1.1`, ...headers, 'Accept: text/html', 'Connection: close', '', ''].join('\r\n'),
  );

export const headerOf = ({ head }: RawAnswer, name: string): string | undefined =>
  new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim();
