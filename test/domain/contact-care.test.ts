import { expect } from 'chai';
import { contactCare } from '../../src/domain/contact-care.ts';
import type { Email } from '../../src/domain/email.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';

describe('What a person should see to about their contacts', () => {
  const now = new Date('2026-11-23T07:00:00Z');
  const ago = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
  const care = (
    phoneVerifiedAt: Date | undefined,
    emailVerifiedAt: Date | undefined,
    phoneProofDays = 180,
  ): ReturnType<typeof contactCare> =>
    contactCare(
      {
        phone: sensitive('+6281234567890' as Phone),
        phoneVerifiedAt,
        email: sensitive('budi@contoh.test' as Email),
        emailVerifiedAt,
      },
      now,
      { phoneProofDays },
    );

  it('is nothing where both are proved, the number less than 150 days ago', () => {
    expect(care(ago(150), ago(2000))).to.deep.equal({ phone: undefined, email: undefined });
  });

  it('is an old number a month before it recovers nothing any more, and ever after', () => {
    for (const days of [151, 180, 4000]) expect(care(ago(days), ago(1)).phone, String(days)).to.equal('old');
  });

  it('comes half way where a number is good for a short time only', () => {
    expect([care(ago(9), ago(1), 20).phone, care(ago(11), ago(1), 20).phone]).to.deep.equal([undefined, 'old']);
  });

  it('is what was never proved, or is not there at all', () => {
    expect(care(undefined, undefined)).to.deep.equal({ phone: 'unproved', email: 'unproved' });
    expect(
      contactCare({ phone: undefined, phoneVerifiedAt: undefined, email: undefined, emailVerifiedAt: undefined }, now, {
        phoneProofDays: 180,
      }),
    ).to.deep.equal({ phone: 'unproved', email: 'unproved' });
  });
});
