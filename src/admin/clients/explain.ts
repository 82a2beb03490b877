import { say, type FieldError, type Sentence } from '../../web/screen.ts';
import type { FieldProblem } from './field-problem.ts';
import type { ClientRefusal } from './refusals.ts';

/**
 * What the rules say in English for whoever writes documents, as sentences of the locale files for whoever fills in the
 * form.
 */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^must have 1 to (?<most>\d+) characters in one line/, 'line-length'],
  [/^must have 1 to/, 'length'],
  [/^must be a complete address/, 'address'],
  [/user name or password/, 'credentials'],
  [/^must be https \(http only/, 'https'],
  [/^must be https$/, 'https-only'],
  [/^is an address of production/, 'production-uri'],
  [/wildcard/, 'wildcard'],
  [/fragment/, 'fragment'],
  [/^must be http where the app listens/, 'loopback-http'],
  [/^must be https, http on 127/, 'native'],
  [/scheme with a dot/, 'native-scheme'],
  [/^must hold at least one address/, 'redirect-missing'],
  [/^must hold openid/, 'openid'],
  [/^is needed with the scope nik/, 'data-use'],
  [/^does not exist: (?<names>[^()]*) \(/, 'scope-unknown'],
  [/which is no registered API/, 'api-unknown'],
  [/^asks for what/, 'api-scope'],
  [/^must be the last day/, 'day'],
  [/cannot keep a secret/, 'public'],
  [/keeps a secret/, 'confidential'],
  [/^private_key_jwt needs/, 'keys-method'],
  [/needs the client’s keys/, 'keys'],
  [/nobody is sent to a machine/, 'machine-redirect'],
  [/must say why, in 20/, 'why'],
  [/PKCE is waived for web clients alone/, 'pkce-web'],
  [/under fapi2/, 'fapi2'],
  [/is public$/, 'fapi2-public'],
  [/redirect URIs do not name one host/, 'sector'],
  [/a machine has no person/, 'machine-person'],
  [/say it in 10 to 200/, 'purpose'],
  [/^leads into a private network: publish/, 'keys-inside'],
  [/^leads into a private network/, 'address-inside'],
  [/^redirects, and.* list is$/, 'sector-redirect'],
  [/^answers with more .* no list needs/, 'sector-endless'],
  [/^holds no list/, 'sector-none'],
  [/^does not list the jwks_uri/, 'sector-keys'],
  [/^does not list (?<uris>[^:]+:.*): every redirect URI/, 'sector-lacks'],
  [/^redirects, and/, 'keys-redirect'],
  [/^answers with more than/, 'keys-endless'],
  [/^does not come to the end/, 'address-endless'],
  [/^holds no key set/, 'keys-none'],
  [/^(?:key \d+ )?holds a private key/, 'keys-private'],
  [/^holds a key of which/, 'keys-broken'],
  [/^key (?<number>\d+) is too weak/, 'keys-weak'],
  [/^key (?<number>\d+) has a use/, 'keys-use'],
  [/^key (?<number>\d+) has an exp/, 'keys-exp'],
  [/^key (?<number>\d+) (?:needs a kid|has the kid)/, 'keys-kid'],
  [/^holds no key for (?<algorithms>[^,]+), which (?<member>\w+)/, 'keys-unfit'],
  [/^holds no key/, 'keys-useless'],
  [/now: its name/, 'keys-name'],
  [/now: its certificate/, 'keys-certificate'],
  [/now: it answers with status (?<status>\d+)/, 'keys-status'],
  [/^cannot be reached now/, 'keys-away'],
  [/^Invalid option/, 'choose'],
  [/admin: scopes are granted/, 'privileged'],
  [/one line of text/, 'one-line'],
  [/^Invalid email/i, 'email'],
  [/expected number/, 'number'],
  [/^(?:Too small|Invalid input: expected string, received undefined)/, 'empty'],
];

const OTHER = 'admin.clients.problem.other';

export function explain(what: string): Sentence {
  const [pattern, key] = sentences.find(([one]) => one.test(what)) ?? [];
  return pattern === undefined
    ? say(OTHER, { what })
    : say(`admin.clients.problem.${key ?? ''}`, pattern.exec(what)?.groups);
}

/** Why nothing was done, in one sentence. */
export function explainRefusal(refusal: ClientRefusal): Sentence {
  if (refusal.reason !== 'client-metadata') return say(`admin.clients.refusal.${refusal.reason}`);
  const [first] = refusal.problems;
  const known = explain(first?.what ?? '');
  return known.key !== OTHER
    ? known
    : say('admin.clients.problem.elsewhere', { field: first?.field ?? '', what: first?.what ?? '' });
}

/** Members that the form shows by another field. */
const shownAs: Readonly<Record<string, string>> = { grant_types: 'refresh', jwks: 'jwks_uri' };

/** `data_use.nik.purpose.en` is typed at `use_nik_en`; what is wrong with all of it stands at its first field. */
function fieldOf([name = '', ...path]: readonly string[]): string {
  if (name === 'bridge') return path[0] === 'state_required' ? 'bridge_state' : 'bridge_until';
  if (name !== 'data_use') return shownAs[name] ?? name;
  const [scope, member, lang] = path;
  return `use_${scope ?? ''}_${member === 'legal_basis' ? 'basis' : lang === 'en' ? 'en' : 'id'}`;
}

const USE = /^use_(\w+)_(id|en|basis)$/;
/** What the form calls the field; of purposes there are several. */
export function labelOf(field: string): readonly Sentence[] {
  const [, scope = '', part = ''] = USE.exec(field) ?? [];
  return scope === ''
    ? [say(`admin.clients.field.${field}.label`)]
    : [say(`sharing.scope.${scope}`), say(`admin.clients.edit.use.${part}`)];
}

/** Problems of a document at the fields of the form; one of several lines is told by its number. */
export function toErrors(
  problems: readonly FieldProblem[],
  known: ReadonlySet<string>,
): { readonly errors: readonly FieldError[]; readonly problem: Sentence | undefined } {
  const errors: FieldError[] = [];
  let problem: Sentence | undefined;
  for (const { field: path, what } of problems) {
    const [name = '', index] = path.split('.');
    const field = fieldOf(path.split('.'));
    const line = index !== undefined && /^\d+$/.test(index) ? Number(index) + 1 : undefined;
    if (known.has(field)) errors.push({ field, sentence: explain(what), label: labelOf(field), line });
    else problem ??= say('admin.clients.problem.elsewhere', { field: name, what });
  }
  return { errors, problem };
}
