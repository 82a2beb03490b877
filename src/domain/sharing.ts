import { isDeepStrictEqual } from 'node:util';
import { scopesFor, type Api, type ApiRights } from './api.ts';
import { claimsByScope, OFFLINE_SCOPE } from './claims.ts';
import type { ClientMetadata } from './client.ts';
import type { Locale } from './locale.ts';

/** The six bases on which personal data may be processed (UU 27/2022, article 20). */
export const legalBases = [
  'consent',
  'contract',
  'legal-obligation',
  'vital-interest',
  'public-task',
  'legitimate-interest',
] as const;
export type LegalBasis = (typeof legalBases)[number];
export const isLegalBasis = (text: string): text is LegalBasis => (legalBases as readonly string[]).includes(text);

/** What a service wants the data of a scope for, as its registration says it. */
export interface DataUse {
  readonly purpose: Readonly<Record<Locale, string>>;
  readonly legal_basis: LegalBasis;
}

/** Scopes that give away something of the person; `openid` says only that it is the same one as the last time. */
export const personalScopes = (Object.keys(claimsByScope) as (keyof typeof claimsByScope)[]).filter(
  (scope) => scope !== 'openid',
);

/** What goes to a service, and why. */
export interface Share {
  readonly scope: string;
  readonly claims: readonly string[];
  /** Left out where the registration gives none. */
  readonly use?: DataUse;
  /** What the service may do elsewhere in the name of the person, where it is no datum of ours. */
  readonly api?: { readonly resource: string; readonly name: string; readonly means: Readonly<Record<Locale, string>> };
}

/** A `consent` asks and a `notice` tells, both on a page; `listed` stands among the connected services alone. */
export type ConsentKind = 'consent' | 'notice' | 'listed';

/** What was shown to the person and can be shown again: the version is a hash of it. */
export interface ConsentText {
  readonly service: string;
  readonly kind: ConsentKind;
  readonly shares: readonly Share[];
  /** The sentences around it, as they stood then, by language and key. */
  readonly wording: Readonly<Record<Locale, Readonly<Record<string, string>>>>;
}

export type Declared = Pick<ClientMetadata, 'data_use' | 'first_party' | 'notice_page'> & {
  readonly resources?: ApiRights;
};

const apiSharesOf = (
  rights: ApiRights | undefined,
  scopes: readonly string[],
  apis: readonly Api[],
): readonly Share[] =>
  apis.flatMap((api) =>
    scopesFor(api, rights)
      .filter(({ name }) => scopes.includes(name))
      .map(({ name: scope, means }) => ({
        scope,
        claims: [],
        api: { resource: api.identifier, name: api.name, means },
      })),
  );

/**
 * What the scopes give away, in the order of `claimsByScope`, then what they allow at the APIs that the request names
 * and for how long.
 */
export const sharesOf = (
  { data_use: uses, resources }: Declared,
  scopes: readonly string[],
  apis: readonly Api[] = [],
): readonly Share[] => [
  ...personalScopes
    .filter((scope) => scopes.includes(scope))
    .map((scope) => {
      const use = uses?.[scope];
      return { scope, claims: claimsByScope[scope], ...(use === undefined ? {} : { use }) };
    }),
  ...apiSharesOf(resources, scopes, apis),
  ...(scopes.includes(OFFLINE_SCOPE) ? [{ scope: OFFLINE_SCOPE, claims: [] }] : []),
];

/** Two APIs may call a scope by the same name. */
export const keyOf = ({ scope, api }: Share): string => (api === undefined ? scope : `${api.resource} ${scope}`);

/**
 * The same data or less, for the same purpose on the same basis, or the same act in the same words: anything else is
 * new to the person.
 */
const covers = (given: Share, wanted: Share): boolean =>
  keyOf(given) === keyOf(wanted) &&
  wanted.claims.every((claim) => given.claims.includes(claim)) &&
  isDeepStrictEqual([given.use, given.api], [wanted.use, wanted.api]);

/** What of it the person has yet to be asked or told. */
export const newShares = (wanted: readonly Share[], given: readonly Share[]): readonly Share[] =>
  wanted.filter((share) => !given.some((one) => covers(one, share)));

/**
 * Services of the house, whose registration says that they are, tell; but what rests on consent is asked for, whoever
 * wants it.
 */
export const kindOf = ({ first_party: ours }: Declared, shares: readonly Share[]): 'consent' | 'notice' =>
  ours === true && shares.every(({ use }) => use?.legal_basis !== 'consent') ? 'notice' : 'consent';

/**
 * Whether a service of the house needs no page of its own: single sign-on leads straight to it. Access without the
 * person is never had so.
 */
export const isQuiet = (declared: Declared, shares: readonly Share[]): boolean =>
  kindOf(declared, shares) === 'notice' &&
  declared.notice_page !== true &&
  shares.every(({ scope }) => scope !== OFFLINE_SCOPE);

/** How a person who has not heard of it yet learns that a service gets this. */
export const toldBy = (declared: Declared, shares: readonly Share[]): ConsentKind =>
  isQuiet(declared, shares) ? 'listed' : kindOf(declared, shares);

/** What the person has been told or asked by ways that are good enough for this service today. */
export const knownShares = (
  declared: Declared,
  receipts: readonly { readonly kind: ConsentKind; readonly text: Pick<ConsentText, 'shares'> }[],
): readonly Share[] =>
  receipts
    .filter(
      ({ kind, text: { shares } }) =>
        kind === 'consent' || (kind === 'notice' ? kindOf(declared, shares) === 'notice' : isQuiet(declared, shares)),
    )
    .flatMap(({ text }) => text.shares);
