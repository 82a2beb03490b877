import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../../audit/log.ts';
import type { Client, ClientMetadata, ClientStatus, ClientType, Listing } from '../../domain/client.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';
import { needsSecret, parseClientMetadata, type FieldProblem, type ParsedClient } from './forms.ts';

export type ClientRefusal =
  | { readonly reason: 'client-metadata'; readonly problems: readonly FieldProblem[] }
  | { readonly reason: 'client-id-taken'; readonly id: string }
  | { readonly reason: 'client-unknown'; readonly id: string }
  | { readonly reason: 'client-without-secret'; readonly id: string }
  | { readonly reason: 'client-changed'; readonly id: string };

/** Who does it, as the audit log names them (`signatureOf`), and why. */
export interface Because {
  readonly by: string;
  readonly reason?: string | undefined;
}

export interface UpdateOptions {
  readonly allowNik?: boolean | undefined;
  readonly listing?: Listing | undefined;
  readonly by?: string;
  /** What the editor saw: where somebody else has changed it since, nothing happens. */
  readonly seenAt?: Date | undefined;
}

export interface ClientWish {
  /** An RFC 7591 client metadata document, untrusted. */
  readonly document: unknown;
  readonly type?: ClientType | undefined;
  readonly allowNik?: boolean | undefined;
  readonly listing?: Listing | undefined;
}

export interface Registered {
  readonly client: Client;
  /** Members of the document that mean nothing here. */
  readonly ignored: readonly string[];
  /** Made just now: it is shown this once. */
  readonly newSecret: Sensitive<string> | undefined;
}

export interface ClientService {
  /** Registers all of them or none. @returns them in the order of the wishes. */
  create(wishes: readonly ClientWish[], by?: string): Promise<Result<readonly Registered[], ClientRefusal>>;
  /**
   * Replaces the members given; a member given as undefined is taken away. What the client has already, the scope
   * `nik` among it, it may keep. Where nothing changes nothing is recorded.
   */
  update(id: string, changes: Readonly<Record<string, unknown>>, options?: UpdateOptions): Promise<Result<Registered, ClientRefusal>>;
  /** The former secret ends at once. */
  rotateSecret(id: string, because?: Because): Promise<Result<Registered, ClientRefusal>>;
  /**
   * A disabled client does not exist for the protocol, within two seconds on every instance, and what it was given is
   * worth nothing when it comes back. Doing it twice changes nothing.
   */
  setStatus(id: string, status: ClientStatus, because?: Because): Promise<Result<Client, ClientRefusal>>;
  find(id: string): Promise<Client | undefined>;
  list(): Promise<readonly Client[]>;
}

export interface ClientServiceDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  /** The protocol's own judgement, which is the last. @returns what it refuses. */
  readonly check: (metadata: ClientMetadata) => string | undefined;
}

const SECRET_BYTES = 32;
/** The command line was there first and is called so. */
const COMMAND_LINE: Because = { by: 'operator' };

const detailsOf = ({ by, reason }: Because): { by: string; reason?: string } => ({ by, ...(reason === undefined ? {} : { reason }) });

/** Ends a transaction without a trace, and carries the reason out of it. */
class Abandoned extends Error {
  readonly refusal: ClientRefusal;

