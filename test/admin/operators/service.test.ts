import { expect } from 'chai';
import { parsePerson } from '../../../src/admin/accounts/forms.ts';
import { createAccountService } from '../../../src/admin/accounts/service.ts';
import { createOperatorService, type OperatorService } from '../../../src/admin/operators/service.ts';
import type { Core } from '../../../src/core.ts';
import type { Account } from '../../../src/domain/account.ts';
import { parseReason, permissionsOf } from '../../../src/domain/operator.ts';
import { createTestCore } from '../../support/core.ts';
import { somebody } from '../../support/citizens.ts';

describe('Roles of operators', () => {
  it('give the least that each needs: who gives rights out does not use them', () => {
    expect([...permissionsOf(['administrator'])])
      .to.include('operators.write')
      .and.not.include.members(['accounts.read'])
      .and.not.include.members(['clients.approve']);
    expect([...permissionsOf(['auditor'])].filter((right) => !right.endsWith('.read'))).to.deep.equal([]);
    expect([...permissionsOf(['client-manager'])]).not.to.include('clients.approve');
    expect([...permissionsOf(['client-approver'])]).not.to.include('clients.write');
    expect([...permissionsOf(['support', 'auditor'])])
      .to.include.members(['accounts.reveal', 'audit.read'])
      .and.not.include('operators.write');
    expect(permissionsOf([]).size).to.equal(0);
  });
});

describe('A reason', () => {
  for (const [text, outcome] of [
    ['tiket 2041, pemilik menelepon', undefined],
    ['iseng', 'reason-short'],
    ['x'.repeat(301), 'reason-long'],
    ['NIK 9901 0101 0190 0001 menelepon', 'reason-personal'],
    ['nomor 0812-3456-7890 hilang', 'reason-personal'],
    ['surat dari budi@contoh.test', 'reason-personal'],
  ] as const) {
    it(`may be kept for ever or is refused: ${text.slice(0, 30)}`, () => {
      const parsed = parseReason(text);
      expect(parsed.ok ? undefined : parsed.refusal).to.equal(outcome);
    });
  }

  it('keeps nothing that cannot be seen, or be kept', () => {
    expect(parseReason('tiket\u0000 2041,\u202e pemilik\ud800 menelepon\r\n')).to.deep.equal({
      ok: true,
      value: 'tiket 2041, pemilik menelepon',
    });
    expect(parseReason('\u200b'.repeat(20))).to.deep.equal({ ok: false, refusal: 'reason-short' });
  });
});

describe('Operators', () => {
  let core: Core;
  let close: () => Promise<void>;
  let operators: OperatorService;
  let chief: Account;
  let other: Account;

  async function person(): Promise<Account> {
    const { mother: _mother, ...typed } = somebody();
    const parsed = parsePerson({ ...typed, locale: 'id' }, core.config, new Date());
    const made = parsed.ok ? await createAccountService(core).create(parsed.value, 'operator') : parsed;
    if (!made.ok) throw new Error(JSON.stringify(made.refusal));
    return made.value;
  }

  before(async () => {
    ({ core, close } = await createTestCore());
    operators = createOperatorService(core);
    chief = await person();
    other = await person();
  });
  after(() => close());

  it('begin on the command line, and are recorded', async () => {
    expect(await operators.grant(chief, 'administrator', { kind: 'command-line' })).to.deep.equal({
      ok: true,
      value: undefined,
    });
    expect((await operators.rightsOf(chief.id)).roles).to.deep.equal(['administrator']);
    expect(
      (await core.store.audit.list({ type: 'operator.granted' })).map(({ details, accountId }) => ({
        details,
        accountId,
      })),
    ).to.deep.equal([{ details: { role: 'administrator', by: 'operator' }, accountId: chief.id }]);
  });

  it('never change their own roles', async () => {
    const by = { kind: 'operator', accountId: chief.id } as const;
    expect(await operators.grant(chief, 'support', by)).to.deep.equal({ ok: false, refusal: 'own-account' });
    expect(await operators.revoke(chief, 'administrator', by)).to.deep.equal({ ok: false, refusal: 'own-account' });
  });

  it('hold a role once, though two give it at the same moment, and lose it at once', async () => {
    const by = { kind: 'operator', accountId: chief.id } as const;
    const both = await Promise.all([operators.grant(other, 'support', by), operators.grant(other, 'support', by)]);
    expect(both.map(({ ok }) => ok).sort()).to.deep.equal([false, true]);
    expect(
      (await operators.list()).map(({ account, grants }) => [account.id, grants.map(({ role }) => role)]),
    ).to.deep.equal([
      [chief.id, ['administrator']],
      [other.id, ['support']],
    ]);
    expect(await operators.revoke(other, 'support', by)).to.deep.equal({ ok: true, value: undefined });
    expect((await operators.rightsOf(other.id)).permissions.size).to.equal(0);
    expect(await operators.revoke(other, 'support', by)).to.deep.equal({ ok: false, refusal: 'role-not-held' });
    expect((await operators.grant(other, 'support', by)).ok, 'may be given again').to.equal(true);
  });

  it('may do nothing while their account is suspended', async () => {
    await createAccountService(core).setStatus({ sub: other.id }, 'suspended');
    expect((await operators.rightsOf(other.id)).permissions.size).to.equal(0);
    expect(await operators.grant({ ...other, status: 'suspended' }, 'auditor', { kind: 'command-line' })).to.deep.equal(
      { ok: false, refusal: 'account-suspended' },
    );
  });
});
