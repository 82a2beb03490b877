import { systemClock, type Clock } from '../../ports/clock/clock.ts';
import { createApp } from './app.ts';
import type { SampleClient } from './clients.ts';
import { listenOnLoopback } from './loopback.ts';
import type { SiteDeps } from './site.ts';

export interface SampleServiceOptions {
  readonly issuer: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly clients: readonly SampleClient[];
  readonly clock?: Clock;
  readonly log?: SiteDeps['log'];
  /** The kind of run, `NODE_ENV`: in production it does not start. */
  readonly environment?: string | undefined;
}

export interface SampleService {
  /** `http://localhost:<port>`: what the redirect addresses begin with. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const silent: SiteDeps['log'] = { info: () => undefined, warn: () => undefined };

/**
 * Starts the sample services on loopback: strangers to the sign-on that know their client id and secret and the
 * address of the issuer, which need not be up yet.
 *
 * @throws {Error} in production.
 */
export async function startSampleService(options: SampleServiceOptions): Promise<SampleService> {
  const { issuer, clients, clock = systemClock, log = silent, environment = process.env.NODE_ENV } = options;
  if (environment === 'production') throw new Error('the sample service does not start in production');

  const running = await listenOnLoopback(options.port, (taken) =>
    createApp({ issuer, clients, clock, log, url: `http://localhost:${taken}` }).callback(),
  );
  return { url: `http://localhost:${running.port}`, port: running.port, close: () => running.close() };
}
