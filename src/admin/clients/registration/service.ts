import type { Audit } from '../../../audit/log.ts';
import type { KeyedHash } from '../../../crypto/keyed-hash.ts';
import type { AccountId } from '../../../domain/account.ts';
import { changesBetween } from '../../../domain/client-change.ts';
import { isLiveSecret, type Client, type ClientMetadata } from '../../../domain/client.ts';
import { signatureOf } from '../../../domain/operator.ts';
import { ok, refuse, type Result } from '../../../domain/result.ts';
import { sensitive, type Sensitive } from '../../../domain/sensitive.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import type { Random } from '../../../ports/random/random.ts';
import type { InitialToken } from '../../../store/registration-tokens.ts';
import type { Store } from '../../../store/store.ts';
import type { FieldProblem } from '../field-problem.ts';
import type { Refusals } from '../../refusals.ts';
import type { ClientRefusal } from '../refusals.ts';
import type { ClientReview } from '../review.ts';
import { teamOf, type Hand } from '../versions.ts';
import { initialHash, newToken } from './tokens.ts';

export type RegistrationRefusal =
  /** With the team whose it was, where there was such a token at all. */
  | { readonly reason: 'token'; readonly by?: string }
  | { readonly reason: 'metadata'; readonly problems: readonly FieldProblem[] }
  /** The client was approved or stopped: what is asked for is an operator's to do. */
  | { readonly reason: 'forbidden'; readonly what: string }
  /** It would undo what somebody else proposed. */
  | { readonly reason: 'proposal-open' };

export interface Managed {
  readonly client: Client;
  /** What the registration says, of a draft as it is now, else as it is in effect. */
  readonly metadata: ClientMetadata;
  /** A change waits for a second pair of eyes. */
  readonly waits: boolean;
  readonly newSecret: Sensitive<string> | undefined;
  /** Of addresses at which nothing could be read just now. */
  readonly warnings: readonly FieldProblem[];
}

/** Teams that an operator has approved register their clients themselves (RFC 7591) and look after them (RFC 7592). */
export interface Registration {
  /** A draft, which exists for the protocol when an operator has approved it. @param document untrusted. */
  register(
    initialToken: string,
    document: unknown,
  ): Promise<Result<Managed & { readonly token: Sensitive<string> }, RegistrationRefusal>>;
  read(clientId: string, token: string): Promise<Result<Managed, RegistrationRefusal>>;
  /**
   * The whole registration anew; what is left out is taken away. Of an approved client it becomes a proposal where it
   * widens anything; what others proposed stays.
   */
  update(clientId: string, token: string, document: unknown): Promise<Result<Managed, RegistrationRefusal>>;
  /** Drafts only: an approved client is stopped by an operator. */
  remove(clientId: string, token: string): Promise<Result<undefined, RegistrationRefusal>>;
}

export interface RegistrationDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
  /** It remembers by itself what it refuses. */
  readonly review: Pick<ClientReview, 'register' | 'save'>;
  readonly refusals: Pick<Refusals, 'change'>;
}

/** Nobody gives these to themselves, nor does a reviewer come upon them among fifty others: an operator writes them. */
const OPERATORS_ALONE = [
  'first_party',
  'notice_page',
  'pkce_waived_because',
  'bridge',
  'may_introspect',
  'operated_by',
  'allow_nik',
] as const;
/** RFC 7592, 2.2. */
const NEVER_SENT = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const;

type Members = Readonly<Record<string, unknown>>;

const isDocument = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const problem = (field: string, what: string): Result<never, RegistrationRefusal> =>
  refuse({ reason: 'metadata', problems: [{ field, what }] });

/**
 * RFC 7592, 2.2: null and empty say as much as nothing. So does what an operator granted, sent back as we show it.
 * @param standing  the registration as it is shown to the team.
 */
