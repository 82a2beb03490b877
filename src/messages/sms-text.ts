import type { Locale } from '../domain/locale.ts';
import { fitsOneSegment } from './gsm7.ts';
import { fill } from './sentences.ts';

/**
 * One text message within one segment: the first of the wordings that fits.
 * The last one stands even where it does not, because a code in two segments is better than no code.
 *
 * @param wordings  sentences with placeholders, the fullest first.
 * @param ending    what stands below the sentence in every wording (the code line).
 * @param locale    by whose rules a number has its plural.
 */
export function fitText(
  wordings: readonly [string, ...string[]],
  values: Readonly<Record<string, string | number>>,
  ending = '',
  locale: Locale = 'id',
): string {
  const texts = wordings.map((wording) => fill(wording, values, locale) + ending);
  return texts.find(fitsOneSegment) ?? texts.at(-1) ?? '';
}

/**
 * The origin-bound line by which a phone fills the code in on our page and on no other.
 * @param host  host name without port.
 * Source: https://wicg.github.io/sms-one-time-codes/
 */
export const codeLine = (host: string, code: string): string => `\n\n@${host} #${code}`;
