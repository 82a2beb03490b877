import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { Knex } from 'knex';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { statementsOf } from '../support/statements.ts';

/**
 * What grows with people and years. A statement that locks one of them for as long as it takes to read it stops the
 * sign-on.
 */
const LARGE = [
  'accounts',
  'known_devices',
  'email_confirmations',
  'verifications',
  'drafts',
  'protocol_state',
  'audit_events',
  'audit_chain',
  'audit_unchained',
  'messages',
  'service_visits',
  'logout_notices',
  'message_receipts',
  'consent_receipts',
  'second_factors',
  'recovery_codes',
  'counters',
  'former_accounts',
];
/** Written before there was an installation with rows in these tables. */
const LAST_ON_EMPTY_TABLES = '20261127003000_audit_unchained.ts';

const NAME = /^(?:only\s+)?"?([a-z_]+)"?/;

/** What in a statement reads or writes the whole of a large table while others wait, or undefined. */
function objectionTo(statement: string, madeHere: ReadonlySet<string>): string | undefined {
  const text = statement.replaceAll(/\s+/g, ' ').trim().toLowerCase();
  const isLarge = (table: string | undefined): boolean =>
    table !== undefined && !madeHere.has(table) && (LARGE.includes(table) || /^(?:audit|verification)_log/.test(table));
  const indexed = /^create (?:unique )?index (?!concurrently).*? on (.*)$/.exec(text)?.[1];
  if (indexed !== undefined && isLarge(NAME.exec(indexed)?.[1])) return 'an index without "concurrently"';
  if (/^drop index (?!concurrently)/.test(text)) return 'an index dropped without "concurrently"';
  const altered = /^alter table (?:if exists )?(.*)$/.exec(text)?.[1];
  const rest = altered?.replace(NAME, '') ?? '';
  if (altered === undefined || !isLarge(NAME.exec(altered)?.[1])) return undefined;
  if (/ add (?:constraint|check|foreign|unique|primary|exclude)/.test(rest) && !/ not valid| using index/.test(rest))
    return 'a constraint that is checked at once, not "not valid" first';
  if (rest.includes(' set not null')) return '"set not null", which reads the table';
  if (/ alter column "?\w+"? (?:set data )?type /.test(rest)) return 'another type, which writes the table anew';
  if (/ add (?:column )?.*(?:gen_random_uuid|clock_timestamp|random)\(\)/.test(rest))
    return 'a default of its own for each row, which writes the table anew';
  return undefined;
}

describe('A migration does not stop the sign-on', () => {
  let database: TestDatabase;
  before(async () => (database = await createTestDatabase({ migrated: false })));
  after(() => database.drop());

  it('since there are installations: large tables are neither read nor written whole under a lock, forwards and backwards', async () => {
    const directory = new URL('../../migrations/', import.meta.url);
    const names = readdirSync(directory)
      .filter((name) => name.endsWith('.ts'))
      .sort();
    expect(names).to.include(LAST_ON_EMPTY_TABLES);
    const objections: string[] = [];
    const judge = (name: string, statements: readonly { text: string }[]): void => {
      const madeHere = new Set<string>();
      for (const { text } of statements) {
        const made = /create table (?:if not exists )?"?([a-z_0-9]+)"?/i.exec(text)?.[1];
        if (made !== undefined) madeHere.add(made);
        const objection = objectionTo(text, madeHere);
        if (objection !== undefined) objections.push(`${name}: ${objection}: ${text}`);
      }
    };
    const run = async (name: string, way: 'up' | 'down'): Promise<void> => {
      const { up, down, config } = (await import(new URL(name, directory).href)) as {
        up: (knex: Knex) => Promise<void>;
        down: (knex: Knex) => Promise<void>;
        config?: { transaction?: boolean };
      };
      const work = way === 'up' ? up : down;
      const statements = await statementsOf(() =>
        config?.transaction === false ? work(database.knex) : database.knex.transaction((trx) => work(trx)),
      );
      if (name > LAST_ON_EMPTY_TABLES) judge(`${name} ${way}`, statements);
    };
    for (const name of names) await run(name, 'up');
    for (const name of names.filter((one) => one > LAST_ON_EMPTY_TABLES).reverse()) await run(name, 'down');
    expect(objections).to.deep.equal([]);
  });

  it('and what would is told from what would not', () => {
    const none = new Set<string>();
    const bad = [
      'create index accounts_x on accounts (created_at)',
      'CREATE UNIQUE INDEX "x" ON "protocol_state" (uid)',
      'drop index accounts_x',
      "alter table accounts add constraint c check (status <> 'x')",
      'alter table "audit_events" add constraint c foreign key (client_id) references clients (id)',
      'alter table messages alter column purpose set not null',
      'alter table accounts alter column locale type varchar(2)',
      'alter table accounts add column token uuid default gen_random_uuid()',
      'create index x on audit_log_2027_01 (at)',
    ];
    for (const text of bad) expect(objectionTo(text, none), text).to.be.a('string');
    const good = [
      'create index concurrently accounts_x on accounts (created_at)',
      'create index clients_x on clients (id)',
      "alter table accounts add constraint c check (status <> 'x') not valid",
      'alter table accounts validate constraint c',
      'alter table accounts add column flag boolean not null default false',
    ];
    for (const text of good) expect(objectionTo(text, none), text).to.equal(undefined);
    expect(objectionTo('create index x on drafts (id)', new Set(['drafts']))).to.equal(undefined);
  });
});
