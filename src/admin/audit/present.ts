import { LOCALES } from '../../domain/locale.ts';
import type { AuditRow } from '../../store/audit.ts';
import { existing } from '../../web/i18n.ts';
import { say, type Sentence } from '../../web/screen.ts';
import type { Names } from '../names.ts';

interface ShownValue {
  readonly text: string;
  /** Undefined where it is nobody's word but a number, a reference or what somebody typed. */
  readonly words: Sentence | undefined;
}

export interface ShownDetail {
  readonly name: string;
  readonly label: Sentence | undefined;
  readonly values: readonly ShownValue[];
}

/** Where the words of a detail stand that other pages say too; all further ones are those of the log itself. */
const elsewhere: Readonly<Record<string, (value: string, area: string) => string>> = {
  datum: (value) => `admin.accounts.datum.${value}`,
  fields: (value, area) => `admin.${area.startsWith('api') ? 'apis' : 'clients'}.field.${value}.label`,
  role: (value) => `admin.role.${value}`,
  scopes: (value) => `sharing.scope.${value}`,
  type: (value) => `admin.clients.type.${value}`,
};

/** @param area  the type of the event or, where that is of several, the kind of thing it is about. */
export const wordsOfDetail = (area: string, name: string, value: string): Sentence | undefined =>
  existing((elsewhere[name] ?? ((one) => `admin.audit.value.${name}.${one}`))(value, area));

function showValue(area: string, name: string, value: unknown, names: Pick<Names, 'account'>): ShownValue {
  if (typeof value === 'boolean') return { text: '', words: say(`admin.clients.value.${value ? 'yes' : 'no'}`) };
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Who handed the token on is told by the id of the account alone.
  if (name === 'handedBy') return { text: names.account(text) ?? text, words: undefined };
  return { text, words: wordsOfDetail(area, name, text) };
}

type Said = Readonly<Record<string, unknown>>;
const isSaid = (value: unknown): value is Said => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a member said, on one line: a scope of an API with its sentences behind its name. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(textOf).join('; ');
  if (isSaid(value) && isSaid(value.means))
    return `${textOf(value.name)} (${LOCALES.map((locale) => textOf((value.means as Said)[locale])).join(' / ')})`;
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Each member that changed, with what it said before where it said anything. */
const showMembers = (type: string, before: Said | undefined, after: Said): readonly ShownDetail[] =>
  Object.keys(after).map((name) => ({
    name,
    label: wordsOfDetail(type, 'fields', name),
    values: [
      { text: `${before === undefined ? '' : `${textOf(before[name])} → `}${textOf(after[name])}`, words: undefined },
    ],
  }));

/** What goes along with an event, in the language of the page. Who did it stands apart. */
export function showDetails(
  { type, details: { by: _by, before, after, ...details } }: Pick<AuditRow, 'type' | 'details'>,
  names: Pick<Names, 'account'>,
): readonly ShownDetail[] {
  const members = isSaid(after) ? showMembers(type, isSaid(before) ? before : undefined, after) : [];
  const area = type === 'change.refused' ? String(details.kind) : type;
  // What changed, its members tell by themselves.
  const rest = Object.entries(details).filter(([name]) => name !== 'fields' || members.length === 0);
  return [
    ...rest.map(([name, value]) => ({
      name,
      label: existing(`admin.audit.detail.${name}`),
      values: (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((one) =>
        showValue(area, name, one, names),
      ),
    })),
    ...members,
  ];
}
