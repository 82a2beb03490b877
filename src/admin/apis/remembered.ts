import type { Result } from '../../domain/result.ts';
import type { Refusals } from '../refusals.ts';
import type { ApiRefusal, ApiService } from './service.ts';

/** The same service; what it refuses, the audit log remembers. */
export function rememberApiRefusals(apis: ApiService, refusals: Refusals): ApiService {
  async function tell<T>(
    by: string,
    resource: string | undefined,
    work: Promise<Result<T, ApiRefusal>>,
  ): Promise<Result<T, ApiRefusal>> {
    const result = await work;
    // Of a new one only an identifier that is there already is more than what somebody typed.
    if (!result.ok)
      await refusals.change(by, {
        kind: 'api',
        reason: result.refusal.reason,
        faults: 'problems' in result.refusal ? result.refusal.problems : [],
        resource: resource ?? ('identifier' in result.refusal ? result.refusal.identifier : undefined),
      });
    return result;
  }

  return {
    ...apis,
    create: (document, by = 'operator') => tell(by, undefined, apis.create(document, by)),
    update: (identifier, changes, because = { by: 'operator' }) =>
      tell(because.by, identifier, apis.update(identifier, changes, because)),
    setStatus: (identifier, status, because = { by: 'operator' }) =>
      tell(because.by, identifier, apis.setStatus(identifier, status, because)),
  };
}
