import type { Email } from './email.ts';
import type { Locale } from './locale.ts';
import type { PersonName } from './name.ts';
import type { Nik } from './nik.ts';
import type { Phone } from './phone.ts';
import type { Sensitive } from './sensitive.ts';

/** The subject identifier: random, for life, and never derived from the NIK. */
export type AccountId = string & { readonly __brand: 'AccountId' };

export type AccountStatus = 'active' | 'suspended';

export interface Account {
  readonly id: AccountId;
  readonly status: AccountStatus;
  readonly nik: Sensitive<Nik>;
  readonly name: Sensitive<PersonName>;
  readonly email: Sensitive<Email> | undefined;
  readonly emailVerifiedAt: Date | undefined;
  readonly phone: Sensitive<Phone> | undefined;
  readonly phoneVerifiedAt: Date | undefined;
  readonly passwordHash: string;
  readonly passwordChangedAt: Date;
  /** When the person ended all sessions: a sign-in from before counts no longer. */
  readonly sessionsValidAfter: Date | undefined;
  readonly locale: Locale;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a person types to say who they are. */
export type Identifier =
  | { readonly kind: 'nik'; readonly value: Nik }
  | { readonly kind: 'email'; readonly value: Email }
  | { readonly kind: 'phone'; readonly value: Phone };
