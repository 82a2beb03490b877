import { crc32, deflateSync } from 'node:zlib';

/** Pictures made by hand, so that a test can make them wrong. */

export function pngChunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface PngOptions {
  readonly width?: number;
  readonly height?: number;
  /** Grey, so that each is another picture. */
  readonly shade?: number;
  /** Behind the header. */
  readonly further?: readonly Buffer[];
  /** Behind the end. */
  readonly behind?: Buffer;
  /** What the header says, where that is not so. */
  readonly says?: number;
}

/** A grey PNG that browsers show. */
export function png({
  width = 8,
  height = 8,
  shade = 0x80,
  further = [],
  behind = Buffer.alloc(0),
  says,
}: PngOptions = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(says ?? width, 0);
  header.writeUInt32BE(says ?? height, 4);
  header.writeUInt8(8, 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width, shade)]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([
    SIGNATURE,
    pngChunk('IHDR', header),
    ...further,
    pngChunk('IDAT', pixels),
    pngChunk('IEND'),
    behind,
  ]);
}

const segment = (marker: number, data: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(0xff00 | marker);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
};

/** The bones of a JPEG: nobody can see it, and every part is where it belongs. */
export function jpeg({
  width = 8,
  height = 8,
  further = [],
  behind = Buffer.alloc(0),
  frame = 0xc0,
}: { width?: number; height?: number; further?: readonly Buffer[]; behind?: Buffer; frame?: number } = {}): Buffer {
  const size = Buffer.from([8, height >> 8, height & 0xff, width >> 8, width & 0xff, 1, 1, 0x11, 0]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1')),
    ...further,
    segment(0xdb, Buffer.alloc(65, 1)),
    segment(frame, size),
    segment(0xc4, Buffer.alloc(20)),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.from([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]),
    Buffer.from([0xff, 0xd9]),
    behind,
  ]);
}
export const jpegSegment = segment;

const riff = (type: string, data: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
};
export const webpChunk = riff;

/** The bones of a lossless WebP, with a header where there is something further. */
export function webp({
  width = 8,
  height = 8,
  further = [],
  behind = Buffer.alloc(0),
  flags = 0,
}: { width?: number; height?: number; further?: readonly Buffer[]; behind?: Buffer; flags?: number } = {}): Buffer {
  const pixels = Buffer.alloc(12);
  pixels.writeUInt8(0x2f);
  pixels.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, 1);
  const canvas = Buffer.alloc(10);
  canvas.writeUInt8(flags);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const header = further.length > 0 || flags !== 0 ? [riff('VP8X', canvas)] : [];
  return Buffer.concat([
    riff('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), ...header, riff('VP8L', pixels), ...further])),
    behind,
  ]);
}
