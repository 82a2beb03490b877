import { expect } from 'chai';
import { PLACEHOLDER } from '../../src/domain/plural.ts';
import { isGsm7, septets } from '../../src/messages/gsm7.ts';
import { sentences } from '../../src/messages/sentences.ts';
import {
  activationCode,
  confirmEmail,
  contactCode,
  emailMoved,
  passwordChanged,
  phoneMoved,
  phoneReplaced,
  recoveryCode,
  recoveryCodeMail,
} from '../../src/messages/templates.ts';

const LOCALES = ['id', 'en'] as const;
const HOST_OF_40 = 'account.layanan-siapkerja.kemnaker.go.id';
const HOSTS = ['localhost', 'account.kemnaker.go.id', HOST_OF_40];
const codeTexts = { activationCode, contactCode, recoveryCode };
const help = { phone: '1500630', email: 'bantuan@contoh.test' };
const at = new Date('2026-11-23T07:30:00Z');

describe('Text messages with a code', () => {
  for (const [name, write] of Object.entries(codeTexts)) {
    for (const locale of LOCALES) {
      for (const host of HOSTS) {
        it(`${name} in ${locale} for ${host} is one GSM-7 segment that ends with the code line`, () => {
          const { text, code } = write({ code: '012345', host, ttlSeconds: 600, locale }).content.reveal();
          expect(isGsm7(text), text).to.equal(true);
          expect(septets(text), text).to.be.at.most(160);
          expect(text).to.match(new RegExp(`^SIAPkerja\\b.*012345[^]*\\n\\n@${host} #012345$`));
          expect(code).to.equal('012345');
        });
      }
    }
  }

  it('reads as the guide has it', () => {
    expect(
      activationCode({ code: '123456', host: 'account.kemnaker.go.id', ttlSeconds: 300, locale: 'id' }).content.reveal()
        .text,
    ).to.equal(
      'SIAPkerja: kode OTP Anda 123456, berlaku 5 menit. JANGAN beri tahu siapa pun, termasuk petugas Kemnaker.\n\n@account.kemnaker.go.id #123456',
    );
  });

  it('uses shorter words for a longer host, and keeps the code line', () => {
    const host = `${'panjang.'.repeat(7)}contoh.test`;
    const { text } = activationCode({ code: '123456', host, ttlSeconds: 300, locale: 'id' }).content.reveal();
    expect(septets(text)).to.be.at.most(160);
    expect(text.endsWith(`\n\n@${host} #123456`)).to.equal(true);
  });

  it('keeps the code even for a host that leaves no room for words', () => {
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.test`;
    const { text } = activationCode({ code: '123456', host, ttlSeconds: 300, locale: 'id' }).content.reveal();
    expect(text).to.equal(`SIAPkerja: 123456\n\n@${host} #123456`);
  });

  it('prints nothing of itself', () => {
    expect(
      JSON.stringify(recoveryCode({ code: '123456', host: 'localhost', ttlSeconds: 300, locale: 'id' })),
    ).not.to.include('123456');
  });
});

describe('The text message to a number that was replaced', () => {
  for (const locale of LOCALES) {
    it(`is one GSM-7 segment in ${locale}, without a link`, () => {
      const { text } = phoneReplaced({ locale }).content.reveal();
      expect(isGsm7(text), text).to.equal(true);
      expect(septets(text), text).to.be.at.most(160);
      expect(text)
        .to.match(/^SIAPkerja: /)
        .and.not.match(/https?:|\bwww\b|\/\/|@/);
    });
  }
});

describe('The text message about a moved e-mail address', () => {
  for (const locale of LOCALES) {
    it(`names the masked address in ${locale}`, () => {
      expect(emailMoved({ maskedEmail: 'b***@contoh.test', locale }).content.reveal().text).to.include(
        'b***@contoh.test',
      );
    });

    for (const maskedEmail of [`b***@${'panjang.'.repeat(15)}test`, 'ç***@contoh.test']) {
      it(`leaves out in ${locale} an address that would cost a second segment: ${maskedEmail.slice(0, 20)}`, () => {
        const { text } = emailMoved({ maskedEmail, locale }).content.reveal();
        expect(text).not.to.include('***');
        expect(isGsm7(text) && septets(text) <= 160, text).to.equal(true);
      });
    }
  }
});