function readDocument(document: unknown, standing: ClientMetadata | undefined): Result<Members, RegistrationRefusal> {
  if (!isDocument(document)) return problem('document', 'must be a JSON object');
  const said = Object.entries(document).filter(([, value]) => value !== null && value !== '');
  const before = { metadata: (standing ?? {}) as ClientMetadata };
  const granted = said.filter(([name]) => (OPERATORS_ALONE as readonly string[]).includes(name));
  const forbidden = granted.filter(
    ([name, value]) => changesBetween(before, { metadata: { ...before.metadata, [name]: value } }).length > 0,
  );
  if (forbidden.length > 0)
    return refuse({
      reason: 'metadata',
      problems: forbidden.map(([field]) => ({ field, what: 'is granted by an operator alone' })),
    });
  return ok(Object.fromEntries(said.filter((one) => !granted.includes(one))));
}

const toRefusal = (refusal: ClientRefusal): RegistrationRefusal => {
  if (refusal.reason === 'client-metadata') return { reason: 'metadata', problems: refusal.problems };
  if (refusal.reason === 'proposal-open') return { reason: 'proposal-open' };
  return { reason: 'metadata', problems: [{ field: 'document', what: `was refused: ${refusal.reason}` }] };
};

/**
 * What a team does, the audit log tells by its token. Whoever handed that over may hold it too: they approve nothing
 * that comes by it.
 */
function handOfTeam({ id, handedBy }: Pick<InitialToken, 'id' | 'handedBy'>): Hand {
  const by = teamOf(id);
  return {
    by,
    involved: [
      by,
      ...(handedBy === undefined ? [] : [signatureOf({ kind: 'operator', accountId: handedBy as AccountId })]),
    ],
  };
}

