const SEAL_BROKEN = 'SEAL_BROKEN';

/** As the value itself says that does not open; this one names its row. */
export class RowSealBroken extends Error {
  override readonly name = 'RowSealBroken';
  readonly code = SEAL_BROKEN;
  constructor(row: string) {
    super(`${row} does not open`);
  }
}

export const isSealBroken = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | undefined)?.code === SEAL_BROKEN;

/** Rows that say they are under one of our keys and do not open by it: altered, or put together from two backups. */
export interface Stuck {
  readonly rows: number;
  /** Names the first of them. */
  readonly error: RowSealBroken;
}

/** Does the work on each row that opens, and passes over the others: one of them must not keep a table as it is. */
export function openableIn<Row, Made>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  work: (row: Row) => Made,
): { readonly opened: readonly { readonly row: Row; readonly made: Made }[]; readonly stuck: Stuck | undefined } {
  const opened: { row: Row; made: Made }[] = [];
  let first: Row | undefined;
  let passed = 0;
  for (const row of rows) {
    try {
      opened.push({ row, made: work(row) });
    } catch (error) {
      if (!isSealBroken(error)) throw error;
      first ??= row;
      passed += 1;
    }
  }
  return {
    opened,
    stuck: first === undefined ? undefined : { rows: passed, error: new RowSealBroken(nameOf(first)) },
  };
}
