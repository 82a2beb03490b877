import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../audit/log.ts';
import type { Api, ApiStatus } from '../../domain/api.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { parseApi, toDocument, type ApiProblem } from './forms.ts';

export type ApiRefusal =
  | { readonly reason: 'api-document'; readonly problems: readonly ApiProblem[] }
  | { readonly reason: 'api-taken'; readonly identifier: string }
  | { readonly reason: 'api-unknown'; readonly identifier: string };

export interface ApiService {
  /** @param document  untrusted: `identifier`, `name`, `scopes`, `token_format`, `token_algorithm`, `token_seconds`. */
  create(document: unknown, by?: string): Promise<Result<Api, ApiRefusal>>;
  /** Replaces the members given; the identifier stays. What clients hold acts on within two seconds on every instance. */
  update(identifier: string, changes: Readonly<Record<string, unknown>>, by?: string): Promise<Result<Api, ApiRefusal>>;
  /** For a stopped API no token is issued within two seconds, and none is good at introspection. Doing it twice changes nothing. */
  setStatus(identifier: string, status: ApiStatus, by?: string): Promise<Result<Api, ApiRefusal>>;
  find(identifier: string): Promise<Api | undefined>;
  list(): Promise<readonly Api[]>;
}

export interface ApiServiceDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
}

const COMMAND_LINE = 'operator';

/** APIs that take our access tokens: registering, changing and stopping them. */
export function createApiService({ store, audit, clock }: ApiServiceDeps): ApiService {
  return {
    create(document, by = COMMAND_LINE) {
      const parsed = parseApi(document);
      if (!parsed.ok) return Promise.resolve(refuse({ reason: 'api-document', problems: parsed.refusal }));
      const at = clock.now();
      const api: Api = { ...parsed.value, status: 'active', createdAt: at, updatedAt: at };
      return store.transaction(async (tx) => {
        if (!(await tx.apis.insert(api))) return refuse({ reason: 'api-taken', identifier: api.identifier });
        await audit.record(tx, 'api.created', { resource: api.identifier, by });
        return ok(api);
      });
    },

    update: (identifier, changes, by = COMMAND_LINE) =>
      store.transaction(async (tx) => {
        const before = await tx.apis.lock(identifier);
        if (before === undefined) return refuse({ reason: 'api-unknown', identifier });
        if (changes.identifier !== undefined && changes.identifier !== identifier) return refuse({ reason: 'api-document', problems: [{ field: 'identifier', what: `must be ${identifier}: it stands in tokens and registrations` }] });
        const parsed = parseApi({ ...toDocument(before), ...changes });
        if (!parsed.ok) return refuse({ reason: 'api-document', problems: parsed.refusal });
        const [old, now] = [toDocument(before), toDocument(parsed.value)];
        const fields = Object.keys(now).filter((field) => !isDeepStrictEqual(old[field], now[field]));
        if (fields.length === 0) return ok(before);
        const api: Api = { ...before, ...parsed.value, updatedAt: clock.now() };
        await tx.apis.update(api);
        await audit.record(tx, 'api.updated', { resource: identifier, fields, by });
        return ok(api);
      }),

    setStatus: (identifier, status, by = COMMAND_LINE) =>
      store.transaction(async (tx) => {
        const before = await tx.apis.lock(identifier);
        if (before === undefined) return refuse({ reason: 'api-unknown', identifier });
        if (before.status === status) return ok(before);
        const api: Api = { ...before, status, updatedAt: clock.now() };
        await tx.apis.update(api);
        await audit.record(tx, status === 'active' ? 'api.enabled' : 'api.disabled', { resource: identifier, by });
        return ok(api);
      }),

    find: (identifier) => store.apis.find(identifier),
    list: () => store.apis.list(),
  };
}
