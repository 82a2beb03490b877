import { createHmac } from 'node:crypto';
import type { AccountId } from '../../src/domain/account.ts';
import type { OtpCode } from '../../src/domain/otp.ts';
import type { TestApp } from './app.ts';
import type { Page } from './browser.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_SECONDS = 30;

function fromBase32(text: string): Buffer {
  const bits = Array.from(text)
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? []);
}

/** RFC 6238 by the letter, in code that is not the product's: an app on somebody's telephone. */
export function totp(key: Buffer, at: Date): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at.getTime() / 1000 / STEP_SECONDS)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export class Authenticator {
  readonly #app: TestApp;
  readonly secret: string;

  constructor(app: TestApp, secret: string) {
    this.#app = app;
    this.secret = secret;
  }

  /** Set up by typing the key of the page. */
  static readonly from = (app: TestApp, page: Page): Authenticator =>
    new Authenticator(app, (/<code>([A-Z2-7 ]+)<\/code>/.exec(page.html)?.[1] ?? '').replaceAll(' ', ''));

  /** What the app shows now. */
  code(): string {
    return totp(fromBase32(this.secret), this.#app.clock.now());
  }

  /** What it shows in half a minute, which is then now: the last code is used up. */
  next(): string {
    this.#app.clock.advance({ seconds: STEP_SECONDS });
    return this.code();
  }

  /** Six digits that are none of those around now. */
  wrong(): string {
    const near = [-2, -1, 0, 1, 2].map((steps) =>
      totp(fromBase32(this.secret), new Date(this.#app.clock.now().getTime() + steps * STEP_SECONDS * 1000)),
    );
    for (let guess = 0; ; guess += 1) {
      const code = String(guess).padStart(6, '0');
      if (!near.includes(code)) return code;
    }
  }
}

export const recoveryCodesOn = (page: Page): string[] =>
  [...page.html.matchAll(/<li>([0-9A-Z]{5}-[0-9A-Z]{5})<\/li>/g)].map(([, code = '']) => code);

/** An account that has an authenticator app already, for tests of something else. */
export async function giveSecondFactor(
  app: TestApp,
  accountId: AccountId,
): Promise<{ readonly authenticator: Authenticator; readonly recoveryCodes: readonly string[] }> {
  const { secondFactors, store } = app.container;
  const secret = secondFactors.newSecret();
  const authenticator = new Authenticator(app, secret.reveal());
  const enrolled = await store.transactionOnce((tx) =>
    secondFactors.enrol(tx, { accountId }, secret, authenticator.code() as OtpCode),
  );
  if (!enrolled.ok) throw new Error(enrolled.refusal);
  return { authenticator, recoveryCodes: enrolled.value.map((code) => code.reveal()) };
}
