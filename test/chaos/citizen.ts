import { setTimeout as pause } from 'node:timers/promises';
import { exchange, postAs, userinfo, type Answer } from '../oidc/exchange.ts';
import { Browser, type Page, type RequestOptions } from '../support/browser.ts';
import { isHome } from '../support/relying-party.ts';
import type { Journey, Ledger } from './ledger.ts';
import type { World } from './world.ts';

/** How long anybody goes on trying before the journey counts as lost. */
const PATIENCE_MS = 180_000;
const COME_BACK_MS = 1000;
const ASK_AGAIN_MS = 10_000;
/** More pages than the longest journey has: who sees more of them walks in a circle. */
const MOST_PAGES = 40;
const MOST_BEGINNINGS = 5;

const isTrouble = (status: number): boolean => status === 0 || status === 429 || status >= 500;

/** Asks again until there is an answer that is one, waiting as long as it was told to. */
async function patiently<T extends { readonly status: number }>(
  ledger: Ledger,
  journey: Journey,
  where: string,
  ask: () => Promise<T & { readonly retryAfter?: string | null }>,
): Promise<T> {
  const began = Date.now();
  for (;;) {
    const sent = Date.now();
    const answer = await ask().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    const status = answer instanceof Error ? 0 : answer.status;
    ledger.seen.push({ at: Date.now(), status, ms: Date.now() - sent, where });
    journey.longestWaitMs = Math.max(journey.longestWaitMs, Date.now() - began);
    if (!(answer instanceof Error) && !isTrouble(status)) return answer;
    if (Date.now() - began > PATIENCE_MS) throw new Error(`${status} at ${where} for ${PATIENCE_MS / 1000} s`);
    journey.reloads += 1;
    const told = answer instanceof Error ? null : answer.retryAfter;
    const waitMs = told == null ? COME_BACK_MS : Number(told) * 1000;
    if (waitMs > PATIENCE_MS) throw new Error(`${status} at ${where}, and to come back in ${String(told)} s`);
    await pause(waitMs);
  }
}

const anonymous = (path: string): string => path.replaceAll(/[\w-]{20,}/g, '…');

/** A citizen's browser, whose owner loads again what did not come: the form is sent as it was, nothing is typed. */
class PatientBrowser extends Browser {
  readonly #ledger: Ledger;
  readonly #journey: Journey;

  constructor(ledger: Ledger, journey: Journey) {
    super();
    this.#ledger = ledger;
    this.#journey = journey;
  }

  override request(address: string | URL, options: RequestOptions = {}): Promise<Page> {
    const where = `${options.method ?? 'GET'} ${anonymous(new URL(address).pathname)}`;
    return patiently(this.#ledger, this.#journey, where, async () => {
      const page = await super.request(address, options);
      return Object.assign(page, { retryAfter: page.headers.get('retry-after') });
    });
  }
}

const has = (page: Page, field: string): boolean => page.forms.some(({ fields }) => field in fields);

/** Waits at the code page until the phone rings; who has typed a code in vain asks for another one now and then. */
async function codeFor({ gateway }: World, browser: Browser, page: Page, journey: Journey): Promise<string> {
  const began = Date.now();
  const inVain = page.status === 422 ? gateway.codeAt(journey.citizen.phone) : undefined;
  for (let asked = 0; ;) {
    const code = gateway.codeAt(journey.citizen.phone);
    journey.longestWaitForCodeMs = Math.max(journey.longestWaitForCodeMs, Date.now() - began);
    if (code !== undefined && code !== inVain) return code;
    if (inVain !== undefined && Date.now() - asked > ASK_AGAIN_MS) {
      asked = Date.now();
      await browser.post(page, 'otp/resend');
    }
    if (Date.now() - began > PATIENCE_MS) throw new Error('no code came');
    await pause(50);
  }
}

