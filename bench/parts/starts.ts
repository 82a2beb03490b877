import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/app.ts';
import { startServerProcess } from '../measure/server-process.ts';
import { median } from '../measure/statistics.ts';
import { ENGINE } from '../setups/product.ts';
import { startPostgres } from '../setups/stores.ts';

const STARTS = 5;
const MB = 1_048_576;

interface Start {
  readonly seconds: number;
  readonly mb: number;
}

/**
 * How long one instance takes until it is ready, on a database that is there already, with and without what was
 * compiled before.
 */
export async function measureStarts(): Promise<string[][]> {
  const dir = mkdtempSync(join(tmpdir(), 'sso-bench-'));
  chmodSync(dir, 0o755);
  const postgres = await startPostgres(dir);
  async function start(further: Readonly<Record<string, string>>): Promise<Start> {
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const env = {
      NODE_ENV: 'test',
      DATA_DIR: join(dir, 'data'),
      ISSUER: url,
      PORT: port,
      METRICS_PORT: 'off',
      DATABASE_URL: postgres.url,
      ...further,
    };
    const begun = performance.now();
    const server = await startServerProcess({
      script: 'src/main.ts',
      engine: ENGINE,
      env,
      url,
      ready: '/readyz',
      logFile: join(dir, 'start.log'),
    });
    const found = { seconds: (performance.now() - begun) / 1000, mb: server.memoryBytes() / MB };
    await server.stop();
    return found;
  }
  try {
    const compiled = { NODE_COMPILE_CACHE: join(dir, 'compiled') };
    // The tables, and what there is to be found compiled.
    await start({});
    await start(compiled);
    const [plain, cached]: [Start[], Start[]] = [[], []];
    for (let done = 0; done < STARTS; done += 1) {
      plain.push(await start({}));
      cached.push(await start(compiled));
    }
    const row = (name: string, all: readonly Start[]): string[] => [
      name,
      median(all.map(({ seconds }) => seconds)).toFixed(2),
      median(all.map(({ mb }) => mb)).toFixed(0),
    ];
    return [row('as it is', plain), row('NODE_COMPILE_CACHE, filled before', cached)];
  } finally {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
