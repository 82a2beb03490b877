import { expect } from 'chai';
import { counted, PLACEHOLDER } from '../../src/domain/plural.ts';
import { fill, sentences as messages } from '../../src/messages/sentences.ts';
import { filesIn, readText } from '../support/imports.ts';

/** What is counted anywhere, in the form of many. */
const MANY = [
  'seconds',
  'minutes',
  'hours',
  'days',
  'weeks',
  'months',
  'years',
  'times',
  'tries',
  'attempts',
  'characters',
  'digits',
  'codes',
  'numbers',
  'services',
  'applications',
  'accounts',
  'people',
  'events',
  'sessions',
  'keys',
  'links',
  'messages',
  'notices',
  'secrets',
  'tokens',
  'rules',
  'errors',
  'problems',
  'versions',
  'rows',
  'parts',
  'calls',
  'instances',
  'connections',
  'threads',
  'hashes',
  'operators',
  'steps',
].join('|');

describe('A count and its noun', () => {
  it('is one row, or two rows', () => {
    expect([0, 1, 2].map((count) => counted(count, 'row'))).to.deep.equal(['0 rows', '1 row', '2 rows']);
    expect([1, 21].map((count) => counted(count, 'hash', 'hashes'))).to.deep.equal(['1 hash', '21 hashes']);
  });

  const many = new RegExp(`\\b1 (?:more |further |other )?(?:${MANY})\\b`);
  const ones = (text: string): Record<string, number> =>
    Object.fromEntries([...text.matchAll(PLACEHOLDER)].map(([, name = '']) => [name, 1]));

  it('agree in each sentence of a message', () => {
    const texts = (node: unknown): string[] =>
      typeof node === 'string' ? [node] : Object.values(node as object).flatMap(texts);
    expect(texts(messages.en).filter((text) => many.test(fill(text, ones(text), 'en')))).to.deep.equal([]);
  });

  it('agree in what the program itself says', () => {
    // A constant, in capitals, or a limit (`most`) is never one; an id counts nothing.
    const uncounted = new RegExp(
      `\\$\\{(?!counted\\()(?![A-Z_]+(?: / \\d+)?\\}|most\\}|[\\w.]*\\.id\\})[^{}]+\\} (?:${MANY})\\b`,
      'g',
    );
    const wrong = filesIn('src', '.ts').flatMap((file) =>
      [...readText(`src/${file}`).matchAll(uncounted)].map(([found]) => `${file}: ${found}`),
    );
    expect(wrong, 'write counted(count, noun)').to.deep.equal([]);
  });
});
