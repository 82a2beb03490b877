import { expect } from 'chai';
import type { Account, AccountId } from '../../src/domain/account.ts';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { isContactOf, recoveryContact } from '../../src/domain/recovery.ts';
import { sensitive } from '../../src/domain/sensitive.ts';

const now = new Date('2026-11-23T07:30:00Z');
const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
const policy = { phoneProofDays: 180 };

const account: Account = {
  id: 'id' as AccountId,
  status: 'active',
  nik: sensitive('9901010101900001' as Nik),
  name: sensitive('Budi Contoh Santoso' as PersonName),
  email: sensitive('budi@contoh.test' as Email),
  emailVerifiedAt: daysAgo(700),
  phone: sensitive('+6281234567890' as Phone),
  phoneVerifiedAt: daysAgo(10),
  passwordHash: '',
  passwordChangedAt: daysAgo(10),
  sessionsValidAfter: undefined,
  locale: 'id',
  createdAt: daysAgo(700),
  updatedAt: daysAgo(10),
};

describe('The contact by which an account is recovered', () => {
  const cases: readonly [string, Partial<Account>, 'nik' | 'email' | 'phone', 'sms' | 'email' | undefined][] = [
    ['is the number for a NIK', {}, 'nik', 'sms'],
    ['is the number for a number', {}, 'phone', 'sms'],
    ['is the address for an address', {}, 'email', 'email'],
    ['is the number for an address that was never confirmed', { emailVerifiedAt: undefined }, 'email', 'sms'],
    ['is the number on the last of the 180 days after its proof', { phoneVerifiedAt: daysAgo(180) }, 'nik', 'sms'],
    [
      'is the address for a NIK once the number was not proved for longer',
      { phoneVerifiedAt: daysAgo(180.01) },
      'nik',
      'email',
    ],
    ['is the address for a number that was not proved for longer', { phoneVerifiedAt: daysAgo(181) }, 'phone', 'email'],
    ['is the address where the number went to somebody else', { phoneVerifiedAt: undefined }, 'nik', 'email'],
    ['is none where neither is proved', { phoneVerifiedAt: undefined, emailVerifiedAt: undefined }, 'nik', undefined],
    [
      'is none where the number is too old and there is no address',
      { phoneVerifiedAt: daysAgo(200), email: undefined, emailVerifiedAt: undefined },
      'phone',
      undefined,
    ],
    [
      'is not an old number because somebody asked by an unconfirmed address',
      { phoneVerifiedAt: daysAgo(200), emailVerifiedAt: undefined },
      'email',
      undefined,
    ],
  ];
  for (const [name, changes, asked, channel] of cases) {
    it(name, () => {
      const contact = recoveryContact({ ...account, ...changes }, asked, now, policy);
      expect(contact?.channel).to.equal(channel);
      if (contact !== undefined)
        expect(contact.to.reveal()).to.equal(channel === 'sms' ? '+6281234567890' : 'budi@contoh.test');
    });
  }

  it('is the account’s own as long as it is proved and the same', () => {
    const sms = recoveryContact(account, 'nik', now, policy)!;
    const email = recoveryContact(account, 'email', now, policy)!;
    expect(isContactOf(account, sms) && isContactOf(account, email)).to.equal(true);
    expect(isContactOf({ ...account, phoneVerifiedAt: undefined }, sms), 'moved away').to.equal(false);
    expect(isContactOf({ ...account, phone: sensitive('+6281298762797' as Phone) }, sms), 'another number').to.equal(
      false,
    );
    expect(isContactOf({ ...account, email: undefined }, email), 'removed').to.equal(false);
  });
});
