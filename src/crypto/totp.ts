import { Secret, TOTP } from 'otpauth';
import type { OtpCode } from '../domain/otp.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Random } from '../ports/random/random.ts';

/** Time-based one-time passwords (RFC 6238): what authenticator apps show. */
export interface Totp {
  /** A new secret, in base 32. */
  newSecret(): Sensitive<string>;
  /**
   * The time step whose code this is, looking one step to either side, because clocks differ and people type slowly;
   * undefined when it is none of them. Whoever accepts the code keeps the step and takes none up to it again (5.2).
   */
  stepOf(secret: Sensitive<string>, code: OtpCode, now: Date): number | undefined;
  /** What a QR code tells the app (`otpauth://totp/…`); the label is shown in the app and must not name anybody. */
  uri(secret: Sensitive<string>, label: string): string;
}

/** 160 bits, as RFC 4226 (4, R6) recommends. */
const SECRET_BYTES = 20;
const ISSUER = 'SIAPkerja';
/** Apps in the field ignore any other choice without a word. HMAC-SHA-1 is not touched by collisions of SHA-1. */
const AS_APPS_TAKE_IT = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const WINDOW = 1;

export function createTotp({ random }: { readonly random: Random }): Totp {
  const totp = (secret: Sensitive<string>, label = ''): TOTP =>
    new TOTP({ ...AS_APPS_TAKE_IT, issuer: ISSUER, label, secret: Secret.fromBase32(secret.reveal()) });

  return {
    newSecret: () => sensitive(new Secret({ buffer: Uint8Array.from(random.bytes(SECRET_BYTES)).buffer }).base32),
    stepOf(secret, code, now) {
      const timestamp = now.getTime();
      const delta = totp(secret).validate({ token: code, timestamp, window: WINDOW });
      return delta === null ? undefined : TOTP.counter({ period: AS_APPS_TAKE_IT.period, timestamp }) + delta;
    },
    uri: (secret, label) => totp(secret, label).toString(),
  };
}
