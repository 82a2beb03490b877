import { BrokenPicture, Parts, type Picture } from './parts.ts';

type Size = Pick<Picture, 'width' | 'height'>;

const ANIMATED = 0x02;
const ALPHA = 0x10;

function sizeOfLossy(data: Buffer): Size {
  if (data.length < 10 || (data.readUInt8(0) & 1) !== 0 || data.readUIntBE(3, 3) !== 0x9d012a)
    throw new BrokenPicture('its pixels do not begin as they should');
  return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
}

function sizeOfLossless(data: Buffer): Size {
  if (data.length < 5 || data.readUInt8(0) !== 0x2f) throw new BrokenPicture('its pixels do not begin as they should');
  const bits = data.readUInt32LE(1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function sizeOfCanvas(data: Buffer): Size {
  if (data.length !== 10 || (data.readUInt8(0) & ANIMATED) !== 0)
    throw new BrokenPicture('it moves, or its header is odd');
  return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
}

const chunk = (type: string, data: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
};

/**
 * WebP (RFC 9649): chunks of type, length and data. Texts, places and colour profiles are left out. @throws
 * {BrokenPicture}
 */
export function readWebp(bytes: Buffer): Picture {
  const length = new Parts(bytes, 4).take(4).readUInt32LE();
  const parts = new Parts(new Parts(bytes, 8).take(length), 4);
  const kept: Buffer[] = [];
  let canvas: Size | undefined;
  let size: Size | undefined;
  while (!parts.isOver) {
    const head = parts.take(8);
    const type = head.toString('latin1', 0, 4);
    const data = parts.take(head.readUInt32LE(4));
    if (data.length % 2 === 1) parts.take(1);
    if (type === 'VP8X') {
      if (canvas !== undefined || kept.length > 0) throw new BrokenPicture('its header does not stand first, once');
      canvas = sizeOfCanvas(data);
      kept.push(chunk(type, Buffer.concat([Buffer.from([data.readUInt8(0) & ALPHA]), data.subarray(1)])));
    } else if (type === 'VP8 ' || type === 'VP8L') {
      if (size !== undefined) throw new BrokenPicture('it holds two pictures');
      size = type === 'VP8 ' ? sizeOfLossy(data) : sizeOfLossless(data);
      kept.push(chunk(type, data));
    } else if (type === 'ALPH' && size === undefined) kept.push(chunk(type, data));
    else if (type === 'ANIM' || type === 'ANMF') throw new BrokenPicture('it moves');
  }
  if (size === undefined) throw new BrokenPicture('it has no pixels');
  if (canvas !== undefined && (canvas.width !== size.width || canvas.height !== size.height))
    throw new BrokenPicture('it says two sizes');
  return { ...size, bytes: chunk('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), ...kept])) };
}
