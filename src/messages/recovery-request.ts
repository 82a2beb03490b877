import type { Account } from '../domain/account.ts';
import type { Locale } from '../domain/locale.ts';
import type { Phone } from '../domain/phone.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Post } from './courier.ts';
import { renderLetter, type HelpDesk } from './letter.ts';
import { fill, sentences, showTime } from './sentences.ts';
import { fitText } from './sms-text.ts';
import type { WrittenText } from './templates.ts';

export interface RequestWarning {
  readonly account: Account;
  /** Of the request: `K7Q2-M9`. */
  readonly number: string;
  /** Until when the holder can object. */
  readonly until: Date;
  readonly help: HelpDesk;
  readonly timeZone: string;
}

const written = (locale: Locale, text: string): WrittenText => ({
  channel: 'sms',
  purpose: 'recovery-request',
  locale,
  content: sensitive({ text }),
});

/**
 * To the proved address of an account that somebody asks for, with the link by which its holder objects. An address that
 * is not proved may be a stranger's, who should not have that link. @returns undefined where there is none.
 */
export function recoveryWarningMail(
  { account, number, until, help, timeZone }: RequestWarning,
  link: string,
): Post | undefined {
  const { email, emailVerifiedAt, locale, name } = account;
  if (email === undefined || emailVerifiedAt === undefined) return undefined;
  const words = sentences[locale].mail['recovery-request'];
  const content = renderLetter({
    locale,
    name: name.reveal(),
    help,
    subject: words.subject,
    before: [fill(words.what, { number }), fill(words['not-you'], { until: showTime(until, locale, timeZone) })],
    button: { label: words.button, link },
    after: [words.you],
  });
  return { channel: 'email', purpose: 'recovery-request', locale, content: sensitive(content), to: email };
}

/**
 * To the proved number of such an account. No link, so that people do not learn to follow one, and nobody's name: the
 * number may be somebody else's by now. @returns undefined where there is none.
 */
export function recoveryWarningText({
  account,
  until,
  help,
  timeZone,
}: RequestWarning): (WrittenText & { readonly to: Sensitive<Phone> }) | undefined {
  const { phone, phoneVerifiedAt, locale } = account;
  if (phone === undefined || phoneVerifiedAt === undefined) return undefined;
  const { warning, 'warning-short': short } = sentences[locale].sms['recovery-request'];
  const text = fitText([warning, short], { phone: help.phone, until: showTime(until, locale, timeZone) });
  return { ...written(locale, text), to: phone };
}

/** To the number of the request: the account is the person's again. */
export const recoveryCompleted = ({
  locale,
  number,
}: {
  readonly locale: Locale;
  readonly number: string;
}): WrittenText => written(locale, fill(sentences[locale].sms['recovery-request'].completed, { number }));

/** To the number of the request: nothing came of it. Why is told to who calls, after a look at who they are. */
export function recoveryClosed({
  locale,
  number,
  help,
}: {
  readonly locale: Locale;
  readonly number: string;
  readonly help: HelpDesk;
}): WrittenText {
  const { closed, 'closed-short': short } = sentences[locale].sms['recovery-request'];
  return written(locale, fitText([closed, short], { number, phone: help.phone }));
}
