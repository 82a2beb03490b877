import type { FormerAccount } from '../../store/former-accounts.ts';
import type { Account } from '../../domain/account.ts';
import { maskEmail, maskName, maskNik, maskPhone } from '../../domain/mask.ts';

/** An account as operators see it: never more of a person than tells them apart. */
export interface MaskedAccount {
  readonly sub: string;
  readonly status: 'active' | 'suspended';
  readonly nik_masked: string;
  readonly name_masked: string;
  readonly email_masked?: string;
  readonly email_verified?: boolean;
  readonly phone_masked?: string;
  readonly phone_verified?: boolean;
  readonly locale: 'id' | 'en';
  readonly created_at: string;
  readonly updated_at: string;
}

export function present({
  id,
  status,
  nik,
  name,
  email,
  emailVerifiedAt,
  phone,
  phoneVerifiedAt,
  locale,
  createdAt,
  updatedAt,
}: Account): MaskedAccount {
  return {
    sub: id,
    status,
    nik_masked: maskNik(nik.reveal()),
    name_masked: maskName(name.reveal()),
    ...(email === undefined
      ? {}
      : { email_masked: maskEmail(email.reveal()), email_verified: emailVerifiedAt !== undefined }),
    ...(phone === undefined
      ? {}
      : { phone_masked: maskPhone(phone.reveal()), phone_verified: phoneVerifiedAt !== undefined }),
    locale,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}

/** A record of the former system as operators see it: nothing of it is proved. */
export const presentFormer = ({
  id,
  legacyId,
  nik,
  email,
  phone,
  hasPassword,
  locale,
  importedAt,
  recognisedAt,
}: FormerAccount): Readonly<Record<string, unknown>> => ({
  sub: id,
  legacy_id: legacyId,
  status: 'waiting',
  nik_masked: nik === undefined ? undefined : maskNik(nik.reveal()),
  email_masked: email === undefined ? undefined : maskEmail(email.reveal()),
  phone_masked: phone === undefined ? undefined : maskPhone(phone.reveal()),
  has_password: hasPassword,
  locale,
  imported_at: importedAt.toISOString(),
  recognised_at: recognisedAt?.toISOString(),
});
