import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { startSampleService, type SampleService } from '../../src/dev/sample-service/server.ts';
import { karirhub, registered, skillhub } from '../dev/sample-clients.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { CHROMIUM } from '../support/chromium.ts';

/** The sign-on, two services that people sign in to, and a browser. */
export interface World {
  readonly app: TestApp;
  readonly sample: SampleService;
  readonly karirhub: string;
  readonly skillhub: string;
  /** A citizen's own browser: no cookie, nothing cached. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
  close(): Promise<void>;
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /**
   * What should not be there: complaints of the console, of scripts, of the content policy, and requests to other
   * hosts.
   */
  readonly complaints: readonly string[];
  /** Requests sent, as "POST /interaction/…/register/otp". */
  readonly requests: readonly string[];
}

const OURS = ['localhost', '127.0.0.1'];
/** A refused form says so in its status, which Chromium notes. */
const NOTED_STATUS = /^Failed to load resource: the server responded with a status of 4(?:03|10|22|29)/;

async function watch(context: BrowserContext): Promise<Pick<Visitor, 'complaints' | 'requests'>> {
  const complaints: string[] = [];
  const requests: string[] = [];
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !NOTED_STATUS.test(message.text()))
      complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('request', (request) => {
    const url = new URL(request.url());
    requests.push(`${request.method()} ${url.pathname}`);
    if (!OURS.includes(url.hostname)) complaints.push(`a request to ${url.host}`);
  });
  await context.exposeBinding('policyViolated', (_source, text: string) => complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      (window as unknown as { policyViolated: (text: string) => void }).policyViolated(
        `${event.effectiveDirective} forbids ${event.blockedURI}`,
      );
    });
  });
  return { complaints, requests };
}

async function register(app: TestApp, sample: SampleService): Promise<void> {
  for (const { client_secret: secret, ...metadata } of registered(sample)) {
    const { name: client_name, base } = metadata.client_id === karirhub.client_id ? karirhub : skillhub;
    const url = `${sample.url}${base}`;
    await app.addClient({
      metadata: { client_name, client_uri: url, token_endpoint_auth_method: 'client_secret_basic', ...metadata },
      secret,
      listing:
        base === '/'
          ? { url, id: 'Lowongan kerja dan lamaran', en: 'Job openings and applications' }
          : { url, id: 'Pelatihan dan sertifikat', en: 'Training and certificates' },
    });
  }
}

export async function startWorld(): Promise<World> {
  const app = await startTestApp();
  const sample = await startSampleService({ issuer: app.url, port: 0, clients: [karirhub, skillhub] });
  await register(app, sample);
  const browser: Browser = await chromium.launch(CHROMIUM);
  return {
    app,
    sample,
    karirhub: `${sample.url}/`,
    skillhub: `${sample.url}/skillhub`,
    async visitor(options) {
      const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: 'id-ID', ...options });
      context.setDefaultTimeout(60_000);
      return { context, page: await context.newPage(), ...(await watch(context)) };
    },
    async close() {
      await browser.close();
      await sample.close();
      await app.close();
    },
  };
}
