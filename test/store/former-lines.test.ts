import { expect } from 'chai';
import type { Knex } from 'knex';
import type { Core } from '../../src/core.ts';
import { createTestCore } from '../support/core.ts';
import { statementsOf, type Statement } from '../support/statements.ts';

const BATCH = 5000;

interface Node {
  readonly 'Node Type': string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Node[];
}

const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

describe('What a run of an import has met', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  const fill = (run: string, count: number): Promise<unknown> =>
    core.knex.raw(
      "insert into former_import_lines (run, legacy_id, line) select ?, 'u-' || n, n from generate_series(1, ?::int) n",
      [run, count],
    );
  const left = async (): Promise<number> => (await core.knex('former_import_lines')).length;

  it('is forgotten piece by piece, however many lines it had, and that of other runs stays', async () => {
    const [run, other] = [core.random.uuid(), core.random.uuid()];
    await fill(other, 3);
    for (const count of [0, 1, BATCH - 1, BATCH, BATCH + 1]) {
      await fill(run, count);
      await core.store.formerImport.forgetRun(run);
      expect(await left(), `of ${count}`).to.equal(3);
    }
    await core.store.formerImport.forgetRun(other);
  });

  it('costs the last piece no more than the first, though a backup keeps what is deleted from being cleared away', async () => {
    const run = core.random.uuid();
    await fill(run, 4 * BATCH);
    await core.knex.raw('analyze former_import_lines');
    const asked = await statementsOf(() => core.store.formerImport.forgetRun(run));
    const pieces = asked.filter(({ text }) => text.includes('delete from')).slice(0, 4);
    expect(pieces).to.have.length(4);

    await core.knex.raw('truncate former_import_lines');
    await fill(run, 4 * BATCH);
    await core.knex.raw('analyze former_import_lines');
    const backup = await core.knex.transaction(undefined, { isolationLevel: 'repeatable read' });
    try {
      await backup('former_import_lines').first();
      /** What is looked through for the piece. */
      const blocksOf = async ({ text, values }: Statement): Promise<number> => {
        const { rows } = await core.knex.raw<{ rows: { 'QUERY PLAN': { Plan: Node }[] }[] }>(
          `explain (analyze, buffers, format json) ${text.replaceAll(/\$(\d)/g, ':v$1')}`,
          { v1: values[0], v2: values[1] ?? '' } as unknown as Knex.ValueDict,
        );
        const nodes = rows.flatMap((row) => row['QUERY PLAN']).flatMap(({ Plan }) => nodesOf(Plan));
        const found = nodes.filter((node) => node['Node Type'] === 'Limit');
        return Math.max(...found.map((node) => node['Shared Hit Blocks'] + node['Shared Read Blocks']));
      };
      const blocks = [];
      for (const piece of pieces) blocks.push(await blocksOf(piece));
      expect(await left()).to.equal(0);
      expect(blocks[3], blocks.join()).to.be.below(1.2 * blocks[0]!);
    } finally {
      await backup.rollback();
    }
  });
});
