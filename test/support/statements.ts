import pg from 'pg';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type Ask = (...args: unknown[]) => unknown;

/** The statements that go to PostgreSQL from this process while the work is done, with their values. */
export async function statementsOf(work: () => Promise<unknown>): Promise<readonly Statement[]> {
  const found: Statement[] = [];
  const seen = new WeakSet();
  const original = Reflect.get(pg.Client.prototype, 'query') as Ask;
  Reflect.set(pg.Client.prototype, 'query', function watched(this: unknown, ...args: unknown[]): unknown {
    const [first, values] = args;
    // The driver calls itself again with the same object.
    const isKnown = typeof first === 'object' && first !== null && seen.has(first);
    if (typeof first === 'object' && first !== null) seen.add(first);
    const { text, values: own } = (typeof first === 'string' ? { text: first } : first) as {
      text?: string;
      values?: unknown[];
    };
    if (!isKnown && text !== undefined)
      found.push({ text, values: own ?? (Array.isArray(values) ? (values as unknown[]) : []) });
    return original.apply(this, args);
  });
  try {
    await work();
  } finally {
    Reflect.set(pg.Client.prototype, 'query', original);
  }
  return found;
}
