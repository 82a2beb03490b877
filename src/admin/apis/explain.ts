import { say, type FieldError, type Sentence } from '../../web/screen.ts';
import type { ApiProblem } from './forms.ts';
import type { ApiRefusal } from './service.ts';

/** What the rules say in English for whoever writes documents, as sentences for whoever fills in the form. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^must have 255/, 'long'],
  [/^must be an absolute URI/, 'uri'],
  [/fragment$/, 'fragment'],
  [/plain characters/, 'plain'],
  [/one line of text/, 'one-line'],
  [/^must be 2 to 64 of/, 'scope-name'],
  [/something else here already/, 'scope-ours'],
  [/names a scope twice/, 'scope-twice'],
  [/^must be \d+ at most/, 'scopes-many'],
  [/^must be a whole number/, 'seconds'],
  [/^Invalid option/, 'choose'],
];

function explain(what: string): Sentence {
  const [, least = '', most = ''] = /^must say it in (\d+) to (\d+)/.exec(what) ?? [];
  if (least !== '') return say('admin.apis.problem.length', { least: Number(least), most: Number(most) });
  const key = sentences.find(([pattern]) => pattern.test(what))?.[1];
  return key === undefined ? say('admin.apis.problem.other', { what }) : say(`admin.apis.problem.${key}`);
}

/** `scopes.2.means.en` is typed at `scope_2_en`; what is wrong with all of them stands at the first. */
function fieldOf(path: string): string {
  const [name = '', index = '0', member = 'name', lang] = path.split('.');
  return name === 'scopes' ? `scope_${index}_${lang ?? member}` : name;
}

const SCOPE = /^scope_(\d+)_(name|id|en)$/;
/** What the form calls the field; of scopes there are several. */
export function labelOf(field: string): readonly Sentence[] {
  const [, index = '', part = ''] = SCOPE.exec(field) ?? [];
  return part === ''
    ? [say(`admin.apis.field.${field}.label`)]
    : [say('admin.apis.edit.scope', { number: Number(index) + 1 }), say(`admin.apis.edit.part.${part}`)];
}

export const toErrors = (problems: readonly ApiProblem[]): readonly FieldError[] =>
  problems.map(({ field, what }) => ({
    field: fieldOf(field),
    label: labelOf(fieldOf(field)),
    sentence: explain(what),
  }));

/** Why nothing was done; what a form can show at its fields goes by `toErrors`. */
export const explainRefusal = (refusal: ApiRefusal): Sentence =>
  refusal.reason === 'api-document'
    ? say('admin.apis.problem.other', {
        what: refusal.problems.map(({ field, what }) => `${field} ${what}`).join(', '),
      })
    : say(`admin.apis.refusal.${refusal.reason}`);
