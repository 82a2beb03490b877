import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../audit/log.ts';
import { seenOf, type Api, type ApiStatus } from '../../domain/api.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { ApiUser } from '../../store/clients.ts';
import type { Store } from '../../store/store.ts';
import { parseApi, toDocument, type ApiProblem, type ParsedApi } from './forms.ts';

export type ApiRefusal =
  | { readonly reason: 'api-document'; readonly problems: readonly ApiProblem[] }
  | { readonly reason: 'api-taken' | 'api-unknown' | 'api-changed'; readonly identifier: string };

/** Who does it, as the audit log names them (`signatureOf`), and why. */
export interface Because {
  readonly by: string;
  readonly reason?: string | undefined;
}

export interface ApiService {
  /** @param document  untrusted: `identifier`, `name`, `scopes`, `token_format`, `token_algorithm`, `token_seconds`. */
  create(document: unknown, by?: string): Promise<Result<Api, ApiRefusal>>;
  /**
   * Replaces the members given; the identifier stays. It holds within two seconds on every instance.
   * @param because  with what the editor saw (`seenOf`): where it is another by now, nothing happens.
   */
  update(
    identifier: string,
    changes: Readonly<Record<string, unknown>>,
    because?: Because & { readonly seen?: string | undefined },
  ): Promise<Result<Api, ApiRefusal>>;
  /**
   * For a stopped API no token is issued within two seconds, and none is good at introspection. Doing it twice changes
   * nothing.
   */
  setStatus(identifier: string, status: ApiStatus, because?: Because): Promise<Result<Api, ApiRefusal>>;
  find(identifier: string): Promise<Api | undefined>;
  list(): Promise<readonly Api[]>;
  /** Which clients may ask for tokens of it or watch over them, be they stopped or drafts. */
  usersOf(identifier: string): Promise<readonly ApiUser[]>;
}

export interface ApiServiceDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
}

const COMMAND_LINE: Because = { by: 'operator' };

const detailsOf = ({ by, reason }: Because): { by: string; reason?: string } => ({
  by,
  ...(reason === undefined ? {} : { reason }),
});

type Said = Readonly<Record<string, unknown>>;

/** What an API says of itself, as the audit log keeps it: without the identifier, which stands beside it. */
function saidOf(api: ParsedApi): Said {
  const { identifier: _, ...said } = toDocument(api);
  return said;
}

/** The members that differ, before and after; of the scopes those alone that came, went or were changed. */
function differenceOf(
  old: ParsedApi,
  now: ParsedApi,
): { readonly fields: readonly string[]; readonly before: Said; readonly after: Said } {
  const [before, after] = [saidOf(old), saidOf(now)];
  const fields = Object.keys(after).filter((name) => !isDeepStrictEqual(before[name], after[name]));
  const notIn = (others: ParsedApi['scopes'], scopes: ParsedApi['scopes']): ParsedApi['scopes'] =>
    scopes.filter((one) => !others.some((other) => isDeepStrictEqual(other, one)));
  const only = (said: Said, scopes: ParsedApi['scopes']): Said =>
    Object.fromEntries(fields.map((name) => [name, name === 'scopes' ? scopes : said[name]]));
  return {
    fields,
    before: only(before, notIn(now.scopes, old.scopes)),
    after: only(after, notIn(old.scopes, now.scopes)),
  };
}

/** APIs that take our access tokens: registering, changing and stopping them. */
export function createApiService({ store, audit, clock }: ApiServiceDeps): ApiService {
  /** Of a change in the same millisecond: two states never bear one mark. */
  const laterThan = ({ updatedAt }: Api): Date => new Date(Math.max(clock.now().getTime(), updatedAt.getTime() + 1));

  return {
    create(document, by = COMMAND_LINE.by) {
      const parsed = parseApi(document);
      if (!parsed.ok) return Promise.resolve(refuse({ reason: 'api-document', problems: parsed.refusal }));
      const at = clock.now();
      const api: Api = { ...parsed.value, status: 'active', createdAt: at, updatedAt: at };
      return store.transactionOnce(async (tx) => {
        if (!(await tx.apis.insert(api))) return refuse({ reason: 'api-taken', identifier: api.identifier });
        await audit.record(tx, 'api.created', { resource: api.identifier, after: saidOf(api), by });
        return ok(api);
      });
    },

    update: (identifier, changes, { seen, ...because } = COMMAND_LINE) =>
      store.transactionOnce(async (tx) => {
        const before = await tx.apis.lock(identifier);
        if (before === undefined) return refuse({ reason: 'api-unknown', identifier });
        if (seen !== undefined && seen !== seenOf(before)) return refuse({ reason: 'api-changed', identifier });
        if (changes.identifier !== undefined && changes.identifier !== identifier)
          return refuse({
            reason: 'api-document',
            problems: [{ field: 'identifier', what: `must be ${identifier}: it stands in tokens and registrations` }],
          });
        const parsed = parseApi({ ...toDocument(before), ...changes });
        if (!parsed.ok) return refuse({ reason: 'api-document', problems: parsed.refusal });
        const difference = differenceOf(before, parsed.value);
        if (difference.fields.length === 0) return ok(before);
        const api: Api = { ...before, ...parsed.value, updatedAt: laterThan(before) };
        await tx.apis.update(api);
        await audit.record(tx, 'api.updated', { resource: identifier, ...difference, ...detailsOf(because) });
        return ok(api);
      }),

    setStatus: (identifier, status, because = COMMAND_LINE) =>
      store.transactionOnce(async (tx) => {
        const before = await tx.apis.lock(identifier);
        if (before === undefined) return refuse({ reason: 'api-unknown', identifier });
        if (before.status === status) return ok(before);
        const api: Api = { ...before, status, updatedAt: laterThan(before) };
        await tx.apis.update(api);
        await audit.record(tx, status === 'active' ? 'api.enabled' : 'api.disabled', {
          resource: identifier,
          ...detailsOf(because),
        });
        return ok(api);
      }),

    find: (identifier) => store.apis.find(identifier),
    list: () => store.apis.list(),
    usersOf: (identifier) => store.clients.usersOfApi(identifier),
  };
}
