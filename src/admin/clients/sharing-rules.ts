import { OFFLINE_SCOPE } from '../../domain/claims.ts';
import type { ClientType } from '../../domain/client.ts';
import type { FieldProblem } from './field-problem.ts';
import type { Document } from './metadata-fields.ts';

/**
 * What a registration says of the data it wants.
 * @param firstParty  whether it is of the house, said or completed.
 * @param asked       the scopes of the document; none where it names none.
 */
export function* findSharingProblems(
  type: ClientType,
  given: Document,
  firstParty: boolean | undefined,
  asked: readonly string[],
  mayAskForNik: boolean,
): Generator<FieldProblem> {
  if (asked.includes('nik') && !mayAskForNik)
    yield {
      field: 'scope',
      what: 'nik needs a legal basis and is granted only on purpose: --allow-nik, or "allow_nik": true',
    };
  if (asked.includes('nik') && given.data_use?.nik === undefined)
    yield {
      field: 'data_use.nik',
      what: 'is needed with the scope nik: {"purpose": {"id": …, "en": …}, "legal_basis": …}',
    };
  for (const scope of Object.keys(given.data_use ?? {})) {
    if (asked.length > 0 && !asked.includes(scope))
      yield { field: `data_use.${scope}`, what: 'tells the use of a scope that the client does not ask for' };
  }
  if (asked.includes(OFFLINE_SCOPE)) {
    if (type !== 'web' && type !== 'native')
      yield {
        field: 'scope',
        what: `must not hold ${OFFLINE_SCOPE}: a client of type ${type} ${type === 'machine' ? 'has no person who could be away' : 'has no place to keep such a token'}`,
      };
    else if (given.grant_types?.includes('refresh_token') !== true)
      yield { field: 'grant_types', what: `must hold refresh_token with the scope ${OFFLINE_SCOPE}` };
  }
  if (given.notice_page === true && firstParty === false)
    yield { field: 'notice_page', what: 'must not be given: a service of somebody else has the page that asks' };
  if (type !== 'machine') return;
  for (const field of ['data_use', 'first_party', 'notice_page'] as const)
    if (given[field] !== undefined) yield { field, what: 'must not be given: a machine has no person' };
}
