import { createLine, type Line } from './line.ts';

/** The line to a database server, which a test can cut. */
export interface DatabaseLine extends Line {
  readonly url: string;
}

export async function createDatabaseLine(databaseUrl: string): Promise<DatabaseLine> {
  const url = new URL(databaseUrl);
  const target = { host: url.hostname, port: Number(url.port) };
  const line = await createLine(() => target);
  url.hostname = '127.0.0.1';
  url.port = String(line.port);
  return { ...line, url: url.href };
}
