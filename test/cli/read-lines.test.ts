import { expect } from 'chai';
import { readLines, type Line } from '../../src/cli/read-lines.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield await Promise.resolve(bytes.subarray(from, from + size));
}

async function linesOf(text: string | Buffer, { size = 7, mostBytes = 20 } = {}): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(inPieces(Buffer.from(text as string), size), mostBytes)) lines.push(line);
  return lines;
}

describe('Lines of a stream', () => {
  it('come one by one, wherever the pieces are cut, with or without an end', async () => {
    for (const size of [1, 2, 3, 7, 100]) {
      expect(await linesOf('satu\ndua ñ\r\ntiga', { size })).to.deep.equal([
        { number: 1, text: 'satu' },
        { number: 2, text: 'dua ñ' },
        { number: 3, text: 'tiga' },
      ]);
      expect(await linesOf('satu\n', { size })).to.deep.equal([{ number: 1, text: 'satu' }]);
    }
    expect(await linesOf('')).to.deep.equal([]);
  });

  it('are counted where they are empty, and left out', async () => {
    expect(await linesOf('\n\n  \nempat\n\n')).to.deep.equal([{ number: 4, text: 'empat' }]);
  });

  it('are never held where they are too long, and the next is read', async () => {
    expect(await linesOf(`${'x'.repeat(5000)}\ndua`)).to.deep.equal([
      { number: 1, trouble: 'too-long' },
      { number: 2, text: 'dua' },
    ]);
    expect(await linesOf(`satu\n${'x'.repeat(5000)}`)).to.deep.equal([
      { number: 1, text: 'satu' },
      { number: 2, trouble: 'too-long' },
    ]);
    expect(await linesOf(`${'x'.repeat(20)}\n${'x'.repeat(21)}\n`)).to.deep.equal([
      { number: 1, text: 'x'.repeat(20) },
      { number: 2, trouble: 'too-long' },
    ]);
  });

  it('are told of where they are no UTF-8, and lose the mark of byte order', async () => {
    expect(
      await linesOf(Buffer.concat([Buffer.from('\ufeffsatu\n'), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('tiga')])),
    ).to.deep.equal([
      { number: 1, text: 'satu' },
      { number: 2, trouble: 'not-utf8' },
      { number: 3, text: 'tiga' },
    ]);
  });
});
