import { parseNik } from '../../src/domain/nik.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { userinfo } from '../oidc/exchange.ts';
import { until } from '../support/until.ts';
import type { Ledger } from './ledger.ts';
import type { World } from './world.ts';

/** One thing that must be true whatever happened; `broken` lists what contradicts it. */
export interface Finding {
  readonly invariant: string;
  readonly broken: readonly string[];
}

/** Longer than the lease of a message and the wait before its next try. */
const DELIVERED_WITHIN_MS = 150_000;

type Check = (world: World, ledger: Ledger) => Promise<readonly string[]>;

async function rows(world: World, sql: string): Promise<string[]> {
  const { rows: found } = await world.core.knex.raw<{ rows: { what: string }[] }>(sql);
  return found.map(({ what }) => what);
}

const checks: Readonly<Record<string, Check>> = {
  'no account without its audit event': (world) =>
    rows(
      world,
      `select id::text as what from accounts a where not exists (select 1 from audit_log e where e.account_id = a.id and e.type = 'registration.completed')`,
    ),

  'no audit event of an account that is not there': (world) =>
    rows(
      world,
      `select account_id::text as what from audit_log e where type = 'registration.completed' and not exists (select 1 from accounts a where a.id = e.account_id)`,
    ),

  // The index over NIKs forbids two rows; two events would be two accounts, one of which is gone.
  'no two accounts for one NIK': (world) =>
    rows(
      world,
      `select encode(nik_index, 'hex') as what from accounts group by nik_index having count(*) > 1
                 union all select account_id::text from audit_log where type = 'registration.completed' group by account_id having count(*) > 1`,
    ),

  'no registration lost': async ({ core }, { registered, journeys }) => {
    const missing: string[] = [];
    for (const { nik } of registered) {
      const parsed = parseNik(nik, { ...core.config.identity, today: core.clock.now() });
      if (!parsed.ok || (await core.store.accounts.findByNik(sensitive(parsed.value))) === undefined)
        missing.push(`${nik} was told to have an account`);
    }
    return [...missing, ...journeys.flatMap(({ kind, stuck }) => (stuck === undefined ? [] : [`${kind}: ${stuck}`]))];
  },

  'no code accepted twice': (_world, { takenTwice }) =>
    Promise.resolve(takenTwice.map((code) => `${code.slice(0, 6)}… gave tokens twice`)),

  'no token after its revocation': async ({ url }, { revoked }) => {
    const answers = await Promise.all(revoked.map((token) => userinfo({ url }, token)));
    return answers.filter(({ status }) => status !== 401).map(({ status }) => `${status} for a revoked token`);
  },

  'no message lost': async (world) => {
    const waiting = (): Promise<string[]> =>
      rows(
        world,
        `select purpose || ' ' || state || coalesce(' ' || last_error, '') as what from messages where state in ('queued', 'sending')`,
      );
    await until('every message is done with', async () => (await waiting()).length === 0, DELIVERED_WITHIN_MS).catch(
      () => undefined,
    );
    const sent = await rows(world, `select id::text as what from messages where channel = 'sms' and state = 'sent'`);
    return [
      ...(await waiting()),
      ...(await rows(world, `select purpose || ' ' || state as what from messages where state = 'failed'`)),
      ...(await rows(
        world,
        `select id::text || ' was never in the outbox' as what from messages m where channel = 'email' and state = 'sent' and not exists (select 1 from chaos_outbox o where o.id = m.id::text)`,
      )),
      ...sent.filter((id) => !world.gateway.received.has(id)).map((id) => `${id} never reached the gateway`),
    ];
  },

  'audit chain whole': async ({ core }) => {
    await chainAll(core.audit, core.store);
    const position = await core.audit.verify(core.store);
    return position === undefined ? [] : [`link ${position} does not fit`];
  },
};

/** Looks at everything that was promised. */
export async function examine(world: World, ledger: Ledger): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [invariant, check] of Object.entries(checks))
    findings.push({
      invariant,
      broken: await check(world, ledger).catch((error: unknown) => [`could not be checked: ${String(error)}`]),
    });
  return findings;
}
