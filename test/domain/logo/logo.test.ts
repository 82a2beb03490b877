import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LOGO_BYTES, logoUrlOf, readLogo, type LogoRefusal } from '../../../src/domain/logo/logo.ts';
import { sentences } from '../../../src/web/i18n.ts';
import { jpeg, jpegSegment, png, pngChunk, webp, webpChunk } from '../../support/pictures.ts';

const script = Buffer.from('<html><script>alert(document.domain)</script></html>');
const bytesOf = (file: Buffer): Buffer => {
  const read = readLogo(file);
  if (!read.ok) throw new Error(read.refusal);
  return read.value.bytes;
};
const refusalOf = (file: Buffer): LogoRefusal | undefined => {
  const read = readLogo(file);
  return read.ok ? undefined : read.refusal;
};

describe('A logo', () => {
  it('is a PNG, a JPEG or a WebP, by its own bytes', () => {
    for (const [file, extension] of [
      [png(), 'png'],
      [jpeg(), 'jpg'],
      [jpeg({ frame: 0xc2 }), 'jpg'],
      [webp(), 'webp'],
      [webp({ flags: 0x10 }), 'webp'],
      [readFileSync('public/icon.png'), 'png'],
    ] as const) {
      const read = readLogo(file);
      expect(read.ok && read.value.extension, extension).to.equal(extension);
    }
  });

  it('comes out as it went in where there is nothing to leave out, and the same twice', () => {
    for (const file of [png(), jpeg(), webp()]) {
      expect(bytesOf(file).equals(file)).to.equal(true);
      expect(bytesOf(bytesOf(file)).equals(file)).to.equal(true);
    }
  });

  it('loses what is no picture: markup behind the end and in texts, places, profiles, other files', () => {
    const place = Buffer.from('Exif\0\0 -6.2, 106.8 <script>');
    for (const [file, clean] of [
      [png({ behind: script }), png()],
      [
        png({
          further: [
            pngChunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), script])),
            pngChunk('eXIf', place),
            pngChunk('iCCP', script),
          ],
        }),
        png(),
      ],
      [png({ further: [pngChunk('acTL', Buffer.alloc(8)), pngChunk('fcTL', Buffer.alloc(26))] }), png()],
      [png({ behind: Buffer.concat([Buffer.from('PK\x03\x04'), script]) }), png()],
      [jpeg({ behind: script }), jpeg()],
      [
        jpeg({
          further: [
            jpegSegment(0xe1, place),
            jpegSegment(0xfe, script),
            jpegSegment(0xe2, script),
            jpegSegment(0xe0, script),
          ],
        }),
        jpeg(),
      ],
      [webp({ behind: script }), webp()],
    ] as const)
      expect(bytesOf(file).equals(clean)).to.equal(true);
    const clean = bytesOf(
      webp({ further: [webpChunk('EXIF', place), webpChunk('XMP ', script), webpChunk('ODD!', script)], flags: 0x1c }),
    );
    expect(clean.includes('script')).to.equal(false);
    expect(clean.readUInt8(20), 'only alpha is left of the flags').to.equal(0x10);
    expect(clean.readUInt32LE(4)).to.equal(clean.length - 8);
  });

  const refused: readonly [string, Buffer, LogoRefusal][] = [
    ['nothing', Buffer.alloc(0), 'logo-empty'],
    ['two megabytes', Buffer.concat([png(), Buffer.alloc(2 * 1024 * 1024)]), 'logo-large'],
    ['one byte more than there may be', png({ behind: Buffer.alloc(LOGO_BYTES - png().length + 1) }), 'logo-large'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'), 'logo-svg'],
    [
      'an SVG behind a prologue',
      Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE svg>\n<SVG\nonload="alert(1)"/>'),
      'logo-svg',
    ],
    ['a page', script, 'logo-type'],
    ['a page with a PNG behind it', Buffer.concat([script, png()]), 'logo-type'],
    ['a GIF', Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(40)]), 'logo-type'],
    ['a BMP', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]), 'logo-type'],
    ['a PDF', Buffer.from('%PDF-1.7\n%...........'), 'logo-type'],
    ['a few bytes', Buffer.from([0x89, 0x50]), 'logo-type'],
    ['a PNG too wide', png({ width: 1025, height: 1 }), 'logo-pixels'],
    ['a PNG that says it is huge', png({ says: 0xffffffff }), 'logo-pixels'],
    ['a JPEG that says it is huge', jpeg({ width: 65535, height: 65535 }), 'logo-pixels'],
    ['a WebP too high', webp({ height: 16384 }), 'logo-pixels'],
    ['a PNG of no size', png({ width: 0 }), 'logo-broken'],
    ['a JPEG of no height, which the end would tell', jpeg({ height: 0 }), 'logo-broken'],
    ['a PNG without pixels', Buffer.concat([png().subarray(0, 33), pngChunk('IEND')]), 'logo-broken'],
    ['a PNG with two headers', png({ further: [png().subarray(8, 33)] }), 'logo-broken'],
    ['a PNG with a part that nobody knows', png({ further: [pngChunk('CgBI', Buffer.alloc(4))] }), 'logo-broken'],
    [
      'a PNG whose part is longer than the file',
      Buffer.concat([png().subarray(0, 33), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('IDAT')]),
      'logo-broken',
    ],
    [
      'a JPEG with two sizes',
      jpeg({ further: [jpegSegment(0xc0, Buffer.from([8, 0, 1, 0, 1, 1, 1, 0x11, 0]))] }),
      'logo-broken',
    ],
    ['a lossless JPEG', jpeg({ frame: 0xc3 }), 'logo-broken'],
    [
      'a JPEG of a hundred scans',
      Buffer.concat([
        jpeg().subarray(0, -2),
        ...Array.from({ length: 100 }, () => jpegSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0]))),
        Buffer.from([0xff, 0xd9]),
      ]),
      'logo-broken',
    ],
    ['a JPEG without end', jpeg().subarray(0, -2), 'logo-broken'],
    ['a WebP that moves', webp({ flags: 0x02 }), 'logo-broken'],
    [
      'a WebP that says two sizes',
      (() => {
        const file = webp({ flags: 0x10 });
        file.writeUIntLE(500, 24, 3);
        return file;
      })(),
      'logo-broken',
    ],
  ];
  for (const [name, file, refusal] of refused)
    it(`is not ${name}`, () => {
      expect(refusalOf(file)).to.equal(refusal);
    });

  it('is refused, and nothing worse, wherever it is cut off or bent', () => {
    for (const file of [png({ further: [pngChunk('gAMA', Buffer.alloc(4))] }), jpeg(), webp({ flags: 0x10 })]) {
      for (let length = 0; length < file.length; length += 1)
        expect(() => readLogo(file.subarray(0, length))).not.to.throw();
      for (let at = 0; at < file.length; at += 1)
        for (const byte of [0x00, 0x7f, 0xff]) {
          const bent = Buffer.from(file);
          bent[at] = byte;
          const read = readLogo(bent);
          if (read.ok) expect(Math.max(read.value.width, read.value.height)).to.be.at.most(1024);
        }
    }
  });

  it('has a sentence for each refusal', () => {
    for (const refusal of [
      'logo-empty',
      'logo-large',
      'logo-svg',
      'logo-type',
      'logo-pixels',
      'logo-broken',
    ] satisfies LogoRefusal[])
      expect(sentences.id.has(`admin.clients.logo.refusal.${refusal}`), refusal).to.equal(true);
  });

  it('is found on our own host alone', () => {
    const name = `${'a'.repeat(64)}.png`;
    expect(logoUrlOf({ logo: name })).to.equal(`/logos/${name}`);
    for (const logo of [
      undefined,
      42,
      'https://lain.test/logo.png',
      '//lain.test/x.png',
      `../${name}`,
      `${'a'.repeat(64)}.svg`,
      `${'A'.repeat(64)}.png`,
    ])
      expect(logoUrlOf({ logo }), String(logo)).to.equal(undefined);
  });
});
