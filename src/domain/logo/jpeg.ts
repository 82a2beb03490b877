import { BrokenPicture, Parts, type Picture } from './parts.ts';

const END = 0xd9;
const SCAN = 0xda;
/** Baseline, extended and progressive: what browsers show. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2]);
/** Tables of Huffman codes and of quantisation, and where decoding may start again. */
const TABLES = new Set([0xc4, 0xdb, 0xdd]);
const JFIF = 0xe0;
const ADOBE = 0xee;
/** A scan costs the browser as much as the picture; progressive ones have about ten. */
const MOST_SCANS = 64;

/**
 * Applications write about themselves, cameras about where and when: only what colours hang on is kept, at its usual
 * length.
 */
function isKept(marker: number, data: Buffer): boolean {
  if (marker === JFIF) return data.length === 14 && data.toString('latin1', 0, 5) === 'JFIF\0';
  if (marker === ADOBE) return data.length === 12 && data.toString('latin1', 0, 5) === 'Adobe';
  return FRAMES.has(marker) || TABLES.has(marker) || marker === SCAN;
}

const isLeftOut = (marker: number): boolean => (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;

/** The pixels of a scan: up to a marker that does not belong to them. */
function takePixels(parts: Parts): Buffer {
  const { bytes, at } = parts;
  for (let next = at; next + 1 < bytes.length; next += 1) {
    const [sign, marker] = [bytes[next], bytes[next + 1] ?? 0];
    if (sign === 0xff && marker !== 0x00 && marker !== 0xff && (marker < 0xd0 || marker > 0xd7))
      return parts.take(next - at);
  }
  throw new BrokenPicture('it has no end');
}

/** JPEG (ITU T.81): segments of marker, length and data, and the pixels behind each scan. @throws {BrokenPicture} */
export function readJpeg(bytes: Buffer): Picture {
  const parts = new Parts(bytes, 2);
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let size: { width: number; height: number } | undefined;
  let scans = 0;
  for (;;) {
    if (parts.take(1)[0] !== 0xff) throw new BrokenPicture('a part does not begin as one');
    let marker = parts.take(1).readUInt8();
    while (marker === 0xff) marker = parts.take(1).readUInt8();
    if (marker === END) break;
    const head = parts.take(2);
    const length = head.readUInt16BE();
    if (length < 2) throw new BrokenPicture('a part is shorter than its own length');
    const data = parts.take(length - 2);
    if (FRAMES.has(marker)) {
      if (size !== undefined || data.length < 6) throw new BrokenPicture('it has two sizes or none');
      size = { width: data.readUInt16BE(3), height: data.readUInt16BE(1) };
    }
    if (isKept(marker, data)) kept.push(Buffer.from([0xff, marker]), head, data);
    else if (!isLeftOut(marker)) throw new BrokenPicture('it is of a kind that browsers do not show');
    if (marker === SCAN) {
      if (size === undefined || (scans += 1) > MOST_SCANS)
        throw new BrokenPicture('it has too many scans, or one too early');
      kept.push(takePixels(parts));
    }
  }
  if (size === undefined || scans === 0) throw new BrokenPicture('it has no pixels');
  return { ...size, bytes: Buffer.concat([...kept, Buffer.from([0xff, END])]) };
}
