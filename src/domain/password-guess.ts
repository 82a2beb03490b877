import { BLOCKED_WORDS, LONGEST_BLOCKED_WORD } from './password-blocklist.ts';
import { fold, leetReadings, withoutShift } from './password-disguise.ts';

/**
 * What a guesser pays for the parts of a password, in digits: a favourite word costs as much as two of them, however
 * long it is, and a sequence as much as one.
 */
const COST = { word: 2, date: 2, sequence: 1, letter: 2, other: 1 } as const;

/** `Jakarta123!` costs four and `Sayang4829` six; eight characters by chance cost ten and more. */
const EASY = 6;

const ALPHABETS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'].flatMap((row) => [
  row,
  Array.from(row).reverse().join(''),
]);
const NEIGHBOURS: ReadonlySet<string> = new Set(
  ALPHABETS.flatMap((row) => Array.from(row.slice(1), (next, index) => `${row.charAt(index)}${next}`)),
);
const SHORTEST_SEQUENCE = 3;

const YEAR = /^(?:19|20)\d\d$/;
/** DDMM, DDMMYY or DDMMYYYY. */
const DATE = /^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:\d\d|(?:19|20)\d\d)?$/;

interface Part {
  readonly length: number;
  readonly cost: number;
}

/** How far one character repeats, or each is the neighbour of the one before in an alphabet or on a keyboard. */
function sequenceLength(text: string, start: number, follows: (previous: string, next: string) => boolean): number {
  let end = start + 1;
  while (end < text.length && follows(text.charAt(end - 1), text.charAt(end))) end++;
  return end - start;
}

const isSame = (previous: string, next: string): boolean => previous === next;
const isNeighbour = (previous: string, next: string): boolean => NEIGHBOURS.has(previous + next);

function* partsAt(start: number, folded: string, digits: string, readings: readonly string[]): Generator<Part> {
  yield { length: 1, cost: /\p{L}/u.test(folded.charAt(start)) ? COST.letter : COST.other };
  for (const text of [folded, digits]) {
    const repeated = sequenceLength(text, start, isSame);
    if (repeated > 1) yield { length: repeated, cost: COST.sequence };
    const run = sequenceLength(text, start, isNeighbour);
    if (run >= SHORTEST_SEQUENCE) yield { length: run, cost: COST.sequence };
  }
  for (const length of [4, 6, 8]) {
    const slice = folded.slice(start, start + length);
    if (slice.length < length) break;
    if (YEAR.test(slice)) yield { length, cost: COST.sequence };
    if (DATE.test(slice)) yield { length, cost: COST.date };
  }
  for (let length = 3; length <= LONGEST_BLOCKED_WORD && start + length <= folded.length; length++) {
    if (readings.some((reading) => BLOCKED_WORDS.has(reading.slice(start, start + length))))
      yield { length, cost: COST.word };
  }
}

/** The least that the whole text costs, over every way to take it apart. */
function costOf(folded: string): number {
  const digits = withoutShift(folded);
  const readings = [...leetReadings(folded), digits];
  const cheapest = new Array<number>(folded.length + 1).fill(Number.POSITIVE_INFINITY);
  cheapest[0] = 0;
  for (let start = 0; start < folded.length; start++) {
    const spent = cheapest[start] ?? Number.POSITIVE_INFINITY;
    for (const { length, cost } of partsAt(start, folded, digits, readings)) {
      cheapest[start + length] = Math.min(cheapest[start + length] ?? Number.POSITIVE_INFINITY, spent + cost);
    }
  }
  return cheapest[folded.length] ?? Number.POSITIVE_INFINITY;
}

/**
 * Whether a password is one of those that everybody tries first: a favourite word, a keyboard row, a sequence, with the
 * usual capital, spelling and ending. Judged by its parts, since no list holds every ending.
 *
 * @param password at most a few hundred characters; the work grows with them.
 */
export function isEasyToGuess(password: string): boolean {
  const folded = fold(password);
  const unit = /^(.+?)\1+$/su.exec(folded)?.[1];
  return costOf(folded) <= EASY || (unit !== undefined && costOf(unit) + COST.sequence <= EASY);
}
