import { mendDomain } from './email-slip.ts';
import { ok, refuse, type Result } from './result.ts';

declare const emailBrand: unique symbol;

/** An e-mail address: local part as typed, domain in lower case. */
export type Email = string & { readonly [emailBrand]: true };

export type EmailRefusal = 'email-empty' | 'email-form';

const MAX_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;

/**
 * RFC 5322 dot-atom, and letters of any script (RFC 6531). Nothing that could end a header or start a second address.
 */
const LOCAL = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;

function isDomain(domain: string): boolean {
  const labels = domain.split('.');
  const topLevel = labels.at(-1) ?? '';
  return (
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    /^(?:\p{L}[\p{L}\p{M}]+|xn--[a-z0-9-]+)$/u.test(topLevel) &&
    URL.canParse(`http://${domain}`)
  );
}

const split = (address: string): { local: string; domain: string } => {
  const at = address.lastIndexOf('@');
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
};

export function parseEmail(text: string): Result<Email, EmailRefusal> {
  // Characters nobody sees come along with copied text; they are never part of an address.
  const typed = text
    .replace(/\p{Cf}/gu, '')
    .trim()
    .normalize('NFC');
  if (typed === '') return refuse('email-empty');
  if (typed.length > MAX_LENGTH || !typed.includes('@')) return refuse('email-form');
  const { local, domain } = split(typed);
  if (local.length > MAX_LOCAL_LENGTH || !LOCAL.test(local) || !isDomain(domain)) return refuse('email-form');
  return ok(`${local}@${domain.toLowerCase()}` as Email);
}

/** The form in which addresses are compared: regardless of case, and of whether the domain is written in ASCII. */
export function emailKey(email: Email): string {
  const { local, domain } = split(email);
  return `${local.toLowerCase()}@${new URL(`http://${domain}`).hostname}`;
}

/** The part before the @. */
export const emailLocalPart = (email: Email): string => split(email).local;

/** The address probably meant, where the domain looks like a slip of a common one: a hint, never a refusal. */
export function suggestEmail(email: Email): Email | undefined {
  const { local, domain } = split(email);
  const meant = mendDomain(domain);
  return meant === undefined ? undefined : (`${local}@${meant}` as Email);
}
