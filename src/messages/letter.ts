import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFile } from 'pug';
import type { Locale } from '../domain/locale.ts';
import { fill, sentences } from './sentences.ts';

/** Where a citizen gets help, as the settings say. */
export interface HelpDesk {
  readonly phone: string;
  readonly email: string;
}

export interface Letter {
  readonly locale: Locale;
  readonly subject: string;
  /** Whom the letter greets; nobody by name while the address is not proved to be theirs. */
  readonly name: string | undefined;
  readonly before: readonly string[];
  /** A code to type, large and on a line of its own. */
  readonly code?: string | undefined;
  readonly button?: { readonly label: string; readonly link: string } | undefined;
  readonly after?: readonly string[] | undefined;
  readonly help: HelpDesk;
}

const views = fileURLToPath(new URL('../../views', import.meta.url));
const renderHtml = compileFile(join(views, 'messages/letter.pug'), { basedir: views });

/** The same letter as plain text and as simple HTML: no images, nothing fetched, nothing that tells who read it. */
export function renderLetter({ locale, subject, name, before, code, button, after = [], help }: Letter): {
  subject: string;
  text: string;
  html: string;
} {
  const words = sentences[locale].mail;
  const model = {
    locale,
    subject,
    greeting: name === undefined ? words['greeting-nobody'] : fill(words.greeting, { name }),
    before,
    code,
    button,
    copyLink: words['copy-link'],
    after,
    help: fill(words.help, { ...help }),
    automatic: words.automatic,
    sender: words.sender,
  };
  const paragraphs = [
    model.greeting,
    ...before,
    ...(code === undefined ? [] : [code]),
    ...(button === undefined ? [] : [`${button.label}:\n${button.link}`]),
    ...after,
    model.help,
    `--\n${model.sender}\n${model.automatic}`,
  ];
  return { subject, text: `${paragraphs.join('\n\n')}\n`, html: renderHtml(model) };
}
