import { expect } from 'chai';
import { qrPicture } from '../../src/web/qr.ts';

const FINDER = ['#######', '#.....#', '#.###.#', '#.###.#', '#.###.#', '#.....#', '#######'];

describe('The QR code', () => {
  const text =
    'otpauth://totp/SIAPkerja:b***%40contoh.test?issuer=SIAPkerja&secret=MZXW6YTBOI2DKNRXHA4TCMRTGQ2TMNZY&algorithm=SHA1&digits=6&period=30';
  const { size, path } = qrPicture(text);

  /** What a camera sees: the bars, painted. */
  const seen = (() => {
    const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => '.'));
    for (const [, x = '', y = '', width = ''] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
      for (let dark = 0; dark < Number(width); dark += 1) rows[Number(y)]![Number(x) + dark] = '#';
    return rows.map((row) => row.join(''));
  })();
  const corner = (x: number, y: number): string[] => seen.slice(y, y + 7).map((row) => row.slice(x, x + 7));

  it('has its three marks and four modules of quiet around (ISO/IEC 18004)', () => {
    expect((size - 8 - 17) % 4, 'a size that exists').to.equal(0);
    for (const [x, y] of [
      [4, 4],
      [size - 11, 4],
      [4, size - 11],
    ] as const)
      expect(corner(x, y)).to.deep.equal(FINDER);
    for (const quiet of [...seen.slice(0, 4), ...seen.slice(-4)]) expect(quiet).to.match(/^\.+$/);
    for (const row of seen) expect(row).to.match(/^\.{4}.*\.{4}$/);
  });

  it('is another for another text, and nothing but a path', () => {
    expect(qrPicture(`${text}1`).path).not.to.equal(path);
    expect(path).to.match(/^(?:M\d+ \d+h\d+v1h-\d+z)+$/);
  });
});
