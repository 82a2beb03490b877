import type { Locale } from '../domain/locale.ts';
import { sensitive } from '../domain/sensitive.ts';
import { renderLetter, type HelpDesk } from './letter.ts';
import { fill, sentences, showTime } from './sentences.ts';
import type { WrittenMail } from './templates.ts';

export type SecondFactorChange = 'enrolled' | 'removed' | 'reset' | 'recovery-codes-renewed' | 'recovery-code-used';

export interface SecondFactorLetter {
  readonly change: SecondFactorChange;
  /** Nobody where the address is not proved. */
  readonly name: string | undefined;
  readonly locale: Locale;
  readonly help: HelpDesk;
  readonly at: Date;
  readonly timeZone: string;
}

/** Tells the owner of an account what happened to its second factor. It says nothing that could be used. */
export function secondFactorChanged({ change, name, locale, help, at, timeZone }: SecondFactorLetter): WrittenMail {
  const words = sentences[locale].mail['second-factor'];
  const { subject, what } = words[change];
  const content = renderLetter({
    locale,
    name,
    help,
    subject,
    before: [fill(what, { at: showTime(at, locale, timeZone) }), words.you, words['not-you']],
  });
  return { channel: 'email', purpose: 'second-factor-changed', locale, content: sensitive(content) };
}
