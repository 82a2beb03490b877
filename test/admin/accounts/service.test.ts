import { expect } from 'chai';
import { parsePerson, type Person, type TypedPerson } from '../../../src/admin/accounts/forms.ts';
import { createAccountService, type AccountService } from '../../../src/admin/accounts/service.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Core } from '../../../src/core.ts';
import type { Account } from '../../../src/domain/account.ts';
import { createFindAccount } from '../../../src/oidc/accounts.ts';
import { createPeople } from '../../../src/oidc/people.ts';
import { createTestCore } from '../../support/core.ts';

const typed: TypedPerson = {
  nik: '9901010101900001',
  name: 'BUDI CONTOH SANTOSO',
  email: 'budi@contoh.test',
  phone: '081234567890',
  password: 'Contoh#2026',
  locale: 'id',
};
const today = new Date('2026-11-23T00:00:00Z');

describe('Accounts made by an operator', () => {
  const config = loadConfig({ NODE_ENV: 'test' });
  const cases: [string, Partial<TypedPerson>, string, readonly string[]][] = [
    ['a NIK of 15 digits', { nik: '990101010190000' }, 'nik', ['nik-length']],
    ['a child', { nik: '9901010101150001' }, 'nik', ['too-young']],
    ['a name with digits', { name: 'BUDI 2' }, 'name', ['name-chars']],
    ['an e-mail without a domain', { email: 'budi@' }, 'email', ['email-form']],
    ['a fixed line', { phone: '0215550100' }, 'phone', ['phone-fixed']],
    [
      'a weak password',
      { password: 'contoh' },
      'password',
      ['password-length', 'password-upper', 'password-digit', 'password-symbol'],
    ],
  ];
  for (const [what, change, field, refusals] of cases) {
    it(`follow the rules of registration: ${what}`, () => {
      const parsed = parsePerson({ ...typed, ...change }, config, today);
      expect(parsed).to.deep.equal({ ok: false, refusal: [{ field, refusals }] });
    });
  }

  it('are refused with every problem at once', () => {
    const parsed = parsePerson({ ...typed, nik: '', name: '' }, config, today);
    expect(!parsed.ok && parsed.refusal.map(({ field }) => field)).to.deep.equal(['nik', 'name']);
  });
});

describe('Accounts', () => {
  let core: Core;
  let close: () => Promise<void>;
  let accounts: AccountService;
  let budi: Account;

  function person(change: Partial<TypedPerson> = {}): Person {
    const parsed = parsePerson({ ...typed, ...change }, core.config, today);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
    return parsed.value;
  }

  before(async () => {
    ({ core, close } = await createTestCore());
    accounts = createAccountService(core);
    const made = await accounts.create(person(), 'operator');
    if (!made.ok) throw new Error(made.refusal);
    budi = made.value;
  });
  after(() => close());

  const eventsOf = async ({ id }: Account) =>
    (await core.store.audit.list({ accountId: id })).map(({ type, details }) => ({ type, details }));

  it('are made with address and number proved, and recorded', async () => {
    expect(budi.emailVerifiedAt).not.to.be.undefined;
    expect(budi.phoneVerifiedAt).not.to.be.undefined;
    expect((await core.passwords.verify(person().password, budi.passwordHash)).matches).to.be.true;
    expect((await eventsOf(budi))[0]).to.deep.equal({ type: 'account.created', details: { by: 'operator' } });
  });

  it('are unique by NIK, proved address and proved number', async () => {
    const other = { nik: '9901014101900002', email: 'ratna@contoh.test', phone: '081200000002' };
    expect(
      await accounts.create(person({ email: 'lain@contoh.test', phone: '081200000001' }), 'operator'),
    ).to.deep.equal({ ok: false, refusal: 'nik-taken' });
    expect(await accounts.create(person({ ...other, email: 'BUDI@contoh.test' }), 'operator')).to.deep.equal({
      ok: false,
      refusal: 'email-taken',
    });
    expect(await accounts.create(person({ ...other, phone: '+62 812-3456-7890' }), 'operator')).to.deep.equal({
      ok: false,
      refusal: 'phone-taken',
    });
    expect(await core.store.audit.list({ type: 'account.created' })).to.have.length(1);
  });

  it('of one NIK come about once when two are made at the same time', async () => {
    const twin = person({ nik: '9902015508880003', name: "NUR'AINI CONTOH", email: undefined, phone: undefined });
    const made = await Promise.all([accounts.create(twin, 'operator'), accounts.create(twin, 'operator')]);
    expect(made.map(({ ok }) => ok).sort()).to.deep.equal([false, true]);
  });

  it('are found by subject, NIK, address and number', async () => {
    const { nik, email, phone } = person();
    const keys = [
      { sub: budi.id },
      ...[
        nik.map((value) => ({ kind: 'nik' as const, value })),
        email!.map((value) => ({ kind: 'email' as const, value })),
        phone!.map((value) => ({ kind: 'phone' as const, value })),
      ].map((identifier) => ({ identifier })),
    ];
    for (const key of keys) expect((await accounts.find(key))?.id).to.equal(budi.id);
    expect(await accounts.find({ sub: 'no uuid' })).to.be.undefined;
  });

  it('that are suspended are nobody to the protocol until they are reinstated', async () => {
    const findAccount = createFindAccount({ people: createPeople(core.store), timeZone: 'Asia/Jakarta' });
    const known = async () => (await findAccount({ oidc: {} } as never, budi.id)) !== undefined;
    await accounts.setStatus({ sub: budi.id }, 'suspended');
    await accounts.setStatus({ sub: budi.id }, 'suspended');
    expect(await known()).to.be.false;
    await accounts.setStatus({ sub: budi.id }, 'active');
    expect(await known()).to.be.true;
    expect((await eventsOf(budi)).slice(1)).to.deep.equal([
      { type: 'account.suspended', details: { by: 'operator' } },
      { type: 'account.reinstated', details: { by: 'operator' } },
    ]);
    expect(await accounts.setStatus({ sub: 'tiada' }, 'suspended')).to.deep.equal({
      ok: false,
      refusal: 'account-unknown',
    });
  });
});
