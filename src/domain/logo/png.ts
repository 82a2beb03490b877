import { BrokenPicture, Parts, type Picture } from './parts.ts';

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Colours and pixels. Texts, profiles, times, animation and whatever stands behind the end is left out. */
const KEPT = new Set(['IHDR', 'PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'IDAT', 'IEND']);
const isCritical = (type: string): boolean => /^[A-Z]/.test(type);

/** PNG (W3C, third edition): chunks of length, type, data and checksum. @throws {BrokenPicture} */
export function readPng(bytes: Buffer): Picture {
  const parts = new Parts(bytes, PNG_SIGNATURE.length);
  const kept: Buffer[] = [PNG_SIGNATURE];
  let size: { width: number; height: number } | undefined;
  let hasPixels = false;
  for (let type = ''; type !== 'IEND';) {
    const head = parts.take(8);
    type = head.toString('latin1', 4);
    const data = parts.take(head.readUInt32BE(0));
    const checksum = parts.take(4);
    if ((size === undefined) !== (type === 'IHDR')) throw new BrokenPicture('its header does not stand first, once');
    if (type === 'IHDR') {
      if (data.length !== 13) throw new BrokenPicture('its header has another length');
      size = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) };
    }
    if (type === 'IDAT') hasPixels = true;
    if (KEPT.has(type)) kept.push(head, data, checksum);
    else if (isCritical(type)) throw new BrokenPicture('it needs a part that nobody knows');
  }
  if (size === undefined || !hasPixels) throw new BrokenPicture('it has no pixels');
  return { ...size, bytes: Buffer.concat(kept) };
}
