import { expect } from 'chai';
import pg from 'pg';
import { questions } from '../../src/admin/reports/questions.ts';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { addKey, parseKeyring, useKey, writeKeyring } from '../../src/crypto/keyring-document.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { Email } from '../../src/domain/email.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { purgeCounters } from '../../src/ports/counters/postgres.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import type { FormerImportStore, FormerRecord } from '../../src/store/former-import.ts';
import { TRIAL } from '../../src/store/former-trial.ts';
import { makeComingPartitions, monthAfter } from '../../src/store/partitions.ts';
import { countedBy, countingOf } from '../../src/store/report-questions.ts';
import { sealedColumns } from '../../src/store/sealed.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { newDocument } from '../crypto/keys.ts';
import { createTestCore } from '../support/core.ts';
import { statementsOf } from '../support/statements.ts';

/** So that an index is told from another by what it costs, and not by chance. */
const ROWS = 4000;
const ID = '00000000-0000-4000-8000-000000000001' as AccountId;
const HASH = Buffer.alloc(32, 1);
const AT = new Date('2026-11-23T03:00:00Z');
const LARGE =
  /^(?:accounts|known_devices|email_confirmations|verification|drafts|protocol_state|audit_|messages|service_visits|former_accounts|logout_notices|consent_receipts|message_receipts|second_factors|counters|recovery_requests)/;

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly Node[];
}

const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

