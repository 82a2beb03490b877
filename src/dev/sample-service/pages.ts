import type { Locale } from '../../domain/locale.ts';
import { BASES, type SampleClient } from './clients.ts';
import { html, type Html, type HtmlValue } from './html.ts';
import { offers } from './offers.ts';
import type { ReceivedClaim, SignInRefusal } from './relying-party.ts';
import { sentences, type Sentences } from './sentences.ts';

/** What every page of a service needs to know. */
export interface Frame {
  readonly client: SampleClient;
  /** The other services of this process. */
  readonly others: readonly SampleClient[];
  readonly locale: Locale;
}

export interface Visitor {
  readonly claims: readonly ReceivedClaim[];
  /** Proves that the sign-out form came from this page. */
  readonly csrf: string;
}

/** An address within a service. */
export const within = (base: string, path: string): string => `${base === '/' ? '' : base}${path}`;

function page({ client, others, locale }: Frame, title: string, content: Html): string {
  const words = sentences[locale];
  const other: Locale = locale === 'id' ? 'en' : 'id';
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === client.name ? title : `${title} · ${client.name}`}</title>
<link rel="stylesheet" href="/public/sample.css">
<link rel="icon" href="/public/icon.svg" type="image/svg+xml">
</head>
<body class="${BASES[client.base].replace(/-uji$/, '')}">
<aside class="sample-mark">${words.sampleMark}</aside>
<header><a class="brand" href="${client.base}">${client.name}</a>
<nav>${others.map(({ name, base }) => html`<a href="${base}">${name}</a> `)}<a href="${client.base}?lang=${other}" lang="${other}" hreflang="${other}">${words.otherLanguage}</a></nav></header>
<main>
${content}
</main>
</body>
</html>
`.markup;
}

const offerList = ({ client, locale }: Frame): Html => {
  const { heading, cards } = offers[client.base][locale];
  return html`<section><h2>${heading}</h2><ul class="offers">${cards.map(({ title, where }) => html`<li><strong>${title}</strong><span>${where}</span></li>`)}</ul></section>`;
};

export function signedOutHome(frame: Frame, { justSignedOut }: { justSignedOut: boolean }): string {
  const { client, locale } = frame;
  const words = sentences[locale];
  return page(
    frame,
    client.name,
    html`${justSignedOut ? html`<p class="notice" role="status">${words.signedOut}</p>` : undefined}
<h1>${client.name}</h1>
<p class="lead">${client.about?.[locale] ?? words.intro}</p>
<p><a class="button" href="${within(client.base, '/sign-in')}">${words.signIn}</a></p>
<p>${words.newHere} <a href="${within(client.base, '/register')}">${words.register}</a></p>
${offerList(frame)}`,
  );
}

/** Who it is first, how they proved it next; the rest as it came. */
const FIRST = [
  'sub',
  'name',
  'email',
  'email_verified',
  'phone_number',
  'phone_number_verified',
  'acr',
  'amr',
  'auth_time',
];
const TIMES = new Set(['auth_time', 'iat', 'exp', 'updated_at', 'nik_verified_at']);

const rank = ({ name }: ReceivedClaim): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

function valueOf({ name, value }: ReceivedClaim, words: Sentences): HtmlValue {
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'number' && TIMES.has(name))
    return html`${value} <small>${new Date(value * 1000).toISOString()}</small>`;
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}

function claimTable(claims: readonly ReceivedClaim[], words: Sentences): Html {
  const rows = claims
    .toSorted((a, b) => rank(a) - rank(b))
    .map(
      (claim) =>
        html`<tr><th scope="row"><code>${claim.name}</code></th><td data-claim="${claim.name}">${valueOf(claim, words)}</td><td>${claim.sources.join(', ')}</td></tr>\n`,
    );
  return html`<table><thead><tr><th scope="col">${words.claimName}</th><th scope="col">${words.claimValue}</th><th scope="col">${words.claimSource}</th></tr></thead><tbody>
${rows}</tbody></table>`;
}

export function signedInHome(frame: Frame, { claims, csrf }: Visitor): string {
  const { client, others, locale } = frame;
  const words = sentences[locale];
  const told = (claim: string): string | undefined =>
    claims.map(({ name, value }) => (name === claim ? value : undefined)).find((value) => typeof value === 'string');
  return page(
    frame,
    client.name,
    html`<h1>${client.name}</h1>
<div class="visitor"><p>${words.hello} <strong>${told('name') ?? told('sub')}</strong></p>
<form method="post" action="${within(client.base, '/sign-out')}"><input type="hidden" name="csrf" value="${csrf}"><button class="button quiet">${words.signOut}</button></form></div>
${others.map((other) => html`<p>${words.otherService}: <a href="${other.base}">${other.name}</a></p>`)}
${offerList(frame)}
<section><h2>${words.claimsTitle}</h2><div class="wide" role="region" aria-label="${words.claimsTitle}" tabindex="0">${claimTable(claims, words)}</div></section>`,
  );
}

type Explained = 'unknown' | 'partlyOut' | 'form' | 'missing' | 'failed';

const titleOf = (what: Explained | SignInRefusal['reason'], words: Sentences): string => words[`${what}Title`];

/** Says what happened in a sentence and offers the way on. */
export function explanation(frame: Frame, what: Explained, retry: boolean): string {
  const words = sentences[frame.locale];
  const title = titleOf(what, words);
  return page(frame, title, html`<h1>${title}</h1><p class="lead">${words[what]}</p>${waysOn(frame, retry)}`);
}

export function refusalPage(frame: Frame, refusal: SignInRefusal): string {
  const words = sentences[frame.locale];
  const title = titleOf(refusal.reason, words);
  const code = refusal.reason === 'answered' ? html` <code>${refusal.error}</code>` : undefined;
  return page(
    frame,
    title,
    html`<h1>${title}</h1><p class="lead">${words[refusal.reason]}${code}</p>${waysOn(frame, true)}`,
  );
}

function waysOn({ client, locale }: Frame, retry: boolean): Html {
  const words = sentences[locale];
  const again = retry
    ? html`<a class="button" href="${within(client.base, '/sign-in')}">${words.again}</a> `
    : undefined;
  return html`<p>${again}<a href="${client.base}">${words.home}</a></p>`;
}
