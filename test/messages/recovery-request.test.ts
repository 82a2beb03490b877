import { expect } from 'chai';
import type { Account, AccountId } from '../../src/domain/account.ts';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { isGsm7, septets } from '../../src/messages/gsm7.ts';
import {
  recoveryClosed,
  recoveryCompleted,
  recoveryWarningMail,
  recoveryWarningText,
} from '../../src/messages/recovery-request.ts';
import { recoveryRequestCode } from '../../src/messages/templates.ts';

const help = { phone: '1500630', email: 'bantuan@contoh.test' };
/** The longest names of months there are, with the longest times. */
const MONTHS = ['2026-12-28', '2026-09-30', '2026-11-23', '2026-02-28'];

function account(locale: 'id' | 'en', change: Partial<Account> = {}): Account {
  const at = new Date('2026-11-23T07:30:00Z');
  return {
    id: '7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab' as AccountId,
    status: 'active',
    nik: sensitive('9901010101900001' as Nik),
    name: sensitive('Budi Contoh Santoso' as PersonName),
    email: sensitive('budi.contoh@contoh.test' as Email),
    emailVerifiedAt: at,
    phone: sensitive('+6281234567890' as Phone),
    phoneVerifiedAt: at,
    passwordChangedAt: at,
    sessionsValidAfter: undefined,
    locale,
    createdAt: at,
    updatedAt: at,
    ...change,
  } as Account;
}

describe('Messages about a request for an account', () => {
  for (const locale of ['id', 'en'] as const) {
    const warning = (at: Date, timeZone: string, phone = help.phone) => ({
      account: account(locale),
      number: 'K7Q2-M9',
      until: at,
      help: { ...help, phone },
      timeZone,
    });
    const isOneSegment = (text: string): void => {
      expect(isGsm7(text), text).to.equal(true);
      expect(septets(text), text).to.be.at.most(160);
      expect(text)
        .to.match(/^SIAPkerja: /)
        .and.not.match(/https?:|\bwww\b|\/\/|@/);
    };

    it(`are SMS of one GSM-7 segment without a link in ${locale}, whatever the month, the zone and the help desk`, () => {
      for (const month of MONTHS)
        for (const zone of ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura'])
          for (const phone of ['1500630', '0800-1500-630', '+62 21 5255733 ext. 1234'])
            isOneSegment(
              recoveryWarningText(warning(new Date(`${month}T14:30:00Z`), zone, phone))!.content.reveal().text,
            );
      isOneSegment(recoveryCompleted({ locale, number: 'WWWW-WW' }).content.reveal().text);
      for (const phone of [
        '1500630',
        '+62 21 5255733 ext. 1234 (setiap hari kerja, pukul 08.00 sampai dengan 16.00 WIB)',
      ])
        isOneSegment(recoveryClosed({ locale, number: 'WWWW-WW', help: { ...help, phone } }).content.reveal().text);
      const code = recoveryRequestCode({ code: '012345', host: 'account.kemnaker.go.id', ttlSeconds: 600, locale });
      expect(septets(code.content.reveal().text)).to.be.at.most(160);
    });

    it(`name no person and no whole contact in ${locale}`, () => {
      const at = new Date('2026-11-24T07:30:00Z');
      const letter = recoveryWarningMail(
        warning(at, 'Asia/Jakarta'),
        'https://sso.test/account/recovery-request?token=t',
      )!;
      const { text } = letter.content.reveal();
      expect(text).to.include('K7Q2-M9').and.include('https://sso.test/account/recovery-request?token=t');
      expect(text).to.include('14.30 WIB'.replace('.', locale === 'en' ? ':' : '.'));
      for (const datum of ['9901010101900001', '81234567890', 'budi.contoh@contoh.test'])
        expect(text).not.to.include(datum);
      const sms = recoveryWarningText(warning(at, 'Asia/Jakarta'))!.content.reveal().text;
      for (const datum of ['Budi', '9901010101900001', 'budi.contoh', 'K7Q2-M9']) expect(sms).not.to.include(datum);
    });
  }

  it('go to proved contacts alone', () => {
    const unproved = { number: 'K7Q2-M9', until: new Date(), help, timeZone: 'Asia/Jakarta' };
    const change = { emailVerifiedAt: undefined, phoneVerifiedAt: undefined };
    expect(recoveryWarningMail({ ...unproved, account: account('id', change) }, 'x')).to.equal(undefined);
    expect(recoveryWarningText({ ...unproved, account: account('id', change) })).to.equal(undefined);
  });
});
