import { expect } from 'chai';
import { createProving } from '../../src/account/contact/proving.ts';
import { createContact } from '../../src/account/contact/service.ts';
import { createActivationMail } from '../../src/admin/accounts/activation-mail.ts';
import { createAccountService } from '../../src/admin/accounts/service.ts';
import { createSupport, type Support } from '../../src/admin/accounts/support.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { RecoveryRequests } from '../../src/recovery-request/service.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { somebody } from '../support/citizens.ts';
import { e164, eventsOf, file, holder, linkTo, officer, requestsOf, stateOf, tokenOf, why } from './steps.ts';

const [FIRST, SECOND] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'].map(
  officer,
) as [ReturnType<typeof officer>, ReturnType<typeof officer>];
const DAY = { days: 1, minutes: 1 };

describe('A request against a thief who sits in the account', () => {
  let app: TestApp;
  let requests: RecoveryRequests;
  let support: Support;
  before(async () => {
    app = await startTestApp();
    requests = requestsOf(app);
    support = createSupport({
      ...app.container,
      accounts: createAccountService(app.container),
      activationMail: createActivationMail(app.container),
      recoveries: requests,
    });
  });
  beforeEach(() => app.database.knex('recovery_requests').delete());
  after(() => app.close());

  const accountOf = async (id: AccountId) => (await app.store.accounts.findById(id))!;
  const setStatus = async (id: AccountId, status: 'active' | 'suspended'): Promise<void> => {
    expect(await support.setStatus(await accountOf(id), status, why, FIRST)).to.include({ ok: true });
  };
  async function approve(request: { readonly id: string }): Promise<void> {
    expect(await requests.examine(request.id, why, FIRST)).to.include({ ok: true });
    expect(await requests.approve(request.id, why, SECOND)).to.include({ ok: true });
  }
  const textsTo = async (phone: string): Promise<string[]> => (await app.messagesTo(phone)).map(({ text }) => text);

  it('waits while the account is suspended, and is given the moment it is reinstated: no objection comes between', async () => {
    const person = await holder(app);
    const request = await file(app, person);
    const token = tokenOf(await linkTo(app, person.citizen.email));
    await setStatus(person.id, 'suspended');
    await approve(request);
    app.clock.advance(DAY);
    expect(await requests.settleDue()).to.deep.equal({ completed: 0, lapsed: 0 });
    expect(await stateOf(app, request)).to.equal('approved');
    await setStatus(person.id, 'active');
    expect(await requests.cancelByToken(token)).to.equal(false);
    expect(await stateOf(app, request)).to.equal('completed');
    expect((await accountOf(person.id)).phone?.reveal()).to.equal(e164(request.phone).reveal());
  });

  it('is not given by a reinstatement before its time, nor without a second opinion', async () => {
    const person = await holder(app);
    const [early, examined] = [await file(app, person), await file(app, person)];
    await setStatus(person.id, 'suspended');
    await approve(early);
    await requests.examine(examined.id, why, FIRST);
    await setStatus(person.id, 'active');
    expect([await stateOf(app, early), await stateOf(app, examined)]).to.deep.equal(['approved', 'examined']);
  });

  it('ends the links that would confirm the address which is on the account', async () => {
    const person = await holder(app, { emailVerified: false });
    const { keyedHash, store } = app.container;
    const request = await file(app, person);
    await approve(request);
    app.clock.advance(DAY);
    const at = app.clock.now();
    await store.confirmations.insert({
      tokenHash: keyedHash.hash('email-token', 'read by a thief'),
      accountId: person.id,
      emailIndex: store.accounts.emailIndex((await accountOf(person.id)).email!),
      at,
      expiresAt: new Date(at.getTime() + 86_400_000),
    });
    await requests.settleDue();
    expect(await stateOf(app, request)).to.equal('completed');
    const contact = createContact({ ...app.container, proving: createProving(app.container) });
    expect(await contact.confirmEmail('read by a thief')).to.include({ ok: false });
    expect((await accountOf(person.id)).emailVerifiedAt).to.equal(undefined);
  });

  it('brings no session back that was ended by a clock ahead of its own', async () => {
    const person = await holder(app);
    const request = await file(app, person);
    await approve(request);
    app.clock.advance(DAY);
    const ahead = new Date(app.clock.now().getTime() + 600_000);
    await app.store.sessionEnds.endAll(person.id, 'ended-by-operator', ahead);
    const before = (await accountOf(person.id)).sessionsValidAfter;
    await requests.settleDue();
    expect(await stateOf(app, request)).to.equal('completed');
    expect((await accountOf(person.id)).sessionsValidAfter).to.deep.equal(before);
  });

  it('ends the others of the account with it, and says nothing of refusal to whoever has got it', async () => {
    const person = await holder(app);
    const own = somebody().phone;
    const [twice, given, thiefs] = [
      await file(app, person, { phone: own }),
      await file(app, person, { phone: own }),
      await file(app, person),
    ];
    await approve(given);
    app.clock.advance(DAY);
    await requests.settleDue();
    const states = await Promise.all([twice, given, thiefs].map((one) => stateOf(app, one)));
    expect(states).to.deep.equal(['lapsed', 'completed', 'lapsed']);
    expect(await eventsOf(app, person.id, 'recovery.request.lapsed')).to.have.length(2);
    expect((await textsTo(own)).join())
      .to.include('dikabulkan. Masuk')
      .and.not.include('tidak dapat dikabulkan');
    expect((await textsTo(thiefs.phone)).join()).to.include('tidak dapat dikabulkan');
  });

  it('goes by when a number was proved, not by when another request gave it', async () => {
    const [one, two] = [await holder(app), await holder(app)];
    const first = await file(app, one);
    app.clock.advance({ hours: 1 });
    const second = await file(app, two, { phone: first.phone });
    await approve(first);
    await approve(second);
    app.clock.advance({ hours: 23, minutes: 1 });
    await requests.settleDue();
    expect([await stateOf(app, first), await stateOf(app, second)]).to.deep.equal(['completed', 'approved']);
    app.clock.advance({ hours: 1 });
    await requests.settleDue();
    expect(await stateOf(app, second)).to.equal('completed');
    expect((await accountOf(one.id)).phoneVerifiedAt).to.equal(undefined);
  });
});