  constructor(refusal: ClientRefusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

const changedFields = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !isDeepStrictEqual(before[field], after[field])).sort();

/** Client applications: registering, changing and stopping them. */
export function createClientService({ store, audit, clock, random, check }: ClientServiceDeps): ClientService {
  const makeSecret = (): Sensitive<string> => sensitive(random.bytes(SECRET_BYTES).toString('base64url'));

  async function whole<T>(work: (tx: Store) => Promise<T>): Promise<Result<T, ClientRefusal>> {
    try {
      return ok(await store.transaction(work));
    } catch (error) {
      if (error instanceof Abandoned) return refuse(error.refusal);
      throw error;
    }
  }

  async function getClient(tx: Store, id: string): Promise<Client> {
    const client = await tx.clients.lock(id);
    if (client === undefined) throw new Abandoned({ reason: 'client-unknown', id });
    return client;
  }

  function judge(parsed: ParsedClient, id: string): Result<ClientMetadata, FieldProblem> {
    const metadata: ClientMetadata = { ...parsed.metadata, client_id: id } as ClientMetadata;
    const refused = check(metadata);
    return refused === undefined ? ok(metadata) : refuse({ field: 'metadata', what: refused });
  }

  function prepare({ document, type, allowNik, listing }: ClientWish): Result<Registered, readonly FieldProblem[]> {
    const parsed = parseClientMetadata(document, { type, allowNik });
    if (!parsed.ok) return parsed;
    const id = parsed.value.metadata.client_id ?? random.uuid();
    const judged = judge(parsed.value, id);
    if (!judged.ok) return refuse([judged.refusal]);
    const newSecret = needsSecret(judged.value) ? makeSecret() : undefined;
    const now = clock.now();
    return ok({
      client: { id, status: 'active', type: parsed.value.type, metadata: judged.value, secret: newSecret, listing, createdAt: now, updatedAt: now },
      ignored: parsed.value.ignored,
      newSecret,
    });
  }

  return {
    async create(wishes, by = COMMAND_LINE.by) {
      const prepared: Registered[] = [];
      const problems: FieldProblem[] = [];
      for (const [index, wish] of wishes.entries()) {
        const result = prepare(wish);
        if (result.ok) prepared.push(result.value);
        else problems.push(...result.refusal.map(({ field, what }) => ({ field: wishes.length === 1 ? field : `${index}.${field}`, what })));
      }
      if (problems.length > 0) return refuse({ reason: 'client-metadata', problems });
      return whole(async (tx) => {
        for (const { client } of prepared) {
          if (!(await tx.clients.insert(client))) throw new Abandoned({ reason: 'client-id-taken', id: client.id });
          await audit.record(tx, 'client.created', { type: client.type, by }, { clientId: client.id });
        }
        return prepared;
      });
    },

    update: (id, changes, { allowNik = false, listing, by = COMMAND_LINE.by, seenAt } = {}) =>
      whole(async (tx) => {
        const before = await getClient(tx, id);
        if (seenAt !== undefined && before.updatedAt.getTime() !== seenAt.getTime()) throw new Abandoned({ reason: 'client-changed', id });
        if (changes.client_id !== undefined && changes.client_id !== id) throw new Abandoned({ reason: 'client-metadata', problems: [{ field: 'client_id', what: `must be ${id}: a client keeps its id` }] });
        const hasNik = before.metadata.scope?.split(' ').includes('nik') === true;
        const parsed = parseClientMetadata({ ...before.metadata, ...changes, client_id: id }, { type: before.type, allowNik: allowNik || hasNik });
        if (!parsed.ok) throw new Abandoned({ reason: 'client-metadata', problems: parsed.refusal });
        const judged = judge(parsed.value, id);
        if (!judged.ok) throw new Abandoned({ reason: 'client-metadata', problems: [judged.refusal] });
        const metadata = judged.value;
        const newSecret = needsSecret(metadata) && before.secret === undefined ? makeSecret() : undefined;
        const fields = changedFields({ ...before.metadata, listing: before.listing }, { ...metadata, listing: listing ?? before.listing });
        if (fields.length === 0) return { client: before, ignored: parsed.value.ignored, newSecret: undefined };
        await tx.clients.update(id, { metadata, ...(listing === undefined ? {} : { listing }), ...(newSecret === undefined ? {} : { secret: newSecret }) }, clock.now());
        await audit.record(tx, 'client.updated', { fields, by }, { clientId: id });
        return { client: await getClient(tx, id), ignored: parsed.value.ignored, newSecret };
      }),

    rotateSecret: (id, because = COMMAND_LINE) =>
      whole(async (tx) => {
        const client = await getClient(tx, id);
        if (!needsSecret(client.metadata)) throw new Abandoned({ reason: 'client-without-secret', id });
        const newSecret = makeSecret();
        await tx.clients.update(id, { secret: newSecret }, clock.now());
        await audit.record(tx, 'client.secret-rotated', detailsOf(because), { clientId: id });
        return { client: await getClient(tx, id), ignored: [], newSecret };
      }),

    setStatus: (id, status, because = COMMAND_LINE) =>
      whole(async (tx) => {
        const client = await getClient(tx, id);
        if (client.status === status) return client;
        await tx.clients.update(id, { status, endTokens: status === 'disabled' }, clock.now());
        await audit.record(tx, status === 'active' ? 'client.enabled' : 'client.disabled', detailsOf(because), { clientId: id });
        return getClient(tx, id);
      }),

    find: (id) => store.clients.find(id),
    list: () => store.clients.list(),
  };
}
