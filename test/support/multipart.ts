import type { RequestOptions } from './browser.ts';

/** A form with a file named `logo`, as browsers send it. */
export function multipart(
  fields: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  file: Buffer,
  { name = 'logo.png', type = 'image/png' } = {},
): RequestOptions {
  const boundary = '----------------uji';
  const part = (head: string, body: string | Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
      Buffer.from(body),
      Buffer.from('\r\n'),
    ]);
  const all: readonly (readonly [string, string])[] = Array.isArray(fields)
    ? (fields as readonly (readonly [string, string])[])
    : Object.entries(fields as Readonly<Record<string, string>>);
  const body = Buffer.concat([
    ...all.map(([field, value]) => part(`name="${field}"`, value)),
    part(`name="logo"; filename="${name}"\r\nContent-Type: ${type}`, file),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { method: 'POST', headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body };
}
