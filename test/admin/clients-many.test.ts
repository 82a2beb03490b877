import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { startOperator, type TestOperator } from '../support/console.ts';
import { addMachine, type Machine } from '../support/machines.ts';
import { statementsOf, type Statement } from '../support/statements.ts';
import { until } from '../support/until.ts';

const MANY = 10_000;
const PAGE = 50;

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Node[];
}
const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

const idsOn = ({ html }: Page): string[] =>
  [...html.matchAll(/class="item" href="\/admin\/clients\/([^"]*)"/g)].map(([, id = '']) => id);

describe('Ten thousand client applications', () => {
  let app: TestApp;
  let manager: TestOperator;
  let machine: Machine;
  /** All of them as the list has them. */
  let inOrder: string[];

  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    machine = await addMachine(app, { scope: 'admin:clients:read' });
    // Nearly two kilobytes each, as registrations with purposes and addresses have them.
    await app.database.knex.raw(`
      insert into clients (id, status, type, metadata, created_at, updated_at)
      select 'banyak-' || n, case when n % 1000 = 0 then 'disabled' else 'active' end, 'web',
             jsonb_build_object('client_id', 'banyak-' || n, 'client_name', 'Dinas ' || chr(65 + n % 26) || ' 100%_' || n, 'redirect_uris', '[]'::jsonb,
                                'data_use', jsonb_build_object('profile', repeat(md5('a' || n), 24), 'email', repeat(md5('b' || n), 24))), now(), now()
        from generate_series(1, ${MANY}) n`);
    await app.database.knex.raw(
      `update clients set metadata = metadata || '{"client_name": "ÉLAN Kerja"}' where id = 'banyak-4711'`,
    );
    await app.database.knex.raw(`
      insert into client_versions (client_id, number, state, edition, metadata, widens, proposed_by, involved, proposed_at)
      select 'banyak-' || n, 1, 'proposed', 1, '{}', '[]', 'operator', '["operator"]', now() from generate_series(5, 9000, 999) n`);
    // What was committed a moment ago, vacuum may not believe yet.
    await until('vacuum has seen every row', async () => {
      await app.database.knex.raw('vacuum (analyze) clients');
      const { rows } = await app.database.knex.raw<{ rows: { seen: boolean }[] }>(
        `select relallvisible >= relpages * 0.99 as seen from pg_class where relname = 'clients'`,
      );
      return rows[0]?.seen === true;
    });
    inOrder = (await app.database
      .knex('clients')
      .orderByRaw(`lower(metadata->>'client_name'), id`)
      .pluck('id')) as string[];
  });
  after(() => app.close());

  it('are listed by name, each once, from the first page to the last', async () => {
    const found: string[] = [];
    let pages = 0;
    for (let page: Page | undefined = await manager.open('/clients'); page !== undefined;) {
      pages += 1;
      found.push(...idsOn(page));
      page = page.html.includes('>Berikutnya<') ? await manager.browser.open(page.link('Berikutnya')) : undefined;
    }
    expect(found).to.deep.equal(inOrder);
    expect(pages).to.equal(Math.ceil(inOrder.length / PAGE));
  }).timeout(120_000);

  it('are the same by the API, with its own length of a page', async () => {
    const found: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await machine.call('GET', `/clients?limit=200${cursor}`);
      found.push(...(body.clients as { client_id: string }[]).map(({ client_id: id }) => id));
      cursor = body.next_cursor === undefined ? '' : `&cursor=${encodeURIComponent(body.next_cursor as string)}`;
    } while (cursor !== '');
    expect(found).to.deep.equal(inOrder);
  }).timeout(60_000);

  const search = async (query: string): Promise<string[]> => idsOn(await manager.open(`/clients?${query}`));
  const expected = (matches: (name: string, id: string) => boolean): string[] =>
    inOrder.filter(
      (id) =>
        id.startsWith('banyak-') &&
        matches(`dinas ${String.fromCharCode(97 + (Number(id.slice(7)) % 26))} 100%_${id.slice(7)}`, id),
    );

  it('are found by any part of name or id, in capitals or not, and nothing in the words stands for something else', async () => {
    expect(await search('q=banyak-7777')).to.deep.equal(['banyak-7777']);
    expect(await search('q=ANYAK-7777')).to.deep.equal(['banyak-7777']);
    expect(await search('q=%25_777')).to.deep.equal(expected((name) => name.includes('%_777')));
    expect(await search('q=dInAs+q+100')).to.deep.equal(
      expected((name) => name.startsWith('dinas q'))
        .filter((id) => id !== 'banyak-4711')
        .slice(0, PAGE),
    );
    expect(await search('q=%C3%A9lan')).to.deep.equal(['banyak-4711']);
    expect(await search('q=z+100')).to.deep.equal(expected((name) => name.includes('z 100')).slice(0, PAGE));
    for (const query of ['q=%25zzz', 'q=_____zzz', "q=');drop", 'q=tidak+ada', 'q=banyak%25', 'q=dinas%00%25'])
      expect(await search(query), query).to.deep.equal([]);
  });

  it('are found by what became of them, alone and together with words', async () => {
    expect(await search('status=disabled')).to.deep.equal(inOrder.filter((id) => /^banyak-\d+000$/.test(id)));
    expect(await search('q=100%25_3000&status=disabled')).to.deep.equal(['banyak-3000']);
    expect(await search('status=waiting')).to.have.members(
      ['5', '1004', '2003', '3002', '4001', '5000', '5999', '6998', '7997', '8996'].map((n) => `banyak-${n}`),
    );
    expect(await search('q=_4001&status=waiting')).to.deep.equal(['banyak-4001']);
  });

  const onClients = (asked: readonly Statement[]): readonly Statement[] =>
    asked.filter(({ text }) => text.includes('"clients"'));
  const page = (
    wanted: Parameters<TestApp['store']['clients']['page']>[0],
    after?: Parameters<TestApp['store']['clients']['page']>[1],
  ): Promise<readonly Statement[]> =>
    statementsOf(() => app.store.clients.page(wanted, after, PAGE + 1)).then(onClients);

  it('cost one question a page, however many stand on it', async () => {
    for (const path of [
      '/clients',
      '/clients?q=banyak',
      '/clients?q=tidak+ada',
      `/clients?${new URLSearchParams({ name: 'Dinas M', id: 'x' }).toString()}`,
    ]) {
      expect(onClients(await statementsOf(() => manager.open(path))), path).to.have.length(1);
    }
  });

  it('are looked through by their names alone, from the index, and only those on the page are read', async () => {
    const { rows } = await app.database.knex.raw<{ rows: { blocks: string }[] }>(
      `select pg_table_size('clients') / current_setting('block_size')::int as blocks`,
    );
    const whole = Number(rows[0]?.blocks);
    expect(whole, 'blocks of all registrations').to.be.above(2000);
    const looks = {
      'first page': await page({}),
      'from the middle': await page({}, { name: 'Dinas M', id: 'x' }),
      'part of a name': await page({ words: '%_77' }),
      'nothing found': await page({ words: 'tidak ada' }),
      'one or two letters': await page({ words: 'qz' }),
      disabled: await page({ status: 'disabled' }),
      'waits, and words': await page({ words: 'tidak ada', waits: true }),
    };
    for (const [what, statements] of Object.entries(looks)) {
      expect(statements, what).to.have.length(1);
      const { text = '', values = [] } = statements[0] ?? {};
      const { rows: told } = await app.database.knex.raw<{ rows: { 'QUERY PLAN': { Plan: Node }[] }[] }>(
        `explain (analyze, buffers, format json) ${text.replaceAll(/\$\d+/g, '?')}`,
        [...values] as string[],
      );
      const plan = told[0]?.['QUERY PLAN'][0]?.Plan ?? expect.fail('no plan');
      const nodes = nodesOf(plan).filter((node) => node['Relation Name'] === 'clients');
      expect(
        nodes.map((node) => node['Node Type']),
        what,
      ).to.not.include('Seq Scan');
      const read = nodes
        .filter((node) => node['Node Type'] !== 'Index Only Scan')
        .reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0);
      expect(read, `${what}: registrations read`).to.be.at.most(PAGE + 1);
      expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], `${what}: blocks of ${whole}`).to.be.below(
        whole / 5,
      );
    }
  });
});
