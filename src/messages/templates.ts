import type { Locale } from '../domain/locale.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { renderLetter, type HelpDesk } from './letter.ts';
import { fill, sentences, showTime } from './sentences.ts';
import { codeLine, fitText } from './sms-text.ts';

export type TextPurpose = 'activation-code' | 'recovery-code' | 'email-moved';
export type MailPurpose = 'confirm-email' | 'recovery-code' | 'password-changed' | 'phone-moved' | 'second-factor-changed';

/** A text message ready for the courier; who receives it and until when is added there. */
export interface WrittenText {
  readonly channel: 'sms';
  readonly purpose: TextPurpose;
  readonly locale: Locale;
  readonly content: Sensitive<{ readonly text: string; readonly code?: string | undefined }>;
}

/** An e-mail ready for the courier. */
export interface WrittenMail {
  readonly channel: 'email';
  readonly purpose: MailPurpose;
  readonly locale: Locale;
  readonly content: Sensitive<{ readonly subject: string; readonly text: string; readonly html: string; readonly code?: string | undefined }>;
}

export interface CodeText {
  readonly code: string;
  /** Host name of the page that asks for the code, without port: the code line knows none. */
  readonly host: string;
  /** Life of the code (`otp.ttlSeconds`), told in whole minutes. */
  readonly ttlSeconds: number;
  readonly locale: Locale;
}

const codeText =
  (purpose: Exclude<TextPurpose, 'email-moved'>) =>
  ({ code, host, ttlSeconds, locale }: CodeText): WrittenText => {
    const { [purpose]: wording, bare } = sentences[locale].sms;
    const text = fitText([wording.long, wording.short, bare], { code, minutes: Math.floor(ttlSeconds / 60) }, codeLine(host, code), locale);
    return { channel: 'sms', purpose, locale, content: sensitive({ text, code }) };
  };

/** The code that activates an account. */
export const activationCode = codeText('activation-code');

/** The code that lets a forgotten password be set anew. */
export const recoveryCode = codeText('recovery-code');

/** To the former account, by SMS: its e-mail address now belongs to somebody who proved possession. */
export function emailMoved({ maskedEmail, locale }: { readonly maskedEmail: string; readonly locale: Locale }): WrittenText {
  const { long, short } = sentences[locale].sms['email-moved'];
  // A long or non-ASCII address would cost a second segment; then the sentence without it says enough.
  return { channel: 'sms', purpose: 'email-moved', locale, content: sensitive({ text: fitText([long, short], { email: maskedEmail }) }) };
}

interface Addressed {
  readonly name: string;
  readonly locale: Locale;
  readonly help: HelpDesk;
}

/**
 * Asks the citizen to open the link that confirms the e-mail address. It names nobody: a mistyped address belongs to a
 * stranger.
 */
export function confirmEmail(
  letter: Omit<Addressed, 'name'> & { readonly link: string; readonly expiresAt: Date; readonly timeZone: string; readonly serviceName?: string | undefined },
): WrittenMail {
  const { locale, help, link, expiresAt, timeZone, serviceName } = letter;
  const words = sentences[locale].mail['confirm-email'];
  const content = renderLetter({
    locale,
    name: undefined,
    help,
    subject: words.subject,
    before: [
      serviceName === undefined ? words['for-portal'] : fill(words['for-service'], { service: serviceName }),
      fill(words.why, { until: showTime(expiresAt, locale, timeZone) }),
    ],
    button: { label: words.button, link },
    after: [words['not-you']],
  });
  return { channel: 'email', purpose: 'confirm-email', locale, content: sensitive(content) };
}

/** The code that lets a forgotten password be set anew, to a proved address. */
export function recoveryCodeMail(letter: Addressed & Pick<CodeText, 'code' | 'ttlSeconds'>): WrittenMail {
  const { name, locale, help, code, ttlSeconds } = letter;
  const words = sentences[locale].mail['recovery-code'];
  const content = renderLetter({ locale, name, help, subject: words.subject, before: [words.what], code, after: [fill(words.until, { minutes: Math.floor(ttlSeconds / 60) }, locale), words['not-you']] });
  return { channel: 'email', purpose: 'recovery-code', locale, content: sensitive({ ...content, code }) };
}

/** Tells the owner of an account that its password was changed; without a name where the address is not proved. */
export function passwordChanged(letter: Omit<Addressed, 'name'> & { readonly name: string | undefined; readonly at: Date; readonly timeZone: string }): WrittenMail {
  const { name, locale, help, at, timeZone } = letter;
  const words = sentences[locale].mail['password-changed'];
  const content = renderLetter({
    locale,
    name,
    help,
    subject: words.subject,
    before: [fill(words.what, { at: showTime(at, locale, timeZone) }), words.you, words['not-you']],
  });
  return { channel: 'email', purpose: 'password-changed', locale, content: sensitive(content) };
}

/**
 * To the former account, by e-mail: its mobile number now belongs to somebody who proved possession. Without a name
 * where the address is not proved.
 */
export function phoneMoved(letter: Omit<Addressed, 'name'> & { readonly name: string | undefined; readonly maskedPhone: string }): WrittenMail {
  const { name, locale, help, maskedPhone } = letter;
  const words = sentences[locale].mail['phone-moved'];
  const content = renderLetter({ locale, name, help, subject: words.subject, before: [fill(words.what, { phone: maskedPhone }), words.next, words['not-you']] });
  return { channel: 'email', purpose: 'phone-moved', locale, content: sensitive(content) };
}