export function createRegistration({
  store,
  audit,
  keyedHash,
  clock,
  random,
  review,
  refusals,
}: RegistrationDeps): Registration {
  const managementHash = (token: string): Buffer => keyedHash.hash('registration-token', token);

  /** The client with the hand of its team, where the token is for it and the team still may. */
  async function admitted(
    clientId: string,
    token: string,
  ): Promise<Result<{ readonly client: Client; readonly hand: Hand }, RegistrationRefusal>> {
    const initial = await store.registrationTokens.findInitialOf(clientId, managementHash(token));
    if (initial?.revokedAt !== undefined) return refuse({ reason: 'token', by: teamOf(initial.id) });
    const client = initial === undefined ? undefined : await store.clients.find(clientId);
    return initial === undefined || client === undefined
      ? refuse({ reason: 'token' })
      : ok({ client, hand: handOfTeam(initial) });
  }

  /** A refusal of our own. Those of the review are remembered there. */
  async function remembered(
    { by }: Hand,
    clientId: string | undefined,
    reason: 'client-metadata' | 'client-stopped' | 'client-approved',
    refusal: RegistrationRefusal,
  ): Promise<Result<never, RegistrationRefusal>> {
    await refusals.change(by, {
      kind: 'client',
      reason,
      clientId,
      faults: 'problems' in refusal ? refusal.problems : [],
    });
    return refuse(refusal);
  }

  /** What the team wants its registration to say, but for what it says only to be let in. */
  async function readUpdate(client: Client, document: unknown): Promise<Result<Members, RegistrationRefusal>> {
    const given = readDocument(document, client.metadata);
    if (!given.ok) return given;
    const sent = NEVER_SENT.filter((name) => given.value[name] !== undefined);
    if (sent.length > 0)
      return refuse({ reason: 'metadata', problems: sent.map((field) => ({ field, what: 'must not be sent' })) });
    if (given.value.client_id !== client.id) return problem('client_id', `must be ${client.id}`);
    const { client_secret: secret, ...wanted } = given.value;
    if (secret !== undefined && !(await isInForce(client, secret)))
      return problem('client_secret', 'must be the one in force: it is made here and cannot be given');
    return ok(wanted);
  }

  async function show(
    client: Client,
    { newSecret, warnings = [] }: Partial<Pick<Managed, 'newSecret' | 'warnings'>> = {},
  ): Promise<Managed> {
    const open = client.status === 'draft' ? undefined : await store.clientVersions.findOpen(client.id);
    return {
      client,
      metadata: client.metadata,
      waits: client.status === 'draft' || open !== undefined,
      newSecret,
      warnings,
    };
  }

  return {
    async register(initialToken, document) {
      const hash = initialHash(keyedHash, initialToken);
      const initial = await store.transactionOnce((tx) => tx.registrationTokens.useInitial(hash, clock.now()));
      if (initial === undefined) {
        const id = await store.registrationTokens.idOfInitial(hash);
        return refuse({ reason: 'token', ...(id === undefined ? {} : { by: teamOf(id) }) });
      }
      const given = readDocument(document, undefined);
      const registered = given.ok
        ? await registerDraft(given.value, initial)
        : await remembered(handOfTeam(initial), undefined, 'client-metadata', given.refusal);
      if (!registered.ok) {
        await store.transactionOnce((tx) => tx.registrationTokens.giveBackInitial(initial.id));
        return registered;
      }
      const token = newToken(random);
      await store.transactionOnce((tx) =>
        tx.registrationTokens.insert(
          registered.value.client.id,
          managementHash(token.reveal()),
          initial.id,
          clock.now(),
        ),
      );
      return ok({ ...registered.value, token });
    },

    async read(clientId, token) {
      const found = await admitted(clientId, token);
      return found.ok ? ok(await show(found.value.client)) : found;
    },

    async update(clientId, token, document) {
      const found = await admitted(clientId, token);
      if (!found.ok) return found;
      const { client, hand } = found.value;
      if (client.status === 'disabled')
        return remembered(hand, clientId, 'client-stopped', {
          reason: 'forbidden',
          what: 'the client was stopped by an operator',
        });
      const wanted = await readUpdate(client, document);
      if (!wanted.ok) return remembered(hand, clientId, 'client-metadata', wanted.refusal);
      const saved = await review.save(clientId, { ...(await cleared(client)), ...wanted.value }, { hand });
      return saved.ok
        ? ok(await show(saved.value.client, { warnings: saved.value.warnings }))
        : refuse(toRefusal(saved.refusal));
    },

    async remove(clientId, token) {
      const found = await admitted(clientId, token);
      if (!found.ok) return found;
      const { hand } = found.value;
      const removed = await store.transactionOnce(async (tx) => {
        if (!(await tx.registrationTokens.removeDraft(clientId))) return false;
        await audit.record(tx, 'client-draft.removed', { by: hand.by }, { clientId });
        return true;
      });
      return removed
        ? ok(undefined)
        : remembered(hand, clientId, 'client-approved', {
            reason: 'forbidden',
            what: 'the client was approved: an operator stops it',
          });
    },
  };

  async function registerDraft(given: Members, initial: InitialToken): Promise<Result<Managed, RegistrationRefusal>> {
    // Chosen here: whoever could choose it could take a name that others know.
    const { client_id: _id, client_secret: _secret, ...document } = given;
    const made = await review.register({ document }, { hand: handOfTeam(initial) });
    return made.ok ? ok(await show(made.value.client, made.value)) : refuse(toRefusal(made.refusal));
  }

  /** RFC 7592, 2.2: a secret may be sent along, and changes nothing. */
  async function isInForce(client: Client, secret: unknown): Promise<boolean> {
    const fitting =
      typeof secret === 'string'
        ? await store.clientSecrets.whichFits(client.id, client.secrets, sensitive(secret))
        : undefined;
    return fitting !== undefined && isLiveSecret(fitting, clock.now());
  }

  /** Everything the team can say, taken away: what the new document says again comes back. */
  async function cleared(client: Client): Promise<Members> {
    const open = await store.clientVersions.findOpen(client.id);
    const names = [client.metadata, open?.metadata ?? {}].flatMap((metadata) => Object.keys(metadata));
    return Object.fromEntries(
      names.filter((name) => !(OPERATORS_ALONE as readonly string[]).includes(name)).map((name) => [name, undefined]),
    );
  }
}
