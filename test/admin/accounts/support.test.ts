import { expect } from 'chai';
import { parsePerson } from '../../../src/admin/accounts/forms.ts';
import { createActivationMail } from '../../../src/admin/accounts/activation-mail.ts';
import { createAccountService } from '../../../src/admin/accounts/service.ts';
import { createSupport, type Support } from '../../../src/admin/accounts/support.ts';
import type { Core } from '../../../src/core.ts';
import type { Account, AccountId } from '../../../src/domain/account.ts';
import type { Reason } from '../../../src/domain/operator.ts';
import { citizens } from '../../support/citizens.ts';
import { createTestCore } from '../../support/core.ts';

const by = { kind: 'operator', accountId: '00000000-0000-4000-8000-000000000001' as AccountId } as const;
const reason = 'tiket 2041, pemilik menelepon' as Reason;

describe('Showing a citizen’s datum', () => {
  let core: Core;
  let close: () => Promise<void>;
  let support: Support;
  let budi: Account;

  before(async () => {
    ({ core, close } = await createTestCore());
    const { mother: _mother, ...typed } = citizens.budi;
    const parsed = parsePerson({ ...typed, email: undefined, locale: 'id' }, core.config, new Date());
    const made = parsed.ok ? await createAccountService(core).create(parsed.value, 'operator') : parsed;
    if (!made.ok) throw new Error(JSON.stringify(made.refusal));
    budi = made.value;
    const limits = {
      ...core.limits,
      operator: { ...core.limits.operator, reveal: { ...core.limits.operator.reveal, points: 2 } },
    };
    support = createSupport({
      ...core,
      recoveries: { settleOf: () => Promise.resolve() },
      limits,
      accounts: createAccountService(core),
      activationMail: createActivationMail(core),
    });
  });
  after(() => close());

  it('is never for oneself, and nothing where nothing is', async () => {
    expect(await support.reveal(budi, 'nik', reason, { kind: 'operator', accountId: budi.id })).to.deep.equal({
      ok: false,
      refusal: 'own-account',
    });
    expect(await support.reveal(budi, 'email', reason, by)).to.deep.equal({ ok: false, refusal: 'nothing-there' });
    expect(await core.store.audit.list({ type: 'account.revealed' })).to.deep.equal([]);
  });

  it('is recorded with its reason and without the datum, and limited', async () => {
    const shown = await support.reveal(budi, 'nik', reason, by);
    expect(shown.ok && shown.value.reveal()).to.equal(citizens.budi.nik);
    expect((await support.reveal(budi, 'phone', reason, by)).ok).to.equal(true);
    expect(await support.reveal(budi, 'name', reason, by)).to.deep.equal({ ok: false, refusal: 'limit' });
    const events = await core.store.audit.list({ type: 'account.revealed' });
    expect(events.map(({ details, accountId }) => ({ details, accountId }))).to.deep.equal(
      ['nik', 'phone'].map((datum) => ({
        details: { by: `operator:${by.accountId}`, datum, reason },
        accountId: budi.id,
      })),
    );
  });
});
