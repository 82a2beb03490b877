import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { join } from 'node:path';
import { parseFormerLine } from '../../src/admin/accounts/former-line.ts';
import { createFormerImport, type Finding } from '../../src/admin/accounts/import.ts';
import type { Core } from '../../src/core.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { openCommandLine, type CommandLine, type Ran } from '../support/command-line.ts';
import { importFormer } from '../support/former.ts';
import { until } from '../support/until.ts';
import { everythingIn, type TestDatabase } from '../support/database.ts';

const BCRYPT = '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy';
const { budi, ratna } = citizens;

interface Document {
  readonly id: string;
  readonly nik?: string | undefined;
  readonly email?: string;
  readonly phone?: string;
  readonly password?: string;
}

interface Summary {
  readonly dry_run: boolean;
  readonly lines: number;
  readonly imported: number;
  readonly already: number;
  readonly linked: number;
  readonly left_out: number;
  readonly shared: number;
  readonly noted: number;
  readonly findings: readonly Finding[];
}

let born = 100;

describe('The command line: account import', function () {
  this.timeout(60_000);
  let commands: CommandLine;
  let directory: string;
  let database: TestDatabase;
  let core: Core;

  beforeEach(async () => {
    commands = await openCommandLine();
    ({
      database,
      core,
      surroundings: { directory },
    } = commands);
  });
  afterEach(() => commands.close());

  const sso: CommandLine['sso'] = (...given) => commands.sso(...given);
  /** A process of its own, whose input stays open until the test says otherwise. */
  const spawnImport = (...flags: readonly string[]): ChildProcessByStdio<Writable, Readable, null> =>
    spawn(
      process.execPath,
      [fileURLToPath(new URL('../../src/cli.ts', import.meta.url)), 'account', 'import', '-', ...flags],
      {
        cwd: directory,
        env: { PATH: process.env.PATH, ...commands.surroundings.env },
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
  const toLines = (documents: readonly (object | string)[]): string =>
    documents.map((document) => (typeof document === 'string' ? document : JSON.stringify(document))).join('\n');
  async function take(
    documents: readonly (object | string)[],
    ...flags: readonly string[]
  ): Promise<{ readonly code: number; readonly summary: Summary; readonly stderr: string }> {
    const { code, stdout, stderr } = await sso(['account', 'import', '-', '--json', ...flags], toLines(documents));
    return { code, summary: JSON.parse(stdout) as Summary, stderr };
  }
  const waiting = async (): Promise<readonly string[]> =>
    (await database.knex('former_accounts').select('legacy_id').orderBy('legacy_id')).map(
      ({ legacy_id: id }: { legacy_id: string }) => id,
    );
  const recognise = async (id: string): Promise<boolean> => {
    const { id: sub, line_digest: digest } = (await database
      .knex<{ id: AccountId; legacy_id: string; line_digest: Buffer }>('former_accounts')
      .where('legacy_id', id)
      .first('id', 'line_digest'))!;
    return core.store.formerAccounts.recognise(sub, digest, BCRYPT, undefined, new Date());
  };
  const person = (id: string, changes: Partial<Document> = {}): Document => {
    const serial = String((born += 1)).padStart(4, '0');
    return {
      id,
      nik: `990101010190${serial}`,
      email: `orang${serial}@contoh.test`,
      phone: `0813${serial.slice(0, 2)}00${serial}`,
      password: BCRYPT,
      ...changes,
    };
  };

  it('takes people in sealed, with nothing proved, and makes no account of them', async () => {
    const one = { ...person('u-1'), name: 'BUDI CONTOH SANTOSO', status: 'active' };
    const { code, summary } = await take([one, person('u-2', { password: 'md5-lama' })]);
    expect(code).to.equal(0);
    expect(summary).to.deep.include({
      dry_run: false,
      lines: 2,
      imported: 2,
      already: 0,
      left_out: 0,
      shared: 0,
      noted: 1,
    });
    expect(summary.findings).to.deep.equal([{ line: 2, id: 'u-2', outcome: 'noted', reasons: ['password-unknown'] }]);
    expect(await database.knex('accounts').count('* as n').first()).to.deep.equal({ n: 0 });

    const everything = await everythingIn(database);
    for (const secret of [one.nik!, one.email!, one.phone!.slice(1), 'BUDI CONTOH'])
      expect(everything, secret).to.not.include(secret);
    const found = await core.store.formerAccounts.findByIdentifier(
      sensitive({ kind: 'nik', value: one.nik! as never }),
    );
    expect([found?.legacyId, found?.nik?.reveal(), found?.email?.reveal(), found?.hasPassword]).to.deep.equal([
      'u-1',
      one.nik,
      one.email,
      true,
    ]);
    const [event] = await core.store.audit.list({ type: 'account.imported' });
    expect(event?.details).to.include({ records: 2 });
  });

  it('goes on where it was interrupted and does nothing twice; the report is whole all the same', async () => {
    const shared = somebody().phone;
    const all = Array.from({ length: 1203 }, (_, at) => person(`u-${at}`, at < 2 ? { phone: shared } : {}));
    await take(all.slice(0, 700));
    const before = await database.knex('former_accounts').select('id', 'legacy_id', 'row_key').orderBy('legacy_id');
    const { code, summary } = await take(all);
    expect(summary).to.deep.include({ lines: 1203, imported: 503, already: 700, left_out: 0, shared: 2 });
    expect(code, 'something is to be looked at').to.equal(1);
    expect(summary.findings.map(({ line }) => line)).to.deep.equal([1, 2]);
    const after = new Map(
      (await database.knex('former_accounts').select('legacy_id', 'row_key')).map(
        (row: { legacy_id: string; row_key: Buffer }) => [row.legacy_id, row.row_key],
      ),
    );
    expect(after.size).to.equal(1203);
    for (const { legacy_id: id, row_key: key } of before as { legacy_id: string; row_key: Buffer }[])
      expect(after.get(id)?.equals(key), id).to.equal(true);
    expect((await take(all)).summary).to.deep.include({ imported: 0, already: 1203 });
  });

  it('is killed in the middle and goes on: what was taken in is whole, and so is what was not', async () => {
    const all = Array.from({ length: 1100 }, (_, at) => person(`u-${String(at).padStart(4, '0')}`));
    const child = spawnImport();
    const ended = once(child, 'close');
    // One batch and some more, and the pipe stays open.
    child.stdin.write(`${toLines(all.slice(0, 700))}\n`);
    await until('a batch is in', async () => (await waiting()).length > 0);
    child.kill('SIGKILL');
    await ended;
    expect(await waiting()).to.have.length(500);
    expect(
      (await core.store.audit.list({ type: 'account.imported' })).map(({ details }) => details.records),
    ).to.deep.equal([500]);
    expect((await take(all)).summary).to.deep.include({ imported: 600, already: 500, left_out: 0, shared: 0 });
    expect(await waiting()).to.deep.equal(all.map(({ id }) => id));
  });

  it('names every line that is out or shared, in a report for its owner alone, with nothing of the people', async () => {
    const holder = await addAccount({ container: { ...core, config: core.config } }, budi);
    const twin = somebody();
    const documents = [
      person('u-1', { phone: twin.phone }),
      person('u-2', { phone: twin.phone }),
      person('u-3', { nik: twin.nik }),
      person('u-4', { nik: twin.nik }),
      person('u-5', { nik: budi.nik }),
      person('u-6', { email: budi.email.toUpperCase() }),
      person('u-7'),
      person('u-7', { email: 'lain@contoh.test' }),
      '{"id":"u-8","nik":',
      { id: 'u-9', email: 'a@contoh.test' },
      `{"id":"${'x'.repeat(20_000)}"}`,
    ];
    const report = join(directory, 'report.jsonl');
    const { code, summary, stderr } = await take(documents, '--report', report);
    expect(code).to.equal(1);
    expect(stderr).to.include('10 lines want looking at: 5 left out, 5 in with something that others claim too');
    expect(summary).to.deep.include({ lines: 11, imported: 6, left_out: 5, shared: 5 });
    const findings = readFileSync(report, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding);
    expect(findings).to.deep.equal([
      { line: 1, id: 'u-1', outcome: 'shared', reasons: ['phone-shared'], with: [{ id: 'u-2', line: 2 }] },
      { line: 2, id: 'u-2', outcome: 'shared', reasons: ['phone-shared'], with: [{ id: 'u-1', line: 1 }] },
      { line: 3, id: 'u-3', outcome: 'shared', reasons: ['nik-shared'], with: [{ id: 'u-4', line: 4 }] },
      { line: 4, id: 'u-4', outcome: 'shared', reasons: ['nik-shared'], with: [{ id: 'u-3', line: 3 }] },
      { line: 5, id: 'u-5', outcome: 'left-out', reasons: ['nik-has-account'], with: [{ sub: holder }] },
      { line: 6, id: 'u-6', outcome: 'shared', reasons: ['email-has-account'], with: [{ sub: holder }] },
      { line: 8, id: 'u-7', outcome: 'left-out', reasons: ['id-differs'], with: [{ id: 'u-7', line: 7 }] },
      { line: 9, outcome: 'left-out', reasons: ['not-json'] },
      { line: 10, id: 'u-9', outcome: 'left-out', reasons: ['no-way-in'] },
      { line: 11, outcome: 'left-out', reasons: ['too-long'] },
    ]);
    // An identifier may have digits in a row like those of a number.
    const told = (readFileSync(report, 'utf8') + JSON.stringify(summary) + stderr).replaceAll(
      /[\da-f]{8}(?:-[\da-f]+)+/g,
      '',
    );
    expect(told).to.not.match(/\d{16}|contoh\.test|08\d{8}/);
    expect(statSync(report).mode & 0o777).to.equal(0o600);
    expect(await core.store.legacyIds.of(holder), 'nothing is guessed').to.equal(undefined);
  });

  it('says what it would do, and does nothing, by --dry-run', async () => {
    const twin = somebody();
    const documents = [
      person('u-1', { nik: twin.nik }),
      ...Array.from({ length: 600 }, (_, at) => person(`v-${at}`)),
      person('u-2', { nik: twin.nik }),
    ];
    const tried = await take(documents, '--dry-run');
    expect(tried.summary).to.deep.include({ dry_run: true, lines: 602, imported: 602, shared: 1 });
    expect(tried.summary.findings).to.deep.equal([
      { line: 602, id: 'u-2', outcome: 'shared', reasons: ['nik-shared'], with: [{ id: 'u-1', line: 1 }] },
    ]);
    expect(tried.code).to.equal(1);
    expect(await waiting()).to.deep.equal([]);
    expect(await core.store.audit.list({})).to.deep.equal([]);
    expect((await take(documents)).summary.imported).to.equal(602);
  });

  it('keeps nobody waiting by --dry-run, however long it takes', async () => {
    const holder = await addAccount({ container: { ...core, config: core.config } }, budi);
    const waits = [person('w-1'), person('w-2', { nik: undefined })];
    await take(waits);
    const documents = [
      person('u-1', { nik: budi.nik }),
      { ...waits[0]!, email: 'baru@contoh.test' },
      { ...waits[1]!, nik: budi.nik },
      ...Array.from({ length: 497 }, (_, at) => person(`v-${at}`)),
    ];
    const report = join(directory, 'report.jsonl');
    const child = spawnImport('--dry-run', '--link-registered', '--replace', '--report', report, '--json');
    const [said, ended] = [readAll(child.stdout), once(child, 'close')];
    child.stdin.write(`${toLines(documents)}\n`);
    // The batch is through, and the pipe stays open.
    await until('the batch is reported', () => readFileSync(report, 'utf8').includes('nik-has-account'));
    await database.knex.transaction(async (trx) => {
      await trx.raw("set local lock_timeout = '300ms'");
      await trx('known_devices').insert({
        account_id: holder,
        device_hash: Buffer.alloc(32),
        first_seen_at: new Date(),
        last_seen_at: new Date(),
      });
    });
    expect(await recognise('w-1')).to.equal(true);
    // Nor who takes other lines in, and nothing of it is written to the tables of the product.
    expect(await importFormer({ container: core as never, config: core.config }, person('x-1'))).to.include({
      imported: 1,
    });
    const held = await database.knex.raw<{ rows: { name: string }[] }>(
      "select relation::regclass::text as name from pg_locks where relation is not null and mode = 'RowExclusiveLock' and database = (select oid from pg_database where datname = current_database())",
    );
    expect(held.rows.map(({ name }) => name).filter((name) => /^(?:former_|accounts)/.test(name))).to.deep.equal([]);
    // The next batch meets what the first would have left.
    child.stdin.end(
      toLines([
        person('u-2', { nik: budi.nik }),
        { ...documents[0]!, email: 'lain@contoh.test' },
        person('u-3', { email: 'baru@contoh.test' }),
        person('u-4', { email: waits[0]!.email! }),
      ]),
    );
    await ended;
    const { findings, ...counts } = JSON.parse(await said) as Summary;
    expect(counts).to.deep.include({ lines: 504, imported: 500, already: 1, linked: 1, left_out: 2, shared: 1 });
    expect(findings.map(({ line, id, reasons }) => [line, id, ...reasons])).to.deep.equal([
      [3, 'w-2', 'nik-has-account'],
      [501, 'u-2', 'nik-has-account'],
      [503, 'u-3', 'email-shared'],
    ]);
    expect([await core.store.legacyIds.of(holder), await waiting()]).to.deep.equal([undefined, ['w-1', 'w-2', 'x-1']]);
    expect((await core.store.audit.list({ type: 'account.former-linked' })).length).to.equal(0);
  });

  it('tells which subject identifier each former id gets, before its person comes', async () => {
    const subjects = join(directory, 'subjects.jsonl');
    const documents = [person('u-1'), person('u-2')];
    await take(documents, '--subjects', subjects);
    const read = (): string => readFileSync(subjects, 'utf8').trim().split('\n').sort().join('\n');
    const first = read();
    const rows = await database.knex('former_accounts').select('id', 'legacy_id').orderBy('legacy_id');
    expect(first).to.equal(
      (rows as { id: string; legacy_id: string }[])
        .map(({ id, legacy_id: legacyId }) => JSON.stringify({ id: legacyId, sub: id }))
        .join('\n'),
    );
    await take(documents, '--subjects', subjects);
    expect(read(), 'the same once more').to.equal(first);
  });

  it('puts a mended line in the place of a record that waits, by --replace, and of no other', async () => {
    const [one, two, three] = [person('u-1'), person('u-2'), person('u-3')];
    const subjects = join(directory, 'subjects.jsonl');
    await take([one, two, three], '--subjects', subjects);
    const before = readFileSync(subjects, 'utf8').trim().split('\n').sort();
    await recognise('u-2');
    const mended = [{ ...one, email: 'baru@contoh.test' }, { ...two, email: 'baru2@contoh.test' }, three];
    expect((await take(mended)).summary).to.deep.include({ imported: 0, already: 1, left_out: 2 });
    const { summary } = await take(mended, '--replace', '--subjects', subjects);
    expect(summary).to.deep.include({ imported: 1, already: 1, left_out: 1 });
    expect(summary.findings).to.deep.equal([
      { line: 2, id: 'u-2', outcome: 'left-out', reasons: ['id-differs'], with: [] },
    ]);
    expect((await core.store.formerAccounts.findByLegacyId('u-1'))?.email?.reveal()).to.equal('baru@contoh.test');
    expect(
      (await core.store.formerAccounts.findByLegacyId('u-2'))?.email?.reveal(),
      'its person has been here',
    ).to.equal(two.email);
    expect(readFileSync(subjects, 'utf8').trim().split('\n').sort(), 'the subject identifiers stay').to.deep.equal(
      before,
    );
  });

  it('says the same of each line whoever else takes lines in at the same moment', async () => {
    const sign = { container: core as never, config: core.config };
    const mine = Array.from({ length: 40 }, (_, at) => person(`u-${at}`));
    const theirs = mine.map((one) => ({ ...one, email: undefined }));
    const taken = await Promise.all([importFormer(sign, ...mine), importFormer(sign, ...theirs)]);
    expect(
      taken
        .map(({ imported, already, findings }) => ({
          imported,
          already,
          reasons: [...new Set(findings.flatMap(({ reasons }) => reasons))],
        }))
        .sort((a, b) => b.imported - a.imported),
    ).to.deep.equal([
      { imported: 40, already: 0, reasons: [] },
      { imported: 0, already: 0, reasons: ['id-differs'] },
    ]);
  });

  it('takes the first of two lines of one former id, by --replace too, however far apart they stand', async () => {
    const one = person('u-1');
    const file = [
      one,
      ...Array.from({ length: 600 }, (_, at) => person(`v-${at}`)),
      { ...one, email: 'lain@contoh.test' },
    ];
    const differs = {
      line: 602,
      id: 'u-1',
      outcome: 'left-out',
      reasons: ['id-differs'],
      with: [{ id: 'u-1', line: 1 }],
    };
    const runs = [await take(file, '--replace'), await take(file, '--replace')];
    expect(runs.map(({ summary: { imported, already, findings } }) => [imported, already, findings])).to.deep.equal([
      [601, 0, [differs]],
      [0, 601, [differs]],
    ]);
    expect((await core.store.formerAccounts.findByLegacyId('u-1'))?.email?.reveal()).to.equal(one.email);
    const mended = await take([{ ...one, email: 'baru@contoh.test' }, ...file.slice(1)], '--replace');
    expect([mended.summary.imported, mended.summary.findings]).to.deep.equal([1, [differs]]);
    expect((await core.store.formerAccounts.findByLegacyId('u-1'))?.email?.reveal()).to.equal('baru@contoh.test');
  });

  it('keeps nothing of the lines before in memory by --replace, and leaves nothing of them behind', async () => {
    const [one, two] = [person('u-1'), person('u-2')];
    const [line, , other] = [one, two, { ...one, email: 'lain@contoh.test' }].map((document, at) => {
      const parsed = parseFormerLine({ number: at + 1, text: JSON.stringify(document) }, core.config, new Date());
      return parsed.ok ? [parsed.value] : [];
    });
    const options = { run: core.random.uuid(), linkRegistered: false, replace: true };
    await createFormerImport(core).take(line!, options);
    // By another one, which has not seen the batch before.
    expect((await createFormerImport(core).take(other!, options)).findings).to.deep.equal([
      { line: 3, id: 'u-1', outcome: 'left-out', reasons: ['id-differs'], with: [{ id: 'u-1', line: 1 }] },
    ]);
    const left = (): Promise<{ run: string }[]> => database.knex<{ run: string }>('former_import_lines').select('run');
    expect(await left()).to.deep.equal([{ run: options.run }]);
    await take([one, two], '--replace');
    await take([one, two], '--replace', '--dry-run');
    expect(await left(), 'those of a run that never came to its end').to.deep.equal([{ run: options.run }]);
    await database.knex('former_import_lines').update({ met_at: new Date(Date.now() - 8 * 86_400_000) });
    await sso(['purge']);
    expect(await left()).to.deep.equal([]);
  });

  it('tells what it has done by --replace, also where what it has met cannot be forgotten', async () => {
    await take([person('u-1')]);
    await database.knex
      .raw(`create function stay() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
      create trigger stay before delete on former_import_lines execute function stay()`);
    const { code, summary, stderr } = await take([person('u-1'), person('u-2')], '--replace');
    expect({ code, ...summary }).to.deep.include({ code: 0, lines: 2, imported: 2 });
    expect(stderr).to.include('not now');
  });

  it('leaves a record where it waits, by --replace too, if the mended line would not come in', async () => {
    const one = person('u-1');
    const subjects = join(directory, 'subjects.jsonl');
    await take([one]);
    const before = await core.store.formerAccounts.findByLegacyId('u-1');
    const holder = await addAccount({ container: { ...core, config: core.config } }, budi);
    const { summary } = await take([{ ...one, nik: budi.nik }], '--replace', '--subjects', subjects);
    expect(summary).to.deep.include({ imported: 0, left_out: 1 });
    expect(summary.findings).to.deep.equal([
      { line: 1, id: 'u-1', outcome: 'left-out', reasons: ['nik-has-account'], with: [{ sub: holder }] },
    ]);
    expect((await core.store.formerAccounts.findByLegacyId('u-1'))?.id).to.equal(before!.id);
    expect(readFileSync(subjects, 'utf8').trim()).to.equal(JSON.stringify({ id: 'u-1', sub: before!.id }));
  });

  it('gives an account one former id by --replace with --link-registered, and leaves every other record where it waits', async () => {
    const holder = await addAccount({ container: { ...core, config: core.config } }, budi);
    const [one, two] = [person('u-1', { nik: undefined }), person('u-2', { nik: undefined })];
    const subjects = join(directory, 'subjects.jsonl');
    await take([one, two]);
    const before = await core.store.formerAccounts.findByLegacyId('u-2');
    const mended = [
      { ...one, nik: budi.nik },
      { ...two, nik: budi.nik },
    ];
    const { summary } = await take(mended, '--replace', '--link-registered', '--subjects', subjects);
    expect(summary).to.deep.include({ imported: 0, linked: 1, left_out: 1 });
    expect(summary.findings).to.deep.equal([
      { line: 2, id: 'u-2', outcome: 'left-out', reasons: ['nik-has-account'], with: [{ sub: holder }] },
    ]);
    expect([await core.store.legacyIds.of(holder), await waiting()]).to.deep.equal(['u-1', ['u-2']]);
    expect((await core.store.formerAccounts.findByLegacyId('u-2'))?.nik, 'as it was').to.equal(undefined);
    expect(readFileSync(subjects, 'utf8').trim().split('\n').sort()).to.deep.equal(
      [
        { id: 'u-1', sub: holder },
        { id: 'u-2', sub: before!.id },
      ].map((line) => JSON.stringify(line)),
    );
  });

  it('gives it to a line that takes nobody’s place before one that does', async () => {
    const holder = await addAccount({ container: { ...core, config: core.config } }, budi);
    const [one, two] = [person('u-1', { nik: undefined }), person('u-2', { nik: undefined })];
    await take([one, two]);
    const { summary } = await take(
      [{ ...one, nik: budi.nik }, person('u-3', { nik: budi.nik }), { ...two, nik: budi.nik }],
      '--replace',
      '--link-registered',
    );
    expect(summary).to.deep.include({ imported: 0, linked: 1, left_out: 2 });
    expect(summary.findings.map(({ line, reasons }) => [line, ...reasons])).to.deep.equal([
      [1, 'nik-has-account'],
      [3, 'nik-has-account'],
    ]);
    expect([await core.store.legacyIds.of(holder), await waiting()]).to.deep.equal(['u-3', ['u-1', 'u-2']]);
  });

  it('shows a record that waits, masked, by NIK and by former id', async () => {
    const one = person('u-1', { nik: budi.nik, email: budi.email, phone: budi.phone });
    await take([one]);
    const shown: string[] = [];
    for (const args of [
      [budi.nik],
      ['u-1', '--legacy-id'],
      [(await core.store.formerAccounts.findByLegacyId('u-1'))!.id],
    ])
      shown.push((await sso(['account', 'show', ...args, '--json'])).stdout);
    expect(new Set(shown).size).to.equal(1);
    expect(JSON.parse(shown[0]!)).to.deep.include({
      legacy_id: 'u-1',
      status: 'waiting',
      nik_masked: '************0001',
      email_masked: 'b***@contoh.test',
      phone_masked: '08*****7890',
      has_password: true,
    });
    expect(await sso(['account', 'show', 'u-2', '--legacy-id'])).to.satisfy(
      ({ code, stderr }: Ran) => code === 1 && stderr.includes('no such account'),
    );
  });

  it('gives people who have registered before their former id where the operator says so, once', async () => {
    const container = { container: { ...core, config: core.config } as never };
    const [first, second] = [await addAccount(container, budi), await addAccount(container, ratna)];
    await core.store.legacyIds.set(second, 'x-9');
    const documents = [
      person('u-1', { nik: budi.nik }),
      person('u-2', { nik: ratna.nik }),
      person('u-3', { nik: budi.nik }),
    ];
    const { code, summary } = await take(documents, '--link-registered');
    expect(code).to.equal(1);
    expect(summary).to.deep.include({ imported: 0, linked: 1, left_out: 2 });
    expect([await core.store.legacyIds.of(first), await core.store.legacyIds.of(second)]).to.deep.equal(['u-1', 'x-9']);
    expect((await core.store.accounts.findById(first))?.passwordHash, 'nothing else of it').to.include('$argon2id$');
    expect(
      (await core.store.audit.list({ type: 'account.former-linked' })).map(({ accountId }) => accountId),
    ).to.deep.equal([first]);
    expect((await take(documents, '--link-registered')).summary).to.deep.include({
      already: 1,
      linked: 0,
      left_out: 2,
    });
  });

  it('comes from a file, and says which file cannot be read or written', async () => {
    const file = join(directory, 'people.jsonl');
    writeFileSync(file, toLines([person('u-1')]));
    const { code, stdout } = await sso(['account', 'import', file]);
    expect([code, stdout]).to.satisfy(([exit, out]: [number, string]) => exit === 0 && /imported +1/.test(out));
    expect(await sso(['account', 'import', join(directory, 'tiada')])).to.satisfy(
      ({ code: exit, stderr }: Ran) => exit === 1 && stderr.includes('tiada cannot be read'),
    );
    expect(await sso(['account', 'import', file, '--report', join(directory, 'tiada', 'x')])).to.satisfy(
      ({ code: exit, stderr }: Ran) => exit === 1 && stderr.includes('cannot be written'),
    );
  });
});
