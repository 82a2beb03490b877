import type { Locale } from '../domain/locale.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { renderLetter, type HelpDesk } from './letter.ts';
import { fill, sentences, showTime } from './sentences.ts';
import { codeLine, fitText } from './sms-text.ts';

type CodePurpose = 'activation-code' | 'recovery-code' | 'recovery-request-code' | 'contact-code';
export type TextPurpose = CodePurpose | 'email-moved' | 'email-replaced' | 'phone-replaced' | 'recovery-request';
export type MailPurpose =
  | 'confirm-email'
  | 'recovery-code'
  | 'recovery-request'
  | 'password-changed'
  | 'phone-moved'
  | 'contact-replaced'
  | 'second-factor-changed';

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
  readonly content: Sensitive<{
    readonly subject: string;
    readonly text: string;
    readonly html: string;
    readonly code?: string | undefined;
  }>;
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
  (purpose: CodePurpose) =>
  ({ code, host, ttlSeconds, locale }: CodeText): WrittenText => {
    const { [purpose]: wording, bare } = sentences[locale].sms;
    const text = fitText(
      [wording.long, wording.short, bare],
      { code, minutes: Math.floor(ttlSeconds / 60) },
      codeLine(host, code),
      locale,
    );
    return { channel: 'sms', purpose, locale, content: sensitive({ text, code }) };
  };

/** The code that activates an account. */
export const activationCode = codeText('activation-code');

/** The code that lets a forgotten password be set anew. */
export const recoveryCode = codeText('recovery-code');

/** The code that proves the number of somebody who asks for their account without the former ones. */
export const recoveryRequestCode = codeText('recovery-request-code');

/** The code that proves a number of an account that is there already. */
export const contactCode = codeText('contact-code');

/**
 * To a number that has just been replaced by another one. No link: whoever reads it knows our address, or learns it
 * from nobody.
 */
export function phoneReplaced({ locale }: { readonly locale: Locale }): WrittenText {
  return {
    channel: 'sms',
    purpose: 'phone-replaced',
    locale,
    content: sensitive({ text: sentences[locale].sms['phone-replaced'] }),
  };
}

/**
 * To the number of an account to whose address nobody could be written before. Without the new one: whoever is in the
 * account has chosen it, and telephones make a link of its domain.
 */
export function emailReplaced({ locale }: { readonly locale: Locale }): WrittenText {
  return {
    channel: 'sms',
    purpose: 'email-replaced',
    locale,
    content: sensitive({ text: sentences[locale].sms['email-replaced'] }),
  };
}

/** To the former account, by SMS: its e-mail address now belongs to somebody who proved possession. */
export function emailMoved({
  maskedEmail,
  locale,
}: {
  readonly maskedEmail: string;
  readonly locale: Locale;
}): WrittenText {
  const { long, short } = sentences[locale].sms['email-moved'];
  // A long or non-ASCII address would cost a second segment; then the sentence without it says enough.
  return {
    channel: 'sms',
    purpose: 'email-moved',
    locale,
    content: sensitive({ text: fitText([long, short], { email: maskedEmail }) }),
  };
}

interface Addressed {
  readonly name: string;
  readonly locale: Locale;
  readonly help: HelpDesk;
}

/**
 * Whether an account was registered with the address, on the way to a service perhaps, or is to have it in the place of
 * another.
 */
export type ConfirmationOccasion =
  { readonly kind: 'registration'; readonly serviceName?: string | undefined } | { readonly kind: 'change' };

/**
 * Asks the citizen to open the link that confirms the e-mail address. It names nobody: a mistyped address belongs to a
 * stranger.
 */
export function confirmEmail(
  letter: Omit<Addressed, 'name'> & {
    readonly link: string;
    readonly expiresAt: Date;
    readonly timeZone: string;
    readonly occasion: ConfirmationOccasion;
  },
): WrittenMail {
  const { locale, help, link, expiresAt, timeZone, occasion } = letter;
  const words = sentences[locale].mail['confirm-email'];
  const content = renderLetter({
    locale,
    name: undefined,
    help,
    subject: words.subject,
    before: [
      occasion.kind === 'change'
        ? words['for-change']
        : occasion.serviceName === undefined
          ? words['for-portal']
          : fill(words['for-service'], { service: occasion.serviceName }),
      fill(words.why, { until: showTime(expiresAt, locale, timeZone) }),
    ],
    button: { label: words.button, link },
    after: [occasion.kind === 'change' ? words['not-you-change'] : words['not-you']],
  });
  return { channel: 'email', purpose: 'confirm-email', locale, content: sensitive(content) };
}

/** The code that lets a forgotten password be set anew, to a proved address. */
export function recoveryCodeMail(letter: Addressed & Pick<CodeText, 'code' | 'ttlSeconds'>): WrittenMail {
  const { name, locale, help, code, ttlSeconds } = letter;
  const words = sentences[locale].mail['recovery-code'];
  const content = renderLetter({
    locale,
    name,
    help,
    subject: words.subject,
    before: [words.what],
    code,
    after: [fill(words.until, { minutes: Math.floor(ttlSeconds / 60) }, locale), words['not-you']],
  });
  return { channel: 'email', purpose: 'recovery-code', locale, content: sensitive({ ...content, code }) };
}

/** Tells the owner of an account that its password was changed; without a name where the address is not proved. */
export function passwordChanged(
  letter: Omit<Addressed, 'name'> & { readonly name: string | undefined; readonly at: Date; readonly timeZone: string },
): WrittenMail {
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
export function phoneMoved(
  letter: Omit<Addressed, 'name'> & { readonly name: string | undefined; readonly maskedPhone: string },
): WrittenMail {
  const { name, locale, help, maskedPhone } = letter;
  const words = sentences[locale].mail['phone-moved'];
  const content = renderLetter({
    locale,
    name,
    help,
    subject: words.subject,
    before: [fill(words.what, { phone: maskedPhone }), words.next, words['not-you']],
  });
  return { channel: 'email', purpose: 'phone-moved', locale, content: sensitive(content) };
}
