import { isDeepStrictEqual } from 'node:util';
import type { ApiRights } from '../../domain/api.ts';
import type { Bridge } from '../../domain/bridge.ts';
import type { MemberChange } from '../../domain/client-change.ts';
import { isLegalBasis, type DataUse } from '../../domain/sharing.ts';
import { sentences } from '../../web/i18n.ts';
import { say, type Sentence } from '../../web/screen.ts';

/** One thing that a member says, for people: an address with its host apart, because it is the host that says whose it is. */
export interface ShownValue {
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
  readonly widens: boolean;
  readonly values: readonly (ShownValue & { readonly mark: 'kept' | 'added' | 'removed' })[];
}

const existing = (key: string): Sentence | undefined => (sentences.id.has(key) ? say(key) : undefined);
export const showMember = (name: string): ShownMember => ({ name, words: existing(`admin.clients.field.${name}.label`) });

const ADDRESS = /_(?:uris?|url)$/;

/** What stands in the browser's own spelling: letters of other scripts cannot pass for a host that one knows. */
function showAddress(text: string): ShownValue {
  if (!URL.canParse(text)) return { text };
  const { href, host } = new URL(text);
  const at = host === '' ? -1 : href.indexOf(host, href.indexOf('//'));
  return at === -1 ? { text } : { text: href.slice(0, at), host, after: href.slice(at + host.length) };
}

const showUse = ([scope, use]: [string, DataUse]): ShownValue => ({ text: `${scope}: ${use.purpose.id} / ${use.purpose.en}`, words: isLegalBasis(use.legal_basis) ? say(`admin.clients.basis.${use.legal_basis}`) : undefined });

const showKey = (key: Readonly<Record<string, unknown>>): ShownValue => ({ text: [key.kty, key.alg ?? key.crv, key.kid, key.x ?? key.n].filter((part) => typeof part === 'string').map((part) => part.slice(0, 24)).join(' ') });

const showPlain = (value: unknown): ShownValue => {
  if (typeof value === 'boolean') return { text: '', words: say(`admin.clients.value.${value ? 'yes' : 'no'}`) };
  return { text: typeof value === 'string' ? value : JSON.stringify(value) };
};

/** What a member says, in a list: most say one thing. */
export function showValues(name: string, value: unknown): readonly ShownValue[] {
  if (value === undefined || value === null) return [];
  if (name === 'scope' && typeof value === 'string') return value.split(' ').map((scope) => ({ text: scope, words: existing(`sharing.scope.${scope}`) }));
  if (name === 'data_use') return Object.entries(value as Record<string, DataUse>).map(showUse);
  if (name === 'resources') return Object.entries(value as ApiRights).map(([identifier, scopes = []]) => ({ text: `${identifier}: ${scopes.join(', ')}` }));
  if (name === 'bridge') {
    const { until, state_required: state } = value as Bridge;
    return [{ text: '', words: say('admin.clients.bridge.until', { day: until }) }, ...(state === true ? [{ text: '', words: say('admin.clients.bridge.state') }] : [])];
  }
  if (name === 'jwks') return (value as { keys: readonly Record<string, unknown>[] }).keys.map(showKey);
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.map((one) => (ADDRESS.test(name) && typeof one === 'string' ? showAddress(one) : showPlain(one)));
}

/** Before and after as one list: what stays, what comes and what goes. */
export function showChange({ name, before, after, widens }: MemberChange): ShownChange {
  const [had, has] = [showValues(name, before), showValues(name, after)];
  const isIn = (list: readonly ShownValue[], one: ShownValue): boolean => list.some((other) => isDeepStrictEqual(other, one));
  return {
    ...showMember(name),
    widens,
    values: [...had.map((one) => ({ ...one, mark: isIn(has, one) ? ('kept' as const) : ('removed' as const) })), ...has.filter((one) => !isIn(had, one)).map((one) => ({ ...one, mark: 'added' as const }))],
  };
}

/** Who, as the audit log names them. */
export interface ShownActor {
  readonly signature: string;
  readonly words: Sentence | undefined;
}
export const showActor = (signature: string): ShownActor => ({ signature, words: signature === 'operator' || signature === 'seed' ? say(`admin.audit.by.${signature}`) : undefined });
