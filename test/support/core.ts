import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createTestDatabase } from './database.ts';

/**
 * What stands right above the database, on a database of its own; for services that need no server.
 * @param lineTo  by which way it is reached; without, directly.
 */
export async function createTestCore(
  env: Readonly<Record<string, string>> = {},
  lineTo: (url: string) => Promise<string> = (url) => Promise.resolve(url),
): Promise<{ core: Core; close: () => Promise<void> }> {
  const database = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'siapkerja-core-'));
  const core = createCore({
    config: loadConfig({ NODE_ENV: 'test', DATA_DIR: dataDir, ...env }),
    databaseUrl: await lineTo(database.url),
    log: createLog({ level: 'silent' }),
  });
  return {
    core,
    async close() {
      await core.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