describe('Statements on tables with a hundred million rows', () => {
  let core: Core;
  let close: () => Promise<void>;
  let client: pg.Client;

  before(async () => {
    ({ core, close } = await createTestCore());
    const fill = (text: string): Promise<unknown> =>
      core.knex.raw(text.replaceAll('@n', `generate_series(1, ${ROWS}) n`));
    const hash = (salt: string): string => `sha256(convert_to('${salt}' || n, 'utf8'))`;
    await fill(`insert into accounts (id, row_key, nik_sealed, nik_index, name_sealed, email_index, phone_index, password_hash, password_changed_at, locale, created_at, updated_at)
                select gen_random_uuid(), '\\x01026b31', '\\x01', ${hash('nik')}, '\\x01', ${hash('email')}, ${hash('phone')}, 'x', now(), 'id', now(), now() from @n`);
    await fill(
      `insert into known_devices select id, ${hash('device')}, now() - n * interval '1 minute', now() - n * interval '1 minute' from (select id, row_number() over () as n from accounts) a`,
    );
    await fill(`insert into service_visits select id, 'karirhub', now() from accounts`);
    await fill(
      `insert into protocol_state (model, id, payload, grant_id, uid, holder, expires_at) select 'AccessToken', ${hash('id')}, '\\x01', ${hash('grant')}, ${hash('uid')}, ${hash('holder')}, now() + n * interval '1 minute' from @n`,
    );
    await fill(`insert into audit_events (id, at, type, account_id, client_id, details)
                select gen_random_uuid(), timestamptz '2026-11-26' - n * interval '10 minutes', (array['sign-in.succeeded', 'sign-in.refused', 'registration.completed', 'a', 'b', 'c', 'd', 'e'])[1 + n % 8], gen_random_uuid(), 'client-' || n % 50,
                       case when n % 50 = 0 then jsonb_build_object('by', 'cli:' || n, 'helpCode', 'H' || n) else '{}' end from @n`);
    await fill(`insert into verifications (id, draft_id, nik_hash, at, outcome, institution, threshold, reference, policy_version, duration_ms)
                select gen_random_uuid(), gen_random_uuid(), ${hash('nik')}, now() - n * interval '1 minute', 'verified', 'K', 90, 'r', '1', 5 from @n`);
    await fill(
      `insert into messages (id, channel, purpose, locale, state, next_attempt_at, created_at, finished_at) select gen_random_uuid(), 'sms', 'p', 'id', 'sent', now(), now(), now() - n * interval '1 minute' from @n`,
    );
    await fill(
      `insert into message_receipts (key, message_id, state, progress, changed_at) select 'id:' || n, gen_random_uuid(), 'sent', 1, now() - n * interval '1 minute' from @n`,
    );
    await fill(
      `insert into email_confirmations select ${hash('token')}, id, '\\x01', now() + n * interval '1 minute', null from (select id, row_number() over () as n from accounts) a`,
    );
    await fill(
      `insert into drafts (uid_hash, journey, id, sealed, created_at, updated_at, expires_at) select ${hash('uid')}, 'registration', gen_random_uuid(), '\\x01', now(), now(), now() + n * interval '1 minute' from @n`,
    );
    await fill(
      `insert into logout_notices (account_id, client_id, reason, sign_out_id, state, next_attempt_at, created_at, finished_at) select gen_random_uuid(), 'client-' || n % 50, 'r', gen_random_uuid(), 'delivered', now(), now() - n * interval '1 minute', now() - n * interval '1 minute' from @n`,
    );
    await core.knex.raw(`insert into consent_texts values ('1', '{}', now())`);
    await fill(
      `insert into consent_receipts (id, account_id, client_id, text_version, kind, locale, occasion, given_at) select gen_random_uuid(), id, 'karirhub', '1', 'consent', 'id', ${hash('occasion')}, now() from (select id, row_number() over () as n from accounts) a`,
    );
    await fill(`insert into former_accounts (id, legacy_id, row_key, nik_sealed, nik_index, email_index, phone_index, index_key, bcrypt_cost, password_hash, locale, line_digest, line, imported_at)
                select gen_random_uuid(), n::text, '\\x01026b31', '\\x01', ${hash('nik')}, ${hash('email')}, ${hash('phone')}, 'k1', 10, 'x', 'id', '\\x01', n, now() - n * interval '1 minute' from @n`);
    await fill(`insert into recovery_requests (id, number, account_id, state, sealed, cancel_hash, locale, filed_at, waits_until, closed_at)
                select gen_random_uuid(), n::text, id, case when n % 20 = 0 then 'filed' else 'rejected' end, case when n % 20 = 0 then '\\x01'::bytea end, ${hash('cancel')}, 'id',
                       timestamptz '2026-11-20' - n * interval '1 minute', now(), case when n % 20 > 0 then now() - n * interval '1 minute' end from (select id, row_number() over () as n from accounts) a`);
    await core.knex.raw('analyze');
    client = new pg.Client({
      connectionString: (core.knex.client as { config: { connection: { connectionString: string } } }).config.connection
        .connectionString,
    });
    await client.connect();
    // A whole table is read only where nothing else is possible: that is what this looks for, however small the table.
    await client.query('set enable_seqscan = off; set plan_cache_mode = force_generic_plan');
    for (const text of TRIAL) await client.query(text);
  });
  after(async () => {
    await client.end();
    await close();
  });

  /** The statement as the store makes it, and by which indexes PostgreSQL would find its rows. */
  async function look(ask: () => Promise<unknown>): Promise<readonly Node[]> {
    const asked = (await statementsOf(ask)).filter(
      ({ text }) => /^\s*(?:select|with|update|delete|insert)/i.test(text) && !text.includes('pg_advisory'),
    );
    expect(asked, 'statements').to.not.be.empty;
    const nodes: Node[] = [];
    for (const { text, values } of asked) {
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Node }[] }>({
        text: `explain (format json) ${text}`,
        values: [...values],
      });
      for (const { Plan } of rows.flatMap((row) => row['QUERY PLAN'])) nodes.push(...nodesOf(Plan));
    }
    return nodes;
  }

  const nik = sensitive('9901010101900001' as Nik);
  const email = sensitive('budi@contoh.test' as Email);
  const phone = sensitive('+6281234567890' as Phone);
  const stretch = { from: '2026-11-01', to: '2026-11-02', timeZone: 'Asia/Jakarta' };
  const mark = { at: AT, id: ID };
  const RECORD: FormerRecord = {
    id: ID,
    line: 1,
    legacyId: '1',
    nik,
    email,
    phone,
    passwordHash: undefined,
    bcryptCost: undefined,
    locale: 'id',
    digest: HASH,
  };
  /** Looks at the statements on the tables of a trial run, which are there as long as the transaction. */
  const tried =
    (ask: (trial: FormerImportStore) => Promise<unknown>) =>
    async (of: Core): Promise<void> => {
      const isOver = new Error('taken back');
      await of.store
        .transaction(async (tx) => {
          await ask(await tx.formerImport.trial());
          throw isOver;
        })
        .catch((error: unknown) => {
          if (error !== isOver) throw error;
        });
    };
  type Case = readonly [what: string, index: RegExp, ask: (core: Core) => Promise<unknown>];
  const cases: readonly Case[] = [
    ['an account by id', /^accounts_pkey$/, ({ store }) => store.accounts.findById(ID)],
    ['its standing, at each use of a session', /^accounts_pkey$/, ({ store }) => store.accounts.standingOf(ID)],
    [
      'an account by NIK',
      /^accounts_nik_index_unique$/,
      ({ store }) => store.accounts.findByIdentifier(sensitive({ kind: 'nik', value: nik.reveal() })),
    ],
    [
      'an account by address',
      /^accounts_email_index_index$/,
      ({ store }) => store.accounts.findByIdentifier(sensitive({ kind: 'email', value: email.reveal() })),
    ],
    [
      'an account by number',
      /^accounts_phone_index_index$/,
      ({ store }) => store.accounts.findByIdentifier(sensitive({ kind: 'phone', value: phone.reveal() })),
    ],
    [
      'what a sign-in by NIK is judged by',
      /^accounts_nik_index_unique$/,
      ({ store }) => store.credentials.find(sensitive({ kind: 'nik', value: nik.reveal() }), HASH),
    ],
    [
      'what a sign-in by address is judged by',
      /^accounts_email_index_index$/,
      ({ store }) => store.credentials.find(sensitive({ kind: 'email', value: email.reveal() }), HASH),
    ],
    [
      'what a sign-in by number is judged by',
      /^accounts_phone_index_index$/,
      ({ store }) => store.credentials.find(sensitive({ kind: 'phone', value: phone.reveal() }), HASH),
    ],
    [
      'a record that waits, by NIK',
      /^former_accounts_nik_index_index$/,
      ({ store }) => store.credentials.find(sensitive({ kind: 'nik', value: nik.reveal() }), HASH),
    ],
    [
      'a record that waits, by address',
      /^former_accounts_email_index_index$/,
      ({ store }) => store.formerAccounts.findByIdentifier(sensitive({ kind: 'email', value: email.reveal() })),
    ],
    [
      'a record that waits, by number',
      /^former_accounts_phone_index_index$/,
      ({ store }) => store.credentials.find(sensitive({ kind: 'phone', value: phone.reveal() }), HASH),
    ],
    [
      'records of a NIK that was proved',
      /^former_accounts_nik_index_index$/,
      ({ store }) => store.formerAccounts.claimsOf(nik, ID),
    ],
    [
      'the same, held while an account is made',
      /^former_accounts_nik_index_index$/,
      ({ store }) => store.formerAccounts.hold(nik, ID),
    ],
    [
      'what the hashes that wait cost',
      /^former_accounts_bcrypt_cost_index$/,
      ({ store }) => store.formerAccounts.bcryptCost(),
    ],
    [
      'whether anybody is waited for',
      /^former_accounts_imported_at_index$/,
      ({ store }) => store.formerAccounts.isAnyWaiting(),
    ],
    [
      'records that nobody came for',
      /^former_accounts_imported_at_index$/,
      ({ store }) => store.formerAccounts.purge(AT, 10),
    ],
    [
      'former ids that are here',
      /^former_accounts_legacy_id_unique$/,
      ({ store }) => store.formerImport.standing(['1']),
    ],
    [
      'who has what a record claims',
      /^accounts_phone_index_index$/,
      ({ store }) => store.formerImport.heldOf([RECORD]),
    ],
    [
      'records that claim the same',
      /^former_accounts_phone_index_index$/,
      ({ store }) => store.formerImport.sharedBy([RECORD]),
    ],
    ['the same of a trial run', /^former_accounts_phone_index_index$/, tried((trial) => trial.sharedBy([RECORD]))],
    [
      'former ids that are here, of a trial run',
      /^former_accounts_legacy_id_unique$/,
      tried((trial) => trial.standing(['1'])),
    ],
    [
      'who has what a record claims, of a trial run',
      /^accounts_phone_index_index$/,
      tried((trial) => trial.heldOf([RECORD])),
    ],
    [
      'who would get a former id by a trial run',
      /^accounts_pkey$/,
      tried((trial) => trial.link([{ accountId: ID, legacyId: '1' }])),
    ],
    ['what a trial run would replace', /^former_accounts_legacy_id_unique$/, tried((trial) => trial.remove(['1']))],
    [
      'who has proved a number',
      /^accounts_phone_(?:proved|index_index)$/,
      ({ store }) => store.transaction((tx) => tx.accounts.releasePhone(phone, ID, AT)),
    ],
    ['an account by its former id', /^accounts_legacy_id_unique$/, ({ store }) => store.legacyIds.isTaken('1')],
    ['a device of an account', /^known_devices_pkey$/, ({ store }) => store.devices.isKnown(ID, HASH)],
    ['devices not seen for long', /^known_devices_last_seen$/, ({ store }) => store.devices.purge(AT, 10)],
    [
      'an artefact of the protocol',
      /^protocol_state_pkey$/,
      ({ store }) => store.protocolState.find('AccessToken', HASH),
    ],
    ['a session by uid', /^protocol_state_uid$/, ({ store }) => store.protocolState.findByUid('AccessToken', HASH)],
    [
      'a session that is renewed',
      /^protocol_state_pkey$/,
      ({ store }) =>
        store.protocolState.renew(
          {
            model: 'AccessToken',
            id: HASH,
            payload: HASH,
            grantId: undefined,
            uid: HASH,
            userCode: undefined,
            holder: undefined,
            ttlSeconds: 60,
          },
          HASH,
        ),
    ],
    ['a session that ends', /^protocol_state_uid$/, ({ store }) => store.protocolState.end('AccessToken', HASH, HASH)],
    [
      'a device flow by its code',
      /^protocol_state_user_code$/,
      ({ store }) => store.protocolState.findByUserCode('AccessToken', HASH),
    ],
    ['what a grant has given', /^protocol_state_grant$/, ({ store }) => store.protocolState.revokeByGrantId(HASH)],
    ['the grants of a holder', /^protocol_state_holder$/, ({ store }) => store.protocolState.revokeByHolder(HASH)],
    [
      'a code that is used',
      /^protocol_state_pkey$/,
      ({ store }) => store.protocolState.consume('AuthorizationCode', HASH),
    ],
    ['expired protocol state', /^protocol_state_expires_at_index$/, ({ store }) => store.protocolState.purge(10)],
    ['expired drafts', /^drafts_expires_at_index$/, ({ store }) => store.drafts.purge(AT, 10)],
    [
      'an address that waits for its link',
      /^email_confirmations_account_id_index$/,
      ({ store }) => store.confirmations.waitingFor(ID, AT),
    ],
    [
      'when a link was last sent',
      /^email_confirmations_account_id_index$/,
      ({ store }) => store.confirmations.lastSentAt(ID, [HASH]),
    ],
    [
      'links that are worth nothing any more',
      /^email_confirmations_account_id_index$/,
      ({ store }) => store.confirmations.dropWaiting(ID, AT),
    ],
    [
      'expired confirmations',
      /^email_confirmations_expires_at_index$/,
      ({ store }) => store.confirmations.purge(AT, 10),
    ],
    ['old messages', /^messages_finished_at_index$/, ({ store }) => store.messages.purge(AT, 10)],
    ['whose receipt was counted', /^message_receipts_pkey$/, ({ store }) => store.receipts.forgetRecipient('id:1')],
    [
      'a message that is handed over',
      /^messages_pkey$/,
      ({ store }) =>
        store.receipts.settle(
          { id: ID, leaseOwner: ID },
          { key: 'id:2', providerId: '2', operator: 'xl', recipientHash: 'x' },
          AT,
        ),
    ],
    ['how far a message has come', /^message_receipts_message_id_index$/, ({ store }) => store.receipts.standingOf(ID)],
    [
      'how an operator has delivered of late',
      /^message_receipts_changed_at_index$/,
      ({ store }) => store.receipts.recordOf('xl', AT),
    ],
    ['receipts of nobody', /^message_receipts_unknown$/, ({ store }) => store.receipts.purgeUnknown(AT, 10)],
    ['old receipts of messages', /^message_receipts_changed_at_index$/, ({ store }) => store.receipts.purge(AT, 10)],
    ['old logout notices', /^logout_notices_finished_at_index$/, ({ store }) => store.logouts.purge(AT, 10)],
    [
      'logout notices that are due',
      /^logout_notices_service_due$/,
      ({ store }) =>
        store.logouts.claim({
          now: AT,
          leaseSeconds: 60,
          leaseOwner: ID,
          limit: 64,
          share: 16,
          single: [],
          without: [],
        }),
    ],
    [
      'logout notices of a service that is away',
      /^logout_notices_service_due$/,
      ({ store }) =>
        store.logouts.giveUp('client-1', { dueBefore: AT, mostAttempts: 10, limit: 10, error: 'x', now: AT }),
    ],
    ['accounts under a key', /^accounts_sealed_by$/, ({ store }) => store.sealed.countUnder('personalData', 'k9', 10)],
    ['accounts found under a key', /^accounts_index_key$/, ({ store }) => store.indexKeys.countUnder('k9', 10)],
    ['under which keys accounts are found', /^accounts_index_key$/, ({ store }) => store.indexKeys.count()],
    [
      'receipts of an account',
      /^consent_receipts_account_id_client_id_index$/,
      ({ store }) => store.consents.standingOf(ID),
    ],
    [
      'open requests for an account',
      /^recovery_requests_(?:account|open)$/,
      ({ store }) => store.recoveryRequests.openOf(ID),
    ],
    [
      'how many are open for the accounts of a page',
      /^recovery_requests_(?:account|open)$/,
      ({ store }) => store.recoveryRequests.countOpenOf([ID]),
    ],
    ['requests that wait', /^recovery_requests_open$/, ({ store }) => store.recoveryRequests.listOpen(25, mark)],
    ['requests done with', /^recovery_requests_closed$/, ({ store }) => store.recoveryRequests.listClosed(25, mark)],
    ['requests that are due', /^recovery_requests_open$/, ({ store }) => store.recoveryRequests.due(AT, AT, 500)],
    ['how many requests wait', /^recovery_requests_open$/, ({ store }) => store.recoveryRequests.waiting()],
    [
      'a request by its number',
      /^recovery_requests_number_key$/,
      ({ store }) => store.recoveryRequests.findByNumber('K7Q2-M9'),
    ],
    [
      'a request by the link of its letter',
      /^recovery_requests_cancel_hash_key$/,
      ({ store }) => store.recoveryRequests.findByCancelHash(HASH),
    ],
    ['old requests', /^recovery_requests_closed$/, ({ store }) => store.recoveryRequests.purge(AT, 10)],
    ['the newest events', /_newest$/, ({ store }) => store.auditSearch.page({}, mark, 50)],
    ['events of a kind', /_type_at$/, ({ store }) => store.auditSearch.page({ type: 'sign-in.refused' }, mark, 50)],
    ['events of an account', /_account_at$/, ({ store }) => store.auditSearch.page({ accountId: ID }, mark, 50)],
    ['events of a service', /_client$/, ({ store }) => store.auditSearch.page({ clientId: 'client-7' }, mark, 50)],
    ['events of an operator', /_by$/, ({ store }) => store.auditSearch.page({ by: 'cli:tigor' }, mark, 50)],
    [
      'the event of a help code',
      /_help_code$/,
      ({ store }) => store.auditSearch.page({ helpCode: 'ABCD' }, undefined, 50),
    ],
    [
      'a report of two days',
      /_(?:type_at|newest)$/,
      ({ store }) => store.reports.read({ report: 'activity' }, stretch),
    ],
    ['a report on the registry', /_at(?:_index)?$/, ({ store }) => store.reports.read({ report: 'registry' }, stretch)],
    ['evidence of a draft', /draft/, ({ store }) => store.verifications.assign(ID, ID)],
    ['events that wait for the chain', /^audit_unchained_(?:oldest|pkey)$/, ({ store }) => store.audit.unchained(10)],
    ['a stretch of the chain', /^audit_chain_pkey$/, ({ store }) => store.audit.chained(10, 10)],
    ['where the chain is to be cut', /_newest$/, ({ store }) => store.retention.cut(AT)],
    [
      'events of a part that stay',
      /^audit_(?:events_pkey|.*_id_at)$/,
      ({ store }) => store.retention.beyond('audit_events', 10),
    ],
    [
      'events of a part that were chained since',
      /^audit_(?:chain_pkey|events_pkey|.*_id_at)$/,
      ({ store }) => store.retention.since('audit_events', AT, 10),
    ],
    ['links whose events are gone', /^audit_chain_pkey$/, ({ store }) => store.retention.dropLinks(1, 10)],
    ['which of them is the first', /^audit_chain_pkey$/, ({ store }) => store.retention.firstLink(10)],
  ];

  for (const [what, index, ask] of cases) {
    it(`${what}: by an index`, async () => {
      const nodes = await look(() => ask(core));
      const whole = nodes.filter(
        (node) =>
          node['Node Type'].endsWith('Seq Scan') &&
          LARGE.test(node['Relation Name'] ?? '') &&
          node['Relation Name'] !== 'audit_unchained',
      );
      expect(
        whole.map((node) => node['Relation Name']),
        'tables read whole',
      ).to.deep.equal([]);
      const used = nodes.flatMap((node) => node['Index Name'] ?? []);
      expect(
        used.some((name) => index.test(name)),
        `${used.join(', ')} by ${String(index)}`,
      ).to.equal(true);
    });
  }

  /**
   * What piled up while no job ran lies at the beginning of the file: whoever reads that for a thousand rows reads all
   * that are gone already once more.
   */
  it('what has run out: from the oldest on by the index, also where nearly everything has', async () => {
    const LATER = new Date('2031-01-01T00:00:00Z');
    const asks: readonly ((core: Core) => Promise<unknown>)[] = [
      ({ store }) => store.drafts.purge(LATER, 10),
      ({ store }) => store.confirmations.purge(LATER, 10),
      ({ store }) => store.messages.purge(LATER, 10),
      ({ store }) => store.receipts.purge(LATER, 10),
      ({ store }) => store.logouts.purge(LATER, 10),
      ({ store }) => store.devices.purge(LATER, 10),
      ({ store }) => store.formerAccounts.purge(LATER, 10),
      ({ store }) => store.protocolState.purge(10),
      ({ knex }) => purgeCounters(knex, LATER, 10),
    ];
    await client.query('begin');
    try {
      await client.query('set local enable_seqscan = on; set local plan_cache_mode = force_custom_plan');
      await client.query(
        "update protocol_state set expires_at = now() - interval '1 day' where expires_at > now() + interval '10 minutes'",
      );
      await client.query(
        `insert into counters (key, points, expire) select 'spent ' || n, 1, n from generate_series(1, ${ROWS}) n`,
      );
      await client.query('analyze protocol_state, counters');
      const nodes: Node[] = [];
      for (const ask of asks) nodes.push(...(await look(() => ask(core))));
      expect(
        nodes.filter((node) => node['Node Type'].endsWith('Seq Scan')).map((node) => node['Relation Name']),
      ).to.deep.equal([]);
    } finally {
      await client.query('rollback');
    }
  });

  for (const column of sealedColumns) {
    it(`what of ${column.table} is under an older key: by an index, or a megabyte at a time`, async () => {
      const keyring = (['personalData', 'sealing'] as const).reduce(
        (document, use) => {
          const { document: added, id } = addKey(document, use, systemRandom);
          return useKey(added, use, id);
        },
        parseKeyring(JSON.stringify(newDocument())),
      );
      const { connection } = (core.knex.client as { config: { connection: { connectionString: string } } }).config;
      const moving = createCore({
        config: loadConfig({ NODE_ENV: 'test', KEYRING: writeKeyring(keyring) }),
        databaseUrl: connection.connectionString,
        log: createLog({ level: 'silent' }),
      });
      try {
        // What stands there opens by no key.
        const nodes = await look(() => moving.store.sealed.reseal(column, 10).catch(() => undefined));
        const found = nodes
          .filter((node) => node['Relation Name'] === column.table)
          .map((node) => node['Index Name'] ?? node['Node Type']);
        expect(found).to.deep.equal([column.indexed ? `${column.table}_sealed_by` : 'Tid Range Scan']);
      } finally {
        await moving.close();
      }
    });
  }

  it('a report of a half-year that is over: by what was counted of its days, and no event of the log', async () => {
    const days = { from: '2025-01-01', to: '2025-06-30', timeZone: 'Asia/Jakarta' };
    for (const question of Object.values(questions)) {
      await core.knex.raw(
        `with day as (insert into report_days (report, counting, day) select ?, ?, day from generate_series(date '2023-01-01', date '2026-07-31', interval '1 day') day returning id)
         insert into report_counts select id, 'sign-in.succeeded', 'client-' || n, 7 from day, generate_series(1, 5) n`,
        [question.report, countingOf(question, days.timeZone)],
      );
    }
    await core.knex.raw('analyze report_days, report_counts');
    for (const question of Object.values(questions)) {
      const nodes = await look(() => core.store.reports.read(question, days));
      const read = new Set(nodes.flatMap((node) => node['Relation Name'] ?? []));
      expect([...read], question.report).to.have.members(['report_days', 'report_counts']);
      expect(
        nodes.flatMap((node) => node['Index Name'] ?? []),
        question.report,
      )
        .to.include('report_days_report_counting_day_unique')
        .and.include('report_counts_day_id_index');
      expect((await core.store.reports.read(question, days)).reduce((sum, { count }) => sum + count, 0)).to.equal(
        181 * 5 * 7,
      );
    }
  });

  it('days to which something came late: what came is read once, however much it is and however many days there are', async () => {
    const timeZone = 'Asia/Jakarta';
    const late = Object.values(questions).filter((question) => countedBy(question).table === 'audit_log');
    expect(late).to.have.length.above(0);
    await core.knex('report_days').del();
    for (const question of late) {
      await core.knex.raw(
        "insert into report_days (report, counting, day, counted_at) select ?, ?, day, day + interval '1 day' from generate_series(date '2024-01-01', date '2026-11-25', interval '1 day') day",
        [question.report, countingOf(question, timeZone)],
      );
    }
    await core.knex.raw(
      `insert into report_late (source, around, noted_at) select 'audit_log', timestamptz '2026-11-20' + n * interval '15 seconds', timestamptz '2026-11-20' + n * interval '15 seconds' from generate_series(1, 20000) n`,
    );
    for (const question of late) {
      const asked = await statementsOf(() => core.store.reportDays.uncounted({ question, timeZone }, '2026-11-25'));
      let reads = 0;
      for (const { text, values } of asked.filter((statement) => statement.text.includes('report_late'))) {
        const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Node }[] }>({
          text: `explain (analyze, format json) ${text}`,
          values: [...values],
        });
        for (const node of rows.flatMap((row) => row['QUERY PLAN']).flatMap(({ Plan }) => nodesOf(Plan)))
          if (node['Relation Name'] === 'report_late') reads += node['Actual Loops'] ?? 0;
      }
      expect(reads, question.report).to.equal(1);
    }
  });

  it('laying and verifying the chain: of two years of parts no other is looked into than those of the events', async () => {
    const now = new Date();
    await makeComingPartitions(core.knex, monthAfter(now, 24));
    const { rows: parts } = await core.knex.raw<{ rows: { name: string }[] }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass",
    );
    expect(parts).to.have.length.above(24);
    /** The parts that a statement has really looked into, beside the one for what fits nowhere. */
    const readBy = async (ask: () => Promise<unknown>): Promise<readonly string[]> => {
      const read = new Set<string>();
      for (const { text, values } of await statementsOf(ask)) {
        const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Node }[] }>({
          text: `explain (analyze, format json) ${text}`,
          values: [...values],
        });
        for (const node of rows.flatMap((row) => row['QUERY PLAN']).flatMap(({ Plan }) => nodesOf(Plan))) {
          const name = node['Relation Name'];
          if (
            name !== undefined &&
            name !== 'audit_log_rest' &&
            (node['Actual Loops'] ?? 0) > 0 &&
            parts.some((part) => part.name === name)
          )
            read.add(name);
        }
      }
      return [...read];
    };
    const month = monthAfter(now, 7);
    const { store } = core;
    await chainAll(core.audit, store);
    const end = (await store.audit.chainEnd())?.position ?? 0;
    for (let n = 0; n < 5; n += 1)
      await store.audit.append({
        id: core.random.uuid(),
        at: month,
        type: 'a',
        accountId: undefined,
        clientId: undefined,
        details: {},
      });
    await core.knex.raw('analyze audit_log, audit_chain, audit_unchained');
    const part = `audit_log_${month.toISOString().slice(0, 7).replace('-', '_')}`;

    expect(await store.audit.unchained(10)).to.have.length(5);
    expect(await readBy(() => store.audit.unchained(10)), 'to lay it').to.deep.equal([part]);
    await chainAll(core.audit, store);
    expect(await store.audit.chained(end - 5, 10)).to.have.length(10);
    expect(await readBy(() => store.audit.chained(end - 5, 10)), 'to verify it').to.have.members([
      'audit_events',
      part,
    ]);
  });
});
