import type { ClientMetadata } from '../../domain/client.ts';
import type { Store } from '../../store/store.ts';
import type { FieldProblem } from './field-problem.ts';
import { Abandoned } from './refusals.ts';

/**
 * What a registration says of APIs must be there: a right to an API that is registered later would be nobody's
 * decision.
 */
async function findResourceProblems(
  store: Pick<Store, 'apis'>,
  { resources = {}, may_introspect: introspects }: ClientMetadata,
): Promise<readonly FieldProblem[]> {
  const problems: FieldProblem[] = [];
  for (const [identifier, asked = []] of Object.entries(resources)) {
    const api = await store.apis.find(identifier);
    if (api === undefined)
      problems.push({ field: 'resources', what: `names ${identifier}, which is no registered API` });
    const unknown = asked.filter((scope) => api?.scopes.every(({ name }) => name !== scope));
    if (unknown.length > 0)
      problems.push({ field: 'resources', what: `asks for what ${identifier} does not have: ${unknown.join(', ')}` });
  }
  for (const identifier of Array.isArray(introspects) ? introspects : []) {
    if ((await store.apis.find(String(identifier))) === undefined)
      problems.push({ field: 'may_introspect', what: `names ${String(identifier)}, which is no registered API` });
  }
  return problems;
}

/** @throws {Abandoned} with every problem. */
export async function holdResources(store: Pick<Store, 'apis'>, metadata: ClientMetadata): Promise<void> {
  const problems = await findResourceProblems(store, metadata);
  if (problems.length > 0) throw new Abandoned({ reason: 'client-metadata', problems });
}
