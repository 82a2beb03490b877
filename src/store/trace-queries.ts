import type pg from 'pg';
import { beginSpan, isTraced } from '../telemetry/trace.ts';

interface Query {
  readonly text?: string;
  readonly name?: string;
}

type Callback = (error: unknown, result: unknown) => void;

const TABLE = /\b(?:from|into|update)\s+"?(\w+)"?/i;

/** What a statement does to which table. Its text stays here, and its values come nowhere near. */
function describe(first: unknown): { readonly name: string; readonly attributes: Readonly<Record<string, string>> } {
  const { text, name } = (typeof first === 'object' && first !== null ? first : { text: first }) as Query;
  const sql = typeof text === 'string' ? text : '';
  const operation = /^\s*([a-z]+)/i.exec(sql)?.[1]?.toLowerCase() ?? 'statement';
  const table = TABLE.exec(sql)?.[1];
  const attributes = {
    'db.system.name': 'postgresql',
    'db.operation.name': operation,
    ...(table === undefined ? {} : { 'db.collection.name': table }),
  };
  return { name: `postgresql ${name ?? (table === undefined ? operation : `${operation} ${table}`)}`, attributes };
}

/** Makes a span of each statement on this connection, where the request it belongs to is traced. */
export function traceQueries(connection: pg.Client): void {
  // Looked up at each call: whoever counts statements does so at the prototype.
  const query = (...args: unknown[]): unknown =>
    (Object.getPrototypeOf(connection) as { query: (...args: unknown[]) => unknown }).query.apply(connection, args);
  const traced = (...args: unknown[]): unknown => {
    if (!isTraced()) return query(...args);
    const { name, attributes } = describe(args[0]);
    const span = beginSpan(name, attributes);
    if (span === undefined) return query(...args);
    const last = args.at(-1);
    if (typeof last === 'function') {
      const callback = last as Callback;
      const heard: Callback = (error, result) => {
        span.end(error ?? undefined);
        callback(error, result);
      };
      return query(...args.slice(0, -1), heard);
    }
    const answer = query(...args);
    if (answer instanceof Promise)
      answer.then(
        () => {
          span.end();
        },
        (error: unknown) => {
          span.end(error);
        },
      );
    else span.end();
    return answer;
  };
  connection.query = traced as typeof connection.query;
}
