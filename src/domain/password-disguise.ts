/** Text without what only disguises it: capitals, accents, wide letters and characters nobody sees. */
export const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase();

type Spelling = Readonly<Record<string, string>>;

const LEET: Spelling = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '!': 'i',
  '@': 'a',
  $: 's',
  '+': 't',
};
const LEET_WITH_L: Spelling = { ...LEET, '1': 'l', '!': 'l' };
const SHIFTED_DIGITS: Spelling = {
  '!': '1',
  '@': '2',
  '#': '3',
  $: '4',
  '%': '5',
  '^': '6',
  '&': '7',
  '*': '8',
  '(': '9',
  ')': '0',
};

// Unit by unit, so that every reading has the length of the text.
const respell = (text: string, spelling: Spelling): string =>
  text.replace(/[^a-z]/g, (character) => spelling[character] ?? character);

/** Symbols read as the digits on their keys: `!@#` as `123`. */
export const withoutShift = (folded: string): string => respell(folded, SHIFTED_DIGITS);

/** The words a folded text may be meant as, all of the same length: as it stands, and with its l33t spelling undone. */
export const leetReadings = (folded: string): string[] => [folded, respell(folded, LEET), respell(folded, LEET_WITH_L)];
