import type { Account } from '../domain/account.ts';
import { maskEmail, maskPhone } from '../domain/mask.ts';
import type { Email } from '../domain/email.ts';
import type { Phone } from '../domain/phone.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Post } from './courier.ts';
import { renderLetter, type HelpDesk } from './letter.ts';
import { fill, sentences, showTime } from './sentences.ts';
import { phoneMoved } from './templates.ts';

/** Without a name where the address is not proved: it may be a stranger's. */
const nameFor = ({ name, emailVerifiedAt }: Account): string | undefined =>
  emailVerifiedAt === undefined ? undefined : name.reveal();

export interface Replaced {
  /** As it was before. */
  readonly account: Account;
  readonly by: { readonly phone: Sensitive<Phone> } | { readonly email: Sensitive<Email> };
  readonly at: Date;
  readonly help: HelpDesk;
  readonly timeZone: string;
}

/**
 * To the address that an account had when its number, or this very address, was replaced. @returns undefined where it
 * had none.
 */
export function contactReplaced({ account, by, at, help, timeZone }: Replaced): Post | undefined {
  const { email, locale } = account;
  if (email === undefined) return undefined;
  const words = sentences[locale].mail['contact-replaced'];
  const { subject, what } = 'phone' in by ? words.phone : words.email;
  const shown = 'phone' in by ? maskPhone(by.phone.reveal()) : maskEmail(by.email.reveal());
  const content = renderLetter({
    locale,
    name: nameFor(account),
    help,
    subject,
    before: [fill(what, { at: showTime(at, locale, timeZone), contact: shown }), words.you, words['not-you']],
  });
  return { channel: 'email', purpose: 'contact-replaced', locale, content: sensitive(content), to: email };
}

/** To the address of an account whose number somebody else has just proved. @returns undefined where it has none. */
export function numberLost(former: Account, phone: Sensitive<Phone>, help: HelpDesk): Post | undefined {
  if (former.email === undefined) return undefined;
  return {
    ...phoneMoved({ name: nameFor(former), locale: former.locale, help, maskedPhone: maskPhone(phone.reveal()) }),
    to: former.email,
  };
}
