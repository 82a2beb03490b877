import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../config.ts';
import { startServer } from '../../server.ts';
import type { Log } from '../../telemetry/log.ts';
import { createAuthority, createServerCertificate } from '../certificate.ts';
import { keep } from './kept.ts';
import type { ConformanceOptions } from './options.ts';
import { plansFor, type Plan } from './plans.ts';
import { provideForSuite, type Tester } from './registrations.ts';
import { startTls } from './tls.ts';

export interface Conformance {
  readonly plans: readonly Plan[];
  readonly tester: Tester;
  /** Folder of the plans' files. */
  readonly folder: string;
  /** The authority that has signed our certificate, as a PEM file. */
  readonly caFile: string;
  close(): Promise<void>;
}

/**
 * The sign-on as the conformance suite wants it: https, its clients, an account. Nothing is read from the environment,
 * so that no settings of another instance, and no database of another, come into play. No limit has to be lifted: they
 * count failures, and the suite signs in well.
 */
export async function startConformance(options: ConformanceOptions, log: Log): Promise<Conformance> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const config = loadConfig(
    { NODE_ENV: 'development' },
    {
      dataDir,
      http: { host: '127.0.0.1', port: 0, issuer: options.issuer },
      simulator: { port: 0 },
      metrics: { port: 0 },
      outbound: { allow: [new URL(options.suite).hostname] },
      ...(options.databaseUrl === undefined ? {} : { database: { url: options.databaseUrl } }),
    },
  );
  const authority = createAuthority('SIAPkerja SSO conformance profile');
  const certificate = createServerCertificate(authority, [new URL(options.issuer).hostname, 'localhost', '127.0.0.1']);
  const caFile = join(dataDir, 'ca.pem');
  await writeFile(caFile, authority.cert);

  const server = await startServer({ config, log });
  try {
    const kept = await keep(dataDir);
    const { secrets, tester } = await provideForSuite(server.container, options, kept);
    const plans = plansFor(options, secrets, tester, kept);
    const folder = join(dataDir, 'plans');
    await mkdir(folder, { recursive: true });
    // They hold secrets, if only of this instance.
    await chmod(folder, 0o700);
    for (const { name, configuration } of plans)
      await writeFile(join(folder, `${name}.json`), `${JSON.stringify(configuration, null, 2)}\n`, { mode: 0o600 });
    const front = await startTls(certificate, options, server.port);
    return {
      plans,
      tester,
      folder,
      caFile,
      async close() {
        await front.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}
