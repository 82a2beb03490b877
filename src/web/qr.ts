import { encode } from 'uqr';

/** A QR code as one path of an SVG picture, in units of its modules: it needs no script, no style and no other host. */
export interface QrPicture {
  /** Width and height with the quiet zone of four modules around it (ISO/IEC 18004). */
  readonly size: number;
  readonly path: string;
}

const QUIET_ZONE = 4;

export function qrPicture(text: string): QrPicture {
  const { size, data } = encode(text, { ecc: 'M', border: QUIET_ZONE });
  // Dark modules that touch become one bar, which keeps the page small for slow phones.
  const bars = data.flatMap((row, y) => {
    const found: string[] = [];
    for (let x = 0; x < row.length; x += 1) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x += 1;
      found.push(`M${from} ${y}h${x - from + 1}v1h-${x - from + 1}z`);
    }
    return found;
  });
  return { size, path: bars.join('') };
}