/** Does what the page that stands there asks for. @returns the next page; undefined where it asks for nothing. */
async function act(world: World, browser: Browser, page: Page, journey: Journey): Promise<Page | undefined> {
  const {
    citizen: { nik, name, mother, email, phone, password },
    typed,
  } = journey;
  const type = (form: string, fields: Readonly<Record<string, string>>): Promise<Page> => {
    typed[form] = (typed[form] ?? 0) + 1;
    return browser.submit(page, form, fields);
  };
  if (has(page, 'nik')) return type('nik', { nik, name, mother_name: mother });
  if (has(page, 'email')) return type('email', { email, phone, password });
  if (has(page, 'code')) return type('code', { code: await codeFor(world, browser, page, journey) });
  if (page.forms.some(({ action }) => action.endsWith('register/finished')))
    return browser.submit(page, 'register/finished');
  if (!has(page, 'identifier')) return undefined;
  if (journey.kind === 'registration' && typed.code === undefined) return browser.open(page.link('Daftar Sekarang'));
  return type('identifier', { identifier: nik, password });
}

/** Walks from the service through the sign-on and back, whatever stands in between. */
async function walk(world: World, browser: Browser, journey: Journey): Promise<{ code: string; verifier: string }> {
  const { service } = world;
  let request = await service.begin();
  let page = await browser.open(request.url);
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const code = isHome(page, service) ? page.url.searchParams.get('code') : null;
    if (code !== null) return { code, verifier: request.verifier };
    const next = isHome(page, service) ? undefined : await act(world, browser, page, journey);
    if (next === undefined) {
      // Nothing to fill in: back to the service, which sends the citizen to the sign-on once more.
      journey.begunAgain += 1;
      request = await service.begin();
    }
    page = next ?? (await browser.open(request.url));
  }
  throw new Error(`walks in a circle at ${anonymous(page.url.pathname)} (${page.status}): ${page.text.slice(0, 200)}`);
}

/**
 * What a service does with a code; one of several is careless and sends it twice at once, and all revoke some tokens.
 */
async function fetchTokens(
  world: World,
  ledger: Ledger,
  journey: Journey,
  { code, verifier }: { code: string; verifier: string },
  habit: number,
): Promise<boolean> {
  const { service, url } = world;
  const call = (where: string, ask: () => Promise<Answer>): Promise<Answer> => patiently(ledger, journey, where, ask);
  const redeem = (): Promise<Answer> =>
    call('POST /token', () => exchange({ url }, service, { code, code_verifier: verifier }));
  const answers = await Promise.all(habit % 5 === 0 ? [redeem(), redeem()] : [redeem()]);
  const good = answers.filter(({ status }) => status === 200);
  if (good.length > 1) ledger.takenTwice.push(code);
  // Who sends a code twice has lost what it gave, as the protocol wants it.
  if (answers.length > 1) return true;
  const token = good[0]?.body.access_token;
  // The answer got lost and the code is used: the service begins a sign-in again.
  if (typeof token !== 'string') return false;
  const { status } = await call('GET /me', () => userinfo({ url }, token));
  if (habit % 3 === 0) {
    const revoked = await call('POST /token/revocation', () =>
      postAs({ url }, '/token/revocation', { token }, service),
    );
    if (revoked.status === 200) ledger.revoked.push(token);
  }
  return status === 200;
}

/** One journey from a service and back, with the tokens at the end; what came of it stands in the ledger. */
export async function travel(world: World, ledger: Ledger, journey: Journey, habit: number): Promise<void> {
  const browser = new PatientBrowser(ledger, journey);
  try {
    while (!(await fetchTokens(world, ledger, journey, await walk(world, browser, journey), habit))) {
      journey.begunAgain += 1;
      if (journey.begunAgain > MOST_BEGINNINGS) throw new Error('tokens were refused again and again');
    }
    journey.finished = true;
    if (journey.kind === 'registration') ledger.registered.push(journey.citizen);
  } catch (error) {
    journey.stuck = error instanceof Error ? error.message : String(error);
  }
}
