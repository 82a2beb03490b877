import { makeKey, publicPart, type Algorithm } from '../crypto/signing-key.ts';
import type { Audit } from '../audit/log.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import { isPassed, judge, type Finding, type SeenKind } from '../domain/check-judge.ts';
import { bendOf, mattersOf, scenarioById, type Scenario } from '../domain/check-scenarios.ts';
import type { Client, ClientMetadata } from '../domain/client.ts';
import { addSeconds } from '../ports/clock/clock.ts';
import type { ClientCheck } from '../store/client-checks.ts';
import type { Store } from '../store/store.ts';
import { createNotices, type NoticesDeps } from './notices.ts';
import { createTakeStep, type StepDeps } from './steps.ts';
import { findTrial } from './trial.ts';

/** A check that nobody finishes is over after this time, and its keys are published no longer. */
const CHECK_SECONDS = 86_400;
/** How long after it was begun a scenario takes hold of a sign-in. */
const SCENARIO_SECONDS = 900;
const LINK_SECONDS = 7 * 86_400;
const MOST_KEYS = 50;
const HISTORY = 10;

export interface Attempt {
  readonly checkId: string;
  readonly scenario: string;
}

export interface CheckReport {
  /** The run that goes on, or the last one. */
  readonly check: ClientCheck | undefined;
  readonly isOpen: boolean;
  readonly findings: readonly Finding[];
  readonly history: readonly ClientCheck[];
}

export interface ChecksDeps extends NoticesDeps, StepDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly keyedHash: KeyedHash;
}

export type Checks = ReturnType<typeof createChecks>;

const algorithmOf = ({ id_token_signed_response_alg: alg }: ClientMetadata): Algorithm =>
  alg === 'RS256' || alg === 'EdDSA' ? alg : 'ES256';

