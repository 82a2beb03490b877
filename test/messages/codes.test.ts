import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { loadConfig } from '../../src/config.ts';
import { createKeyedHash } from '../../src/crypto/keyed-hash.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { OtpCode } from '../../src/domain/otp.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive, type Sensitive } from '../../src/domain/sensitive.ts';
import { createCodes, type CodeRecipient, type Codes } from '../../src/messages/codes.ts';
import { recipientMark } from '../../src/messages/recipient-mark.ts';
import { createLimits } from '../../src/ports/counters/limits.ts';
import { severalInTurn } from '../../src/ports/counters/counters.ts';
import { createPostgresCounters } from '../../src/ports/counters/postgres.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { newKeyring } from '../crypto/keys.ts';
import { TestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const somewhere = { device: 'device', network: 'network' };
const nik = sensitive('9901010101900001' as Nik);
const phone = (text: string): Sensitive<Phone> => sensitive(text as Phone);
const otp = (code: Sensitive<string>): OtpCode => code.reveal() as OtpCode;
const byText = (number: string, of = nik): CodeRecipient => ({ nik: of, to: phone(number), phone: phone(number) });

describe('One-time codes', () => {
  let database: TestDatabase;
  let clock: TestClock;
  let codes: Codes;
  /** The gateway has said that a code did not arrive at this number. */
  let undelivered: (number: string) => Promise<unknown>;

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.knex('counters').del();
    clock = new TestClock();
    const limits = createLimits({
      ...loadConfig({}),
      otp: { ...loadConfig({}).otp, sendsPerPrefix: 6, sendsPerDay: 12 },
    });
    const counters = severalInTurn(createPostgresCounters({ db: database.knex, clock }));
    const keyedHash = createKeyedHash(newKeyring());
    codes = createCodes({ counters, limits, keyedHash, random: systemRandom, clock });
    undelivered = (number) => counters.take(limits.code.undelivered, recipientMark(keyedHash, sensitive(number)));
  });
  const reasonOf = async (
    recipient: CodeRecipient,
    sender: { device: string; network: string | undefined } = somewhere,
  ): Promise<string> => {
    const permit = await codes.permit(recipient, sender);
    return permit.ok ? 'sent' : permit.refusal.reason;
  };
  const counted = (): Promise<unknown> => database.knex('counters').select('key', 'points').orderBy('key');

  it('have six digits, leading zeros included, and never repeat on purpose', () => {
    const made = Array.from({ length: 3000 }, () =>
      codes.make('activation', 'draft', phone('+6281234567890')).code.reveal(),
    );
    for (const code of made) expect(code).to.match(/^\d{6}$/);
    expect(made.some((code) => code.startsWith('0'))).to.equal(true);
    expect(new Set(made).size).to.be.greaterThan(2950);
  });

  it('do not print', () => {
    const made = codes.make('activation', 'draft', phone('+6281234567890'));
    expect(JSON.stringify(made)).not.to.include(made.code.reveal()).and.not.include('81234567890');
  });

  describe('are worth something in one place alone', () => {
    const to = phone('+6281234567890');
    it('that for which they were made', () => {
      const { code, codeHash } = codes.make('activation', 'draft', to);
      expect(codes.attempt('activation', 'draft', to, otp(code), codeHash).matches).to.equal(true);
    });
    it('not another purpose, journey, recipient or code', () => {
      const { code, codeHash } = codes.make('activation', 'draft', to);
      expect(codes.attempt('recovery', 'draft', to, otp(code), codeHash).matches).to.equal(false);
      expect(codes.attempt('activation', 'other', to, otp(code), codeHash).matches).to.equal(false);
      expect(codes.attempt('activation', 'draft', phone('+6281298762797'), otp(code), codeHash).matches).to.equal(
        false,
      );
      expect(
        codes.attempt(
          'activation',
          'draft',
          to,
          String((Number(code.reveal()) + 1) % 1_000_000).padStart(6, '0') as OtpCode,
          codeHash,
        ).matches,
      ).to.equal(false);
    });
    it('not where the hash was altered or is none', () => {
      const { code } = codes.make('activation', 'draft', to);
      for (const hash of ['', 'x', randomBytes(32).toString('base64url')])
        expect(codes.attempt('activation', 'draft', to, otp(code), hash).matches).to.equal(false);
    });
    it('and their hash says nothing without the key', () => {
      const [one, other] = ['first', 'second'].map((draft) => codes.make('activation', draft, to));
      expect(one!.recipientHash).to.equal(other!.recipientHash).and.not.include('8123');
      expect(one!.codeHash).to.have.length.greaterThan(40);
    });
  });

  describe('are sent', () => {
    it('five times to one number a day', async () => {
      for (let times = 0; times < 5; times += 1)
        expect(await reasonOf(byText('+6281234567890', sensitive(`990101010190000${times}` as Nik)))).to.equal('sent');
      expect(await reasonOf(byText('+6281234567890', sensitive('9901010101900009' as Nik)))).to.equal('send-limit');
      clock.advance({ hours: 24, seconds: 1 });
      expect(await reasonOf(byText('+6281234567890'))).to.equal('sent');
    });
    it('eight times for one NIK a day', async () => {
      for (let times = 0; times < 8; times += 1)
        expect(await reasonOf(byText(`+62812345${times}7890`))).to.equal('sent');
      expect(await reasonOf(byText('+6281298762797'))).to.equal('send-limit');
    });
    it('no more that day to a number at which three did not arrive, except where the person has signed in on the device', async () => {
      const number = '+6281234567890';
      for (let times = 0; times < 3; times += 1) {
        expect(await reasonOf(byText(number))).to.equal('sent');
        await undelivered(number);
      }
      const before = await counted();
      expect(await reasonOf(byText(number))).to.equal('undeliverable');
      expect(await counted(), 'and nothing is counted').to.deep.equal(before);
      expect(await reasonOf({ ...byText(number), knownDevice: 'account device' })).to.equal('sent');
      expect(await reasonOf(byText('+6281298762797'))).to.equal('sent');
      clock.advance({ hours: 24, seconds: 1 });
      expect(await reasonOf(byText(number))).to.equal('sent');
    });
    it('not either where nobody may learn of it, and then everything is counted as if one were', async () => {
      for (let times = 0; times < 3; times += 1) await undelivered('+6281234567890');
      const permit = await codes.permit({ ...byText('+6281234567890'), silent: true }, somewhere);
      expect(permit.ok ? '' : permit.refusal.reason).to.equal('undeliverable');
      expect(((await counted()) as { key: string }[]).map(({ key }) => key.split(':')[0])).to.include.members([
        'code.number',
        'code.nik',
        'code.prefix',
        'code.network',
        'code.day',
      ]);
    });
    it('so many times to one block of numbers an hour', async () => {
      for (let times = 0; times < 6; times += 1)
        expect(await reasonOf(byText(`+62812345678${times}0`, sensitive(`990101010190000${times}` as Nik)))).to.equal(
          'sent',
        );
      const refused = await codes.permit(byText('+6281234567891', sensitive('9901010101900008' as Nik)), somewhere);
      expect(refused.ok).to.equal(false);
      expect(refused.ok ? 0 : (refused.refusal.until.getTime() - clock.now().getTime()) / 1000).to.be.within(
        3590,
        3600,
      );
      expect(refused.ok ? '' : refused.refusal.reason).to.equal('send-budget');
    });
    it('so many times a day in all', async () => {
      for (let times = 0; times < 12; times += 1)
        expect(
          await reasonOf(byText(`+6281${20 + times}4567890`, sensitive(`99010101019001${10 + times}` as Nik))),
        ).to.equal('sent');
      expect(await reasonOf(byText('+6281398762797', sensitive('9901010101900099' as Nik)))).to.equal('send-budget');
    });
    it('by mail without regard to blocks and the budget of texts', async () => {
      for (let times = 0; times < 5; times += 1)
        expect(await reasonOf({ nik, to: sensitive('budi@contoh.test') })).to.equal('sent');
      expect(await reasonOf({ nik, to: sensitive('budi@contoh.test') })).to.equal('send-limit');
      expect(await database.knex('counters').where('key', 'code.day:all')).to.have.lengthOf(0);
    });
    it('without a limit per network where the network is trusted', async () => {
      await codes.permit(byText('+6281234567890'), { device: 'device', network: undefined });
      expect(await database.knex('counters').where('key', 'like', 'code.network:%')).to.have.lengthOf(0);
    });
    it('against every limit or against none', async () => {
      for (let times = 0; times < 5; times += 1) await codes.permit(byText('+6281234567890'), somewhere);
      const before = await counted();
      expect(await reasonOf(byText('+6281234567890'))).to.equal('send-limit');
      expect(await counted()).to.deep.equal(before);
      expect(await reasonOf(byText('+6281298762797'))).to.equal('sent');
    });
    it('and not counted when the right to send is given back', async () => {
      const permit = await codes.permit(byText('+6281234567890'), somewhere);
      expect(permit.ok).to.equal(true);
      if (permit.ok) await permit.value.giveBack();
      for (let times = 0; times < 5; times += 1) expect(await reasonOf(byText('+6281234567890'))).to.equal('sent');
    });
    it('never more than allowed, asked for in parallel', async () => {
      const reasons = await Promise.all(Array.from({ length: 20 }, () => reasonOf(byText('+6281234567890'))));
      expect(reasons.filter((reason) => reason === 'sent').length).to.be.within(1, 5);
    });
  });

  describe('are tried', () => {
    const locked = async (): Promise<boolean> => !(await codes.countTry(nik)).ok;

    it('fifteen times a day by one person, over everything', async () => {
      for (let times = 0; times < 15; times += 1) expect(await locked()).to.equal(false);
      expect(await locked()).to.equal(true);
      expect(await codes.lockedUntil(nik)).to.be.an.instanceOf(Date);
      expect(await codes.lockedUntil(sensitive('9901014101900002' as Nik))).to.equal(undefined);
      clock.advance({ hours: 24, seconds: 1 });
      expect(await codes.lockedUntil(nik)).to.equal(undefined);
      expect(await locked()).to.equal(false);
    });
    it('and none is sent any more to who is locked', async () => {
      for (let times = 0; times < 15; times += 1) await codes.countTry(nik);
      const before = await counted();
      expect(await reasonOf(byText('+6281234567890'))).to.equal('locked');
      expect(await counted()).to.deep.equal(before);
    });
    it('not counted when the try was no guess, however long the lock has been asked', async () => {
      for (let times = 0; times < 15; times += 1) await codes.countTry(nik);
      for (let times = 0; times < 5; times += 1) expect(await locked()).to.equal(true);
      await codes.forgiveTry(nik);
      expect(await codes.lockedUntil(nik)).to.equal(undefined);
      expect(await locked()).to.equal(false);
      expect(await locked()).to.equal(true);
    });
    it('never more than allowed, in parallel', async () => {
      const outcomes = await Promise.all(Array.from({ length: 40 }, locked));
      expect(outcomes.filter((refused) => !refused).length).to.be.within(1, 15);
    });
  });

  it('keep neither NIK nor number in the counters', async () => {
    await codes.permit(byText('+6281234567890'), somewhere);
    await codes.countTry(nik);
    expect(JSON.stringify(await counted())).not.to.match(/9901010101900001|81234567/);
  });
});
