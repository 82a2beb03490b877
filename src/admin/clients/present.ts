import { isDeepStrictEqual } from 'node:util';
import type { ApiRights } from '../../domain/api.ts';
import type { Bridge } from '../../domain/bridge.ts';
import { endOfKey, keysOf, type ClientKey } from '../../domain/client-key.ts';
import { changesBetween, type ClientDescription, type MemberChange } from '../../domain/client-change.ts';
import { watchedIn } from '../../domain/client-watch.ts';
import { isLegalBasis, type DataUse } from '../../domain/sharing.ts';
import { existing } from '../../web/i18n.ts';
import { say, type Sentence } from '../../web/screen.ts';
import { partsOf, thumbprintOf } from './key-thumbprint.ts';

/**
 * One thing that a member says, for people: an address with its host apart, because it is the host that says whose it
 * is.
 */
export interface ShownValue {
  /** What the text is about, where a member says several things. */
  readonly about?: Sentence | undefined;
  readonly text: string;
  readonly host?: string;
  readonly after?: string;
  readonly words?: Sentence | undefined;
}

export interface ShownMember {
  readonly name: string;
  readonly words: Sentence | undefined;
}

export interface ShownChange extends ShownMember {
  /** Why it is looked at closely, where it is. */
  readonly watch: readonly Sentence[];
  /** Unmarked where there is nothing to compare with. */
  readonly values: readonly (ShownValue & { readonly mark?: 'kept' | 'added' | 'removed' })[];
}

export const showMember = (name: string): ShownMember => ({
  name,
  words: existing(`admin.clients.field.${name}.label`),
});

const ADDRESS = /_(?:uris?|url)$/;

/**
 * What stands in the browser's own spelling: letters of other scripts cannot pass for a host that one knows. Where that
 * is another than what is registered and compared letter by letter, both stand there.
 */
function showAddress(text: string): ShownValue {
  if (!URL.canParse(text)) return { text };
  const { href: spelledOut, host } = new URL(text);
  // An address without a path means its root: that is one spelling of it and not another one.
  const href = spelledOut === `${text}/` ? text : spelledOut;
  const at = host === '' ? -1 : href.indexOf(host, href.indexOf('//'));
  const spelled = href === text ? '' : ` (${text})`;
  return at === -1
    ? { text: `${href}${spelled}` }
    : { text: href.slice(0, at), host, after: `${href.slice(at + host.length)}${spelled}` };
}

const showUse = ([scope, use]: [string, DataUse]): ShownValue => ({
  about: say(`sharing.scope.${scope}`),
  text: `${use.purpose.id} / ${use.purpose.en}`,
  words: isLegalBasis(use.legal_basis) ? say(`admin.clients.basis.${use.legal_basis}`) : undefined,
});

/** A key by its thumbprint; what it says besides stands behind it, its end as people read it. */
function showKey(key: ClientKey): ShownValue {
  const parts = partsOf(key);
  const end = endOfKey(key);
  const said = (name: string): string =>
    name === 'exp' && end !== undefined
      ? end.toISOString()
      : typeof key[name] === 'string'
        ? key[name]
        : JSON.stringify(key[name]);
  const further = Object.keys(key)
    .sort()
    .filter((name) => name !== 'crv' && !parts.includes(name))
    .map((name) => `${name}=${said(name)}`);
  const kind = [key.kty, key.crv].filter((part) => typeof part === 'string');
  return { text: [...kind, `SHA-256 ${thumbprintOf(key)}`, ...further].join(' ') };
}

const showPlain = (value: unknown): ShownValue => {
  if (typeof value === 'boolean') return { text: '', words: say(`admin.clients.value.${value ? 'yes' : 'no'}`) };
  return { text: typeof value === 'string' ? value : JSON.stringify(value) };
};

/** What a member says and how it is shown, in a list: most say one thing. */
function itemsOf(name: string, value: unknown): readonly { readonly said: unknown; readonly shown: ShownValue }[] {
  const each = <T>(all: readonly T[], show: (one: T) => ShownValue) => all.map((said) => ({ said, shown: show(said) }));
  if (value === undefined || value === null) return [];
  if (name === 'scope' && typeof value === 'string')
    return each(value.split(' '), (scope) => ({ text: scope, words: existing(`sharing.scope.${scope}`) }));
  if (name === 'data_use') return each(Object.entries(value as Record<string, DataUse>), showUse);
  if (name === 'resources')
    return each(Object.entries(value as ApiRights), ([identifier, scopes = []]) => ({
      text: `${identifier}: ${scopes.join(', ')}`,
    }));
  if (name === 'bridge') {
    const { until, state_required: state } = value as Bridge;
    return [
      { said: until, shown: { text: '', words: say('admin.clients.bridge.until', { day: until }) } },
      ...(state === true ? [{ said: state, shown: { text: '', words: say('admin.clients.bridge.state') } }] : []),
    ];
  }
  if (name === 'jwks') return each(keysOf(value), showKey);
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return each(all, (one) => (ADDRESS.test(name) && typeof one === 'string' ? showAddress(one) : showPlain(one)));
}

export const showValues = (name: string, value: unknown): readonly ShownValue[] =>
  itemsOf(name, value).map(({ shown }) => shown);

/** Before and after as one list: what stays, what comes and what goes, by what is said and not by how it looks. */
export function showChange({ name, before, after, widens }: MemberChange): ShownChange {
  const [had, has] = [itemsOf(name, before), itemsOf(name, after)];
  const isIn = (list: typeof had, { said }: (typeof had)[number]): boolean =>
    list.some((other) => isDeepStrictEqual(other.said, said));
  return {
    ...showMember(name),
    watch: widens ? [say('admin.clients.change.widens')] : [],
    values: [
      ...had.map((one) => ({ ...one.shown, mark: isIn(has, one) ? ('kept' as const) : ('removed' as const) })),
      ...has.filter((one) => !isIn(had, one)).map(({ shown }) => ({ ...shown, mark: 'added' as const })),
    ],
  };
}

/**
 * A registration that nobody has approved yet: all of it is new, so nothing is marked so. What is more than most have
 * comes first and says why.
 */
export function showNew(registration: ClientDescription): readonly ShownChange[] {
  const watched = watchedIn(registration);
  const changes = changesBetween(undefined, registration);
  const first = [...watched.keys()].flatMap((name) => changes.filter((change) => change.name === name));
  return [...first, ...changes.filter(({ name }) => !watched.has(name))]
    .map(({ name, after }) => ({
      ...showMember(name),
      watch: (watched.get(name) ?? []).map((watch) => say(`admin.clients.watch.${watch}`)),
      values: showValues(name, after),
    }))
    .filter(({ values }) => values.length > 0);
}