/** The integration check: runs of it, what the sandbox sees in them, and what is thought of it. */
export function createChecks({ store, audit, keyedHash, ...deps }: ChecksDeps) {
  const { clock, random } = deps;
  const sendNotice = createNotices(deps);
  const fingerprintOf = (metadata: ClientMetadata): string =>
    keyedHash.hash('check-fingerprint', mattersOf(metadata)).toString('base64url');
  const linkHash = (token: string): Buffer => keyedHash.hash('check-link', token);
  const grantHash = (grantId: string): Buffer => keyedHash.hash('check-grant', grantId);
  /** What a browser shows that belongs to the check; it says which, and nobody else can make it. */
  const markFor = (checkId: string): string => keyedHash.hash('check-browser', checkId).toString('base64url');
  const since = (seconds: number): Date => addSeconds(clock.now(), -seconds);

  const isOpen = ({ endedAt, startedAt }: ClientCheck): boolean =>
    endedAt === undefined && startedAt >= since(CHECK_SECONDS);
  const isOf = ({ fingerprint }: ClientCheck, metadata: ClientMetadata): boolean =>
    fingerprint === fingerprintOf(metadata);
  const openOf = (clientId: string): Promise<ClientCheck | undefined> =>
    store.clientChecks.open(clientId, since(CHECK_SECONDS));

  async function findingsOf(check: ClientCheck, client: Client | undefined): Promise<readonly Finding[]> {
    return client === undefined ? [] : judge(await store.clientChecks.events(check.id), client.metadata);
  }

  /** Says of a run that it passed, as soon as nothing is left that it hangs on. */
  async function settle(checkId: string): Promise<void> {
    const check = await store.clientChecks.find(checkId);
    if (check === undefined || check.passedAt !== undefined) return;
    const client = await findTrial(store, check.clientId);
    // Changed while it was tried: what was seen is of another registration.
    if (client === undefined || !isOf(check, client.metadata) || !isPassed(await findingsOf(check, client))) return;
    await store.transactionOnce(async (tx) => {
      if (await tx.clientChecks.pass(check.id, clock.now()))
        await audit.record(tx, 'client.check-passed', { by: check.startedBy }, { clientId: check.clientId });
    });
  }

  async function record(
    { checkId, scenario }: Attempt,
    kind: SeenKind,
    details: Readonly<Record<string, unknown>>,
    grantId?: string,
  ): Promise<void> {
    await store.clientChecks.record(
      checkId,
      { scenario, kind, details, at: clock.now() },
      grantId === undefined ? undefined : grantHash(grantId),
    );
    await settle(checkId);
  }

  async function tellService(
    attempt: Attempt,
    scenario: Extract<Scenario, { notice: string }>,
    { id, metadata }: Client,
  ): Promise<void> {
    const uri = metadata.test_backchannel_logout_uri;
    const signedIn = (await store.clientChecks.events(attempt.checkId)).findLast(
      ({ kind, details }) => kind === 'token' && typeof details.sub === 'string',
    );
    const algorithm = algorithmOf(metadata);
    const key = (await store.sandboxKeys.list()).find((one) => one.algorithm === algorithm)?.jwk;
    if (uri === undefined || signedIn === undefined || key === undefined) return;
    const { sub, sid } = signedIn.details;
    const answer = await sendNotice({
      kind: scenario.notice,
      uri,
      clientId: id,
      sub: String(sub),
      sid: typeof sid === 'string' ? sid : undefined,
      key: scenario.notice === 'forged' ? { ...makeKey(algorithm, clock.now()).jwk, kid: key.kid } : key,
    });
    await record(attempt, 'notice', { ...answer });
  }

  return {
    takeStep: createTakeStep(deps),

    /** Begins a new run; one that goes on ends. */
    async start(client: Client, by: string): Promise<ClientCheck> {
      const check = {
        id: random.uuid(),
        clientId: client.id,
        fingerprint: fingerprintOf(client.metadata),
        startedBy: by,
        startedAt: clock.now(),
      };
      await store.transactionOnce(async (tx) => {
        await tx.clientChecks.endOpen(client.id, clock.now());
        await tx.clientChecks.insert(check);
        await audit.record(tx, 'client.check-started', { by }, { clientId: client.id });
      });
      return { ...check, endedAt: undefined, passedAt: undefined, scenario: undefined, scenarioAt: undefined };
    },

    /**
     * Turns the run to a scenario; a logout token is sent at once. @returns false where there is no such run or
     * scenario.
     */
    async begin(client: Client, scenarioId: string): Promise<boolean> {
      const [check, scenario] = [await openOf(client.id), scenarioById(scenarioId)];
      if (check === undefined || scenario === undefined) return false;
      const attempt = { checkId: check.id, scenario: scenario.id };
      await store.clientChecks.begin(check.id, scenario.id, clock.now());
      await record(attempt, 'begun', {});
      if (bendOf(scenario.id) === 'key')
        await store.sandboxKeys.insert(makeKey(algorithmOf(client.metadata), clock.now()), check.id);
      if ('notice' in scenario) await tellService(attempt, scenario, client);
      return true;
    },

    /** What a tester says of what they saw, or the command of the page that it ended at. */
    async tell(
      client: Client,
      scenario: string,
      kind: 'answered' | 'page',
      details: Readonly<Record<string, unknown>>,
    ): Promise<boolean> {
      const check = await openOf(client.id);
      if (check === undefined || scenarioById(scenario) === undefined) return false;
      await record({ checkId: check.id, scenario }, kind, details);
      return true;
    },

    async report(client: Client): Promise<CheckReport> {
      const [open, history] = [await openOf(client.id), await store.clientChecks.history(client.id, HISTORY)];
      const check = open ?? history[0];
      return {
        check,
        isOpen: open !== undefined,
        findings: check === undefined ? [] : await findingsOf(check, client),
        history,
      };
    },

    isOpen,
    isOf,

    /** Runs of a client, newest first. */
    runs: (
      clientId: string,
      limit: number,
      below?: { readonly at: Date; readonly id: string },
    ): Promise<readonly ClientCheck[]> => store.clientChecks.history(clientId, limit, below),

    /** One run of the client; what was seen in it is kept for a while only, and without it nothing is judged. */
    async findings(
      client: Client,
      checkId: string,
    ): Promise<{ readonly check: ClientCheck; readonly findings: readonly Finding[] | undefined } | undefined> {
      const check = await store.clientChecks.find(checkId);
      if (check?.clientId !== client.id) return undefined;
      const events = await store.clientChecks.events(checkId);
      return {
        check,
        findings: events.length === 0 && check.passedAt !== undefined ? undefined : judge(events, client.metadata),
      };
    },

    /** Whether a run of exactly this registration passed; other members of it may have changed since. */
    hasPassed: (clientId: string, metadata: ClientMetadata): Promise<boolean> =>
      store.clientChecks.hasPassed(clientId, fingerprintOf(metadata)),

    /** A personal link for the service's own team; the former one ends. @returns the token, which lies nowhere. */
    async giveLink(client: Client, by: string): Promise<string> {
      const token = random.bytes(32).toString('base64url');
      await store.transactionOnce(async (tx) => {
        await tx.clientChecks.giveLink({
          clientId: client.id,
          token: linkHash(token),
          madeBy: by,
          endsAt: addSeconds(clock.now(), LINK_SECONDS),
        });
        await audit.record(tx, 'client.check-link-made', { by }, { clientId: client.id });
      });
      return token;
    },

    async clientOfLink(token: string): Promise<Client | undefined> {
      const clientId = await store.clientChecks.clientOfLink(linkHash(token), clock.now());
      const client = clientId === undefined ? undefined : await findTrial(store, clientId);
      return client?.status === 'disabled' ? undefined : client;
    },

    /**
     * By what the sandbox knows the browsers of whoever runs the check of this client; undefined where none goes on.
     */
    async markFor({ id }: Pick<Client, 'id'>): Promise<string | undefined> {
      const check = await openOf(id);
      return check === undefined ? undefined : markFor(check.id);
    },

    /**
     * The attempt that a sign-in of this client belongs to now.
     * @param mark  what the browser shows: anybody can begin a sign-in there, and disturbs no check by it.
     */
    async current(clientId: string, mark: string | undefined): Promise<Attempt | undefined> {
      const check = mark === undefined ? undefined : await openOf(clientId);
      if (
        check === undefined ||
        mark === undefined ||
        !keyedHash.equal(Buffer.from(mark), Buffer.from(markFor(check.id)))
      )
        return undefined;
      if (check.scenario === undefined || check.scenarioAt === undefined || check.scenarioAt < since(SCENARIO_SECONDS))
        return undefined;
      return { checkId: check.id, scenario: check.scenario };
    },

    record,
    ofGrant: (grantId: string): Promise<Attempt | undefined> => store.clientChecks.ofGrant(grantHash(grantId)),
    keyOf: async ({ checkId }: Attempt) => (await store.sandboxKeys.ofCheck(checkId))?.jwk,
    /** What of the keys of checks that go on everybody may know; they stand at the sandbox's `/jwks`. */
    publishedKeys: async () =>
      (await store.sandboxKeys.ofChecks(since(CHECK_SECONDS), MOST_KEYS)).map(({ jwk }) => publicPart(jwk)),
    async keysFetched(): Promise<void> {
      for (const { id, scenario } of await store.clientChecks.at('rotated-keys', since(SCENARIO_SECONDS))) {
        const seen = (await store.clientChecks.events(id)).filter((event) => event.scenario === scenario);
        if (scenario !== undefined && seen.at(-1)?.kind !== 'jwks') await record({ checkId: id, scenario }, 'jwks', {});
      }
    },
  };
}
