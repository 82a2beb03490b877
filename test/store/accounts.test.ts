import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import type { Account, AccountId, Identifier } from '../../src/domain/account.ts';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { isUniqueViolation, type NewAccount } from '../../src/store/accounts.ts';
import { createTestCore } from '../support/core.ts';

describe('Accounts in the database', () => {
  let core: Core;
  let close: () => Promise<void>;
  let serial = 0;
  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  const at = new Date('2026-11-23T03:00:00Z');
  /** Somebody new, but for what the test says. */
  function person(
    changes: { nik?: string; email?: string; phone?: string; emailVerified?: boolean; phoneVerified?: boolean } = {},
  ): NewAccount {
    serial += 1;
    const number = String(serial).padStart(4, '0');
    return {
      id: core.random.uuid() as AccountId,
      nik: sensitive((changes.nik ?? `990101010190${number}`) as Nik),
      name: sensitive(`Canary Orang ${'x'.repeat(serial)}` as PersonName),
      email: sensitive((changes.email ?? `orang${number}@contoh.test`) as Email),
      emailVerified: changes.emailVerified ?? true,
      phone: sensitive((changes.phone ?? `+62812345${number}`) as Phone),
      phoneVerified: changes.phoneVerified ?? true,
      passwordHash: `$argon2id$v=19$m=64,t=1,p=1$${number}`,
      locale: 'id',
      at,
    };
  }
  async function kept(changes: Parameters<typeof person>[0] = {}): Promise<NewAccount> {
    const account = person(changes);
    expect(await core.store.accounts.insert(account)).to.equal(true);
    return account;
  }
  const by = (kind: Identifier['kind'], value: string): Promise<Account | undefined> =>
    core.store.accounts.findByIdentifier(sensitive({ kind, value } as Identifier));

  it('are found by id, NIK, address and number, opened', async () => {
    const account = await kept();
    const ways = [
      core.store.accounts.findById(account.id),
      core.store.accounts.findByNik(account.nik),
      by('nik', account.nik.reveal()),
      by('email', account.email!.reveal()),
      by('phone', account.phone!.reveal()),
    ];
    for (const found of await Promise.all(ways)) {
      expect(found?.id).to.equal(account.id);
      expect(found?.nik.reveal()).to.equal(account.nik.reveal());
      expect(found?.name.reveal()).to.equal(account.name.reveal());
      expect(found?.email?.reveal()).to.equal(account.email!.reveal());
      expect(found?.phone?.reveal()).to.equal(account.phone!.reveal());
      expect(found).to.deep.include({
        status: 'active',
        emailVerifiedAt: at,
        phoneVerifiedAt: at,
        passwordHash: account.passwordHash,
        locale: 'id',
        createdAt: at,
      });
    }
    expect(await by('nik', '9901010101909999')).to.equal(undefined);
    expect(await by('email', 'tidak.ada@contoh.test')).to.equal(undefined);
  });

  it('stand sealed: neither value nor plain hash of it is in the row', async () => {
    const account = await kept();
    const row = (await core.knex('accounts').where('id', account.id).first()) as Record<string, unknown>;
    const bytes = Object.values(row)
      .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
      .join('\n');
    for (const secret of [
      account.nik.reveal(),
      account.name.reveal(),
      account.email!.reveal(),
      account.phone!.reveal(),
      account.phone!.reveal().slice(3),
    ]) {
      expect(bytes).not.to.include(secret);
      for (const algorithm of ['sha256', 'sha1', 'md5'])
        expect(bytes).not.to.include(createHash(algorithm).update(secret).digest().toString('latin1'));
    }
  });

  it('cannot be mixed: a sealed value opens in its own row and its own column alone', async () => {
    const victim = await kept();
    const swaps = [
      `update accounts t set name_sealed = v.name_sealed from accounts v where t.id = ? and v.id = ?`,
      `update accounts t set row_key = v.row_key, name_sealed = v.name_sealed from accounts v where t.id = ? and v.id = ?`,
      `update accounts t set phone_sealed = v.nik_sealed from accounts v where t.id = ? and v.id = ?`,
    ];
    for (const swap of swaps) {
      const thief = await kept();
      await core.knex.raw(swap, [thief.id, victim.id]);
      const found = await core.store.accounts.findById(thief.id).then(
        () => 'opened',
        () => 'refused',
      );
      expect(found, swap).to.equal('refused');
    }
    expect((await core.store.accounts.findById(victim.id))?.name.reveal()).to.equal(victim.name.reveal());
  });

  it('are one for each NIK, however many are made at once', async () => {
    const nik = '9901010101908888';
    const made = await Promise.all(Array.from({ length: 20 }, () => core.store.accounts.insert(person({ nik }))));
    expect(made.filter(Boolean)).to.have.length(1);
    expect(await core.store.accounts.insert(person({ nik }))).to.equal(false);
  });

  describe('found by an address or a number', () => {
    for (const kind of ['email', 'phone'] as const) {
      const value = kind === 'email' ? 'bersama@contoh.test' : '+6281199990001';
      const proof = kind === 'email' ? 'emailVerified' : 'phoneVerified';

      it(`belong to whoever proved the ${kind}, failing that to the only claim, and to nobody where several claim it`, async () => {
        const one = await kept({ [kind]: value, [proof]: false });
        expect((await by(kind, value))?.id).to.equal(one.id);
        const two = await kept({ [kind]: value, [proof]: false });
        expect(await by(kind, value)).to.equal(undefined);
        const three = await kept({ [kind]: value, [proof]: false });
        if (kind === 'email') await core.store.accounts.confirmEmail(three.id, three.email!, at);
        else await core.store.accounts.confirmPhone(three.id, three.phone!, at);
        expect((await by(kind, value))?.id).to.equal(three.id);
        expect(two.id).not.to.equal(three.id);
      });

      it(`are not two: a proved ${kind} is proved once`, async () => {
        const shared = kind === 'email' ? 'satu@contoh.test' : '+6281199990002';
        await kept({ [kind]: shared });
        const second = await core.store.accounts.insert(person({ [kind]: shared })).catch((error: unknown) => error);
        expect(isUniqueViolation(second)).to.equal(true);
      });
    }

    it('regardless of case', async () => {
      const account = await kept({ email: 'Nama.Orang@contoh.test' });
      expect((await by('email', 'nama.orang@CONTOH.test'.replace('CONTOH', 'contoh')))?.id).to.equal(account.id);
    });

    it('as they were typed', async () => {
      const account = await kept({ email: 'Ejaan.Asli@contoh.test' });
      expect((await core.store.accounts.findById(account.id))?.email?.reveal()).to.equal('Ejaan.Asli@contoh.test');
    });
  });

  it('give up a number that somebody else proves, and tell who lost it', async () => {
    const former = await kept({ phone: '+6281199990003' });
    const next = await kept({ phone: '+6281199990003', phoneVerified: false });
    const lost = await core.store.transaction(async (tx) => {
      const released = await tx.accounts.releasePhone(next.phone!, next.id, at);
      await tx.accounts.confirmPhone(next.id, next.phone!, at);
      return released;
    });
    expect(lost?.id).to.equal(former.id);
    expect((await core.store.accounts.findById(former.id))?.phoneVerifiedAt).to.equal(undefined);
    expect((await by('phone', '+6281199990003'))?.id).to.equal(next.id);
  });

  it('confirm no address that has been changed meanwhile', async () => {
    const account = await kept({ emailVerified: false });
    expect(await core.store.accounts.confirmEmail(account.id, sensitive('lain@contoh.test' as Email), at)).to.equal(
      false,
    );
    expect((await core.store.accounts.findById(account.id))?.emailVerifiedAt).to.equal(undefined);
  });

  it('take a new hash of the same password only while it is still the same', async () => {
    const account = await kept();
    await core.store.accounts.rehash(account.id, 'another', 'new');
    expect((await core.store.accounts.findById(account.id))?.passwordHash).to.equal(account.passwordHash);
    await core.store.accounts.rehash(account.id, account.passwordHash, 'new');
    expect((await core.store.accounts.findById(account.id))?.passwordHash).to.equal('new');
  });

  it('know the devices that have signed in, each account its own', async () => {
    const [account, other] = [await kept(), await kept()];
    const device = core.random.bytes(32);
    expect(await core.store.devices.isKnown(account.id, device)).to.equal(false);
    await core.store.devices.remember(account.id, device, at);
    await core.store.devices.remember(account.id, device, at);
    expect(await core.store.devices.isKnown(account.id, device)).to.equal(true);
    expect(await core.store.devices.isKnown(other.id, device)).to.equal(false);
  });

  it('are suspended and reinstated, and say nothing of those that are not there', async () => {
    const account = await kept();
    expect(await core.store.accounts.setStatus(account.id, 'suspended', at)).to.equal(true);
    expect((await core.store.accounts.findById(account.id))?.status).to.equal('suspended');
    expect(await core.store.accounts.setStatus(core.random.uuid(), 'suspended', at)).to.equal(false);
    expect(await core.store.accounts.findById(core.random.uuid())).to.equal(undefined);
  });
});