describe('Mail', () => {
  const link = 'https://account.kemnaker.go.id/account/contact/email/confirm?token=abc&x=1';
  const mails = {
    confirmEmail: (locale: 'id' | 'en') =>
      confirmEmail({
        link,
        locale,
        help,
        expiresAt: at,
        timeZone: 'Asia/Jakarta',
        occasion: { kind: 'registration', serviceName: 'Karirhub <b>Contoh</b>' },
      }),
    recoveryCodeMail: (locale: 'id' | 'en') =>
      recoveryCodeMail({ name: 'Budi <b>Contoh</b>', locale, help, code: '012345', ttlSeconds: 300 }),
    passwordChanged: (locale: 'id' | 'en') =>
      passwordChanged({ name: 'Budi <b>Contoh</b>', locale, help, at, timeZone: 'Asia/Makassar' }),
    phoneMoved: (locale: 'id' | 'en') =>
      phoneMoved({ name: 'Budi <b>Contoh</b>', locale, help, maskedPhone: '08*****2797' }),
  };

  for (const [name, write] of Object.entries(mails)) {
    for (const locale of LOCALES) {
      it(`${name} in ${locale} says the same in text and in HTML that fetches nothing`, () => {
        const { subject, text, html } = write(locale).content.reveal();
        expect(subject).to.match(/^[^\r\n]{5,78}$/);
        for (const part of [text, html]) {
          expect(part).to.include('SIAPkerja ID').and.to.include(help.phone).and.to.include(help.email);
          expect(part).not.to.match(/\{\w+\}/);
        }
        expect(text).to.include('<b>Contoh</b>');
        expect(html).to.include('&lt;b&gt;Contoh&lt;/b&gt;').and.to.include(`<html lang="${locale}">`);
        expect(html).not.to.match(/<img|<script|<link|src=|url\(/);
      });
    }
  }

  it('gives the link as a button and as an address to copy', () => {
    const { text, html } = mails.confirmEmail('id').content.reveal();
    expect(text).to.include(link).and.to.include('Karirhub <b>Contoh</b>');
    expect(html.split(`href="${link.replace('&', '&amp;')}"`)).to.have.length(3);
    expect(html).to.include(`>${link.replace('&', '&amp;')}</a>`);
  });

  it('gives the code in words, for itself and to nobody who looks at the subject', () => {
    const { subject, text, html, code } = mails.recoveryCodeMail('id').content.reveal();
    expect(text)
      .to.match(/\n\n012345\n\n/)
      .and.to.include('5 menit');
    expect(html).to.match(/>012345<\/p>/);
    expect(code).to.equal('012345');
    expect(subject).not.to.include('012345');
  });

  it('greets nobody by name at an address that is not proved', () => {
    expect(mails.confirmEmail('id').content.reveal().text).to.match(/^Halo,\n/);
    expect(
      passwordChanged({ name: undefined, locale: 'en', help, at, timeZone: 'Asia/Jakarta' }).content.reveal().text,
    ).to.match(/^Hello,\n/);
  });

  it('does without a service for somebody who came to the portal', () => {
    const { text } = confirmEmail({
      link,
      locale: 'id',
      help,
      expiresAt: at,
      timeZone: 'Asia/Jakarta',
      occasion: { kind: 'registration' },
    }).content.reveal();
    expect(text).to.include('Anda mendaftar akun SIAPkerja ID. ');
  });

  it('says one minute where it is one', () => {
    const text = (ttlSeconds: number, locale: 'id' | 'en'): string =>
      activationCode({ code: '123456', host: 'account.kemnaker.go.id', ttlSeconds, locale }).content.reveal().text;
    expect([text(60, 'en'), text(300, 'en')].map((words) => /valid for ([^.]+)\./.exec(words)?.[1])).to.deep.equal([
      '1 minute',
      '5 minutes',
    ]);
    expect(text(60, 'id')).to.include('1 menit');
  });

  it('shows times in the zone of the country', () => {
    expect(mails.confirmEmail('id').content.reveal().text).to.include('23 November 2026 pukul 14.30 WIB');
    expect(mails.passwordChanged('en').content.reveal().text).to.include('23 November 2026 at 15:30 WITA');
  });
});

describe('Sentences of messages', () => {
  const leaves = (node: object, path = ''): [string, string][] =>
    Object.entries(node).flatMap(([key, child]: [string, string | object]): [string, string][] =>
      typeof child === 'string' ? [[path + key, child]] : leaves(child, `${path}${key}.`),
    );
  const placeholders = (text: string): string[] => [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name).sort();

  it('are there in both languages, with the same placeholders', () => {
    const shape = (locale: 'id' | 'en'): Record<string, string[]> =>
      Object.fromEntries(leaves(sentences[locale]).map(([key, text]) => [key, placeholders(text)]));
    expect(shape('en')).to.deep.equal(shape('id'));
  });
});
