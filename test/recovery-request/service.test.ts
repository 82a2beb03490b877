import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import type { OfficerRefusal, RecoveryRequests } from '../../src/recovery-request/service.ts';
import { recoveryRequestsOf } from '../../src/recovery-requests.ts';
import { earlierClock } from '../../src/jobs/earlier-clock.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { giveSecondFactor } from '../support/authenticator.ts';
import { somebody } from '../support/citizens.ts';
import { giveRoles } from '../support/console.ts';
import {
  e164,
  eventsOf,
  file,
  holder,
  linkTo,
  officer,
  requestsOf,
  stateOf,
  tokenOf,
  why,
  type Holder,
} from './steps.ts';

/** Names in the audit log; these two need no account. */
const [FIRST, SECOND] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'].map(
  officer,
) as [ReturnType<typeof officer>, ReturnType<typeof officer>];
const DAY = { days: 1, minutes: 1 };

describe('A request for an account whose number and address are both lost', () => {
  let app: TestApp;
  let requests: RecoveryRequests;
  before(async () => {
    app = await startTestApp();
    requests = requestsOf(app);
  });
  beforeEach(() => app.database.knex('recovery_requests').delete());
  after(() => app.close());

  const accountOf = async (id: AccountId) => (await app.store.accounts.findById(id))!;
  const refusalOf = (done: { ok: boolean; refusal?: OfficerRefusal }): OfficerRefusal | undefined =>
    done.ok ? undefined : done.refusal;
  async function approve(request: { readonly id: string }): Promise<void> {
    expect(await requests.examine(request.id, why, FIRST)).to.include({ ok: true });
    expect(await requests.approve(request.id, why, SECOND)).to.include({ ok: true });
  }
  const textsTo = async (phone: string): Promise<string[]> => (await app.messagesTo(phone)).map(({ text }) => text);

  it('warns whoever holds the account: the proved number without a link, the proved address with one', async () => {
    const { citizen, id } = await holder(app);
    const request = await file(app, { id });
    expect(request.number).to.match(/^[2-9A-Z]{4}-[2-9A-Z]{2}$/);
    expect(request.waitsUntil.getTime() - request.filedAt.getTime()).to.equal(86_400_000);
    const [sms] = await textsTo(citizen.phone);
    expect(sms)
      .to.match(/^SIAPkerja: ada permohonan pemulihan akun Anda\./)
      .and.not.match(/https?:|\/\/|@/)
      .and.not.include(citizen.name);
    const [letter] = await app.messagesTo(citizen.email);
    expect(letter).to.include({ subject: 'Permohonan pemulihan akun' });
    expect(letter!.text)
      .to.include(request.number)
      .and.include('/account/recovery-request?token=')
      .and.not.include(citizen.nik)
      .and.not.include(citizen.phone)
      .and.not.include(request.phone);
    expect(await textsTo(request.phone), 'nothing came of it yet').to.deep.equal([]);
    expect(await eventsOf(app, id, 'recovery.request.filed')).to.deep.equal([
      { request: request.id, operator: 'telkomsel' },
    ]);
  });

  it('warns at no contact that is not proved: it may be a stranger’s', async () => {
    const { citizen, id } = await holder(app, { emailVerified: false, phoneVerified: false });
    await file(app, { id });
    expect(await app.messagesTo(citizen.phone)).to.deep.equal([]);
    expect(await app.messagesTo(citizen.email)).to.deep.equal([]);
  });

  it('gives the account when two officers are for it and the wait is over: number, password, an end of all sessions', async () => {
    const { citizen, id } = await holder(app);
    const former = await accountOf(id);
    const request = await file(app, { id });
    await approve(request);
    expect(await requests.settleDue(), 'both were faster than a day').to.deep.equal({ completed: 0, lapsed: 0 });
    expect((await accountOf(id)).phone?.reveal()).to.equal(former.phone?.reveal());

    app.clock.advance(DAY);
    expect(await requests.settleDue()).to.deep.equal({ completed: 1, lapsed: 0 });
    const account = await accountOf(id);
    expect(account.phone?.reveal()).to.equal(e164(request.phone).reveal());
    expect(account.phoneVerifiedAt).to.be.instanceOf(Date);
    expect(account.email?.reveal()).to.equal(citizen.email);
    expect(account.emailVerifiedAt, 'nothing reaches them there, they said').to.equal(undefined);
    const stored = (await app.database.knex('accounts').where({ id }).first()) as Record<string, unknown>;
    expect(stored.password_hash).to.equal('the new hash');
    expect(stored.sessions_valid_after).to.be.instanceOf(Date);
    expect((await textsTo(request.phone))[0]).to.match(
      new RegExp(`^SIAPkerja: permohonan ${request.number} dikabulkan\\.`),
    );
    expect((await textsTo(citizen.phone)).join(), 'the former number hears of it').to.include('sudah diganti');
    const closed = (await app.store.recoveryRequests.find(request.id))!;
    expect(closed).to.include({ state: 'completed', wanted: undefined });
    expect(closed.examined).to.include({ by: `operator:${FIRST.accountId}`, reason: why });
    expect(closed.decided).to.include({ by: `operator:${SECOND.accountId}`, reason: why });
    for (const type of ['examined', 'approved'] as const)
      expect(await eventsOf(app, id, `recovery.request.${type}`)).to.have.length(1);
    expect(await eventsOf(app, id, 'recovery.request.completed')).to.deep.equal([
      { request: request.id, operator: 'telkomsel' },
    ]);
    expect(await eventsOf(app, id, 'contact.phone.proved')).to.deep.equal([
      { replaced: true, moved: false, operator: 'telkomsel', by: 'request' },
    ]);
    expect(await requests.settleDue()).to.deep.equal({ completed: 0, lapsed: 0 });
  });

  it('keeps the second factor', async () => {
    const { id } = await holder(app);
    await giveSecondFactor(app, id);
    const request = await file(app, { id });
    await approve(request);
    app.clock.advance(DAY);
    await requests.settleDue();
    expect(await stateOf(app, request)).to.equal('completed');
    expect(await app.container.secondFactors.isEnrolled(id)).to.equal(true);
  });

  it('proves the number anew where the account has it already', async () => {
    const person = await holder(app, { phoneVerified: false });
    const request = await file(app, person, { phone: person.citizen.phone });
    await approve(request);
    app.clock.advance(DAY);
    await requests.settleDue();
    expect(await stateOf(app, request)).to.equal('completed');
    expect((await accountOf(person.id)).phoneVerifiedAt).to.be.instanceOf(Date);
  });

  describe('is decided by two officers', () => {
    const cases: readonly [
      what: string,
      expected: OfficerRefusal | undefined,
      act: (id: string, person: Holder) => Promise<{ ok: boolean; refusal?: OfficerRefusal }>,
    ][] = [
      ['approved before the first has looked', 'not-examined', (id) => requests.approve(id, why, SECOND)],
      [
        'approved by the first',
        'same-officer',
        async (id) => {
          await requests.examine(id, why, FIRST);
          return requests.approve(id, why, FIRST);
        },
      ],
      [
        'examined twice',
        'examined-already',
        async (id) => {
          await requests.examine(id, why, FIRST);
          return requests.examine(id, why, SECOND);
        },
      ],
      [
        'approved twice',
        'approved-already',
        async (id) => {
          await approve({ id });
          return requests.approve(id, why, officer('00000000-0000-4000-8000-00000000000c'));
        },
      ],
      [
        'examined when it is closed',
        'closed',
        async (id) => {
          await requests.reject(id, why, FIRST);
          return requests.examine(id, why, SECOND);
        },
      ],
      [
        'approved when it is closed',
        'closed',
        async (id) => {
          await requests.reject(id, why, FIRST);
          return requests.approve(id, why, SECOND);
        },
      ],
      [
        'rejected when it is closed',
        'closed',
        async (id, { id: accountId }) => {
          await requests.cancelAllOf(accountId);
          return requests.reject(id, why, SECOND);
        },
      ],
      ['examined by its own subject', 'own-account', (id, person) => requests.examine(id, why, officer(person.id))],
      ['approved by its own subject', 'own-account', (id, person) => requests.approve(id, why, officer(person.id))],
      ['rejected by its own subject', 'own-account', (id, person) => requests.reject(id, why, officer(person.id))],
      [
        'examined for an operator',
        'operator-account',
        async (id, person) => {
          await giveRoles(app, person.id, ['auditor']);
          return requests.examine(id, why, FIRST);
        },
      ],
      [
        'approved for somebody who has become an operator',
        'operator-account',
        async (id, person) => {
          await requests.examine(id, why, FIRST);
          await giveRoles(app, person.id, ['auditor']);
          return requests.approve(id, why, SECOND);
        },
      ],
      [
        'rejected for an operator: one is enough to say no',
        undefined,
        async (id, person) => {
          await giveRoles(app, person.id, ['auditor']);
          return requests.reject(id, why, FIRST);
        },
      ],
      ['rejected by one alone', undefined, (id) => requests.reject(id, why, FIRST)],
      [
        'rejected after it was approved',
        undefined,
        async (id) => {
          await approve({ id });
          return requests.reject(id, why, FIRST);
        },
      ],
      ['unknown', 'unknown', () => requests.examine('00000000-0000-4000-8000-0000000000ff', why, FIRST)],
    ];
    for (const [what, expected, act] of cases)
      it(`${what}: ${expected ?? 'done'}`, async () => {
        const person = await holder(app);
        const request = await file(app, person);
        expect(refusalOf(await act(request.id, person))).to.equal(expected);
        if (expected !== undefined) return;
        expect(await app.store.recoveryRequests.find(request.id)).to.include({ state: 'rejected', wanted: undefined });
        expect((await textsTo(request.phone))[0]).to.include(`${request.number} tidak dapat dikabulkan`);
      });
  });

  describe('comes to nothing', () => {
    const outcome = async (request: { readonly id: string }, person: Holder) => ({
      state: await stateOf(app, request),
      lapsed: await eventsOf(app, person.id, 'recovery.request.lapsed'),
      phone: (await accountOf(person.id)).phone?.reveal(),
    });
    const changes: readonly [what: string, change: (person: Holder) => Promise<unknown>][] = [
      [
        'a password was set since: whoever did that has a way in',
        ({ id }) =>
          app.store.accounts.resetPassword(id, {
            passwordHash: 'x',
            provedAt: app.clock.now(),
            at: app.clock.now(),
            sessionsValidAfter: app.clock.now(),
          }),
      ],
      ['its person has become an operator', ({ id }) => giveRoles(app, id, ['support'])],
    ];
    for (const [what, change] of changes)
      it(`where ${what}`, async () => {
        const person = await holder(app);
        const request = await file(app, person);
        await approve(request);
        app.clock.advance({ minutes: 1 });
        await change(person);
        app.clock.advance(DAY);
        expect((await requests.settleDue()).completed).to.equal(0);
        expect(await outcome(request, person)).to.deep.equal({
          state: 'lapsed',
          lapsed: [{ request: request.id, reason: 'account-changed' }],
          phone: e164(person.citizen.phone).reveal(),
        });
        expect((await app.store.recoveryRequests.find(request.id))?.wanted).to.equal(undefined);
        expect((await textsTo(request.phone))[0]).to.include('tidak dapat dikabulkan');
      });

    it('where another account has proved the number since: whoever has proved it last has it', async () => {
      const person = await holder(app);
      const request = await file(app, person);
      await approve(request);
      app.clock.advance({ minutes: 1 });
      const other = await holder(app, {}, { phone: request.phone });
      app.clock.advance(DAY);
      await requests.settleDue();
      expect(await outcome(request, person)).to.deep.include({
        state: 'lapsed',
        lapsed: [{ request: request.id, reason: 'number-moved' }],
      });
      expect((await accountOf(other.id)).phoneVerifiedAt).to.be.instanceOf(Date);
    });

    it('not where another account had proved it before: that one loses it, and is told', async () => {
      const other = await holder(app);
      app.clock.advance({ minutes: 1 });
      const person = await holder(app);
      const request = await file(app, person, { phone: other.citizen.phone });
      await approve(request);
      app.clock.advance(DAY);
      await requests.settleDue();
      expect(await stateOf(app, request)).to.equal('completed');
      expect((await accountOf(other.id)).phoneVerifiedAt).to.equal(undefined);
      expect(await eventsOf(app, other.id, 'contact.phone.lost')).to.have.length(1);
      expect((await app.messagesTo(other.citizen.email)).length).to.be.greaterThan(0);
    });

    it('where the account was suspended for two weeks', async () => {
      const person = await holder(app);
      const request = await file(app, person);
      await approve(request);
      await app.store.accounts.setStatus(person.id, 'suspended', app.clock.now());
      app.clock.advance({ days: 14, minutes: 1 });
      await requests.settleDue();
      expect(await outcome(request, person)).to.deep.include({
        state: 'lapsed',
        lapsed: [{ request: request.id, reason: 'account-changed' }],
      });
    });

    it('where nobody has decided for two weeks, the first opinion or not', async () => {
      const [one, two] = [await holder(app), await holder(app)];
      const [filed, examined] = [await file(app, one), await file(app, two)];
      await requests.examine(examined.id, why, FIRST);
      app.clock.advance({ days: 13, hours: 23 });
      await requests.settleDue();
      expect([await stateOf(app, filed), await stateOf(app, examined)]).to.deep.equal(['filed', 'examined']);
      app.clock.advance({ hours: 2 });
      expect((await requests.settleDue()).lapsed).to.be.at.least(2);
      for (const [request, person] of [
        [filed, one],
        [examined, two],
      ] as const)
        expect(await outcome(request, person)).to.deep.include({
          state: 'lapsed',
          lapsed: [{ request: request.id, reason: 'undecided' }],
        });
    });
  });

  describe('is cancelled by whoever holds the account', () => {
    it('by the link of the letter, once, until it is given', async () => {
      const { citizen, id } = await holder(app);
      const request = await file(app, { id });
      await approve(request);
      const token = tokenOf(await linkTo(app, citizen.email));
      expect((await requests.findByToken(token))?.id).to.equal(request.id);
      expect(await stateOf(app, request), 'a look changes nothing').to.equal('approved');
      expect(await requests.cancelByToken(token)).to.equal(true);
      expect(await requests.cancelByToken(token)).to.equal(false);
      expect(await app.store.recoveryRequests.find(request.id)).to.include({ state: 'cancelled', wanted: undefined });
      expect(await eventsOf(app, id, 'recovery.request.cancelled')).to.deep.equal([
        { request: request.id, way: 'letter' },
      ]);
      expect((await textsTo(request.phone))[0]).to.include('tidak dapat dikabulkan');
      app.clock.advance(DAY);
      await requests.settleDue();
      expect(await stateOf(app, request)).to.equal('cancelled');
    });

    it('signed in: all there are, of this account alone', async () => {
      const [person, other] = [await holder(app), await holder(app)];
      const own = [await file(app, person), await file(app, person)];
      const another = await file(app, other);
      expect(await requests.openOf(person.id)).to.have.length(2);
      expect(await requests.cancelAllOf(person.id)).to.equal(2);
      expect(await requests.cancelAllOf(person.id)).to.equal(0);
      for (const request of own) expect(await stateOf(app, request)).to.equal('cancelled');
      expect(await stateOf(app, another)).to.equal('filed');
    });

    it('by nobody while the account is suspended: a thief may have put an own address there', async () => {
      const person = await holder(app);
      const request = await file(app, person);
      const token = tokenOf(await linkTo(app, person.citizen.email));
      await app.store.accounts.setStatus(person.id, 'suspended', app.clock.now());
      expect(await requests.findByToken(token)).to.equal(undefined);
      expect(await requests.cancelByToken(token)).to.equal(false);
      expect(await requests.cancelAllOf(person.id)).to.equal(0);
      expect(await stateOf(app, request)).to.equal('filed');
      await app.store.accounts.setStatus(person.id, 'active', app.clock.now());
      expect(await requests.cancelByToken(token)).to.equal(true);
    });

    it('by no token that is unknown, empty or very long, and none of a request that is closed', async () => {
      const person = await holder(app);
      const request = await file(app, person);
      const token = tokenOf(await linkTo(app, person.citizen.email));
      for (const odd of ['', 'x', `${token}x`, token.slice(1), 'a'.repeat(100_000)]) {
        expect(await requests.findByToken(odd)).to.equal(undefined);
        expect(await requests.cancelByToken(odd)).to.equal(false);
      }
      await requests.reject(request.id, why, FIRST);
      expect(await requests.findByToken(token)).to.equal(undefined);
      expect(await requests.cancelByToken(token)).to.equal(false);
    });
  });

  describe('counts once, whoever comes at the same moment', () => {
    it('two officers who examine: one', async () => {
      const request = await file(app, await holder(app));
      const done = await Promise.all([FIRST, SECOND].map((by) => requests.examine(request.id, why, by)));
      expect(done.map(refusalOf)).to.have.members([undefined, 'examined-already']);
    });

    it('two officers who approve: one', async () => {
      const person = await holder(app);
      const request = await file(app, person);
      await requests.examine(request.id, why, FIRST);
      const third = officer('00000000-0000-4000-8000-00000000000c');
      const done = await Promise.all([SECOND, third].map((by) => requests.approve(request.id, why, by)));
      expect(done.map(refusalOf)).to.have.members([undefined, 'approved-already']);
      expect(await eventsOf(app, person.id, 'recovery.request.approved')).to.have.length(1);
    });

    it('an officer who approves and a holder who cancels: it is cancelled', async () => {
      for (let round = 0; round < 5; round += 1) {
        const person = await holder(app);
        const request = await file(app, person);
        await requests.examine(request.id, why, FIRST);
        const [approved, cancelled] = await Promise.all([
          requests.approve(request.id, why, SECOND),
          requests.cancelAllOf(person.id),
        ]);
        expect(cancelled).to.equal(1);
        expect([undefined, 'closed']).to.include(refusalOf(approved));
        expect(await stateOf(app, request)).to.equal('cancelled');
      }
    });

    it('two turns of the job: the account is given once', async () => {
      const person = await holder(app);
      const request = await file(app, person);
      await approve(request);
      app.clock.advance(DAY);
      const turns = await Promise.all([requests.settleDue(), requests.settleDue(), requestsOf(app).settleDue()]);
      expect(turns.reduce((sum, { completed }) => sum + completed, 0)).to.equal(1);
      expect(await eventsOf(app, person.id, 'recovery.request.completed')).to.have.length(1);
      expect((await textsTo(request.phone)).filter((text) => text.includes('dikabulkan'))).to.have.length(1);
    });

    it('the job and a holder who cancels: given or cancelled, never both', async () => {
      for (let round = 0; round < 5; round += 1) {
        const person = await holder(app);
        const request = await file(app, person);
        await approve(request);
        app.clock.advance(DAY);
        const [settled, cancelled] = await Promise.all([requests.settleDue(), requests.cancelAllOf(person.id)]);
        expect(settled.completed + cancelled).to.equal(1);
        const account = await accountOf(person.id);
        expect([await stateOf(app, request), account.phone?.reveal()]).to.deep.equal(
          cancelled === 1
            ? ['cancelled', e164(person.citizen.phone).reveal()]
            : ['completed', e164(request.phone).reveal()],
        );
      }
    });

    it('two requests for one account that are both approved: the first is given, the other ends with it', async () => {
      const person = await holder(app);
      const [one, two] = [await file(app, person), await file(app, person)];
      await approve(one);
      await approve(two);
      app.clock.advance(DAY);
      expect(await requests.settleDue()).to.deep.equal({ completed: 1, lapsed: 0 });
      expect([await stateOf(app, one), await stateOf(app, two)]).to.have.members(['completed', 'lapsed']);
    });
  });

  it('is given by no clock that is ahead of the database', async () => {
    const person = await holder(app);
    // By the database, in truth: filed just now.
    const request = await file(app, person);
    await approve(request);
    await app.database
      .knex('recovery_requests')
      .where({ id: request.id })
      .update({
        filed_at: app.database.knex.raw('now()'),
        waits_until: app.database.knex.raw("now() + interval '1 day'"),
      });
    app.clock.advance({ days: 30 });
    const job = recoveryRequestsOf(app.container, { clock: await earlierClock(app.container) });
    expect(await job.settleDue()).to.deep.equal({ completed: 0, lapsed: 0 });
    expect(await stateOf(app, request)).to.equal('approved');
    await app.store.recoveryRequests.close(request.id, 'lapsed', app.clock.now());
  });

  it('keeps no other waiting where it cannot be settled, and says so', async () => {
    const [broken, good] = [await holder(app), await holder(app)];
    const [one, two] = [await file(app, broken), await file(app, good)];
    await approve(one);
    await approve(two);
    await app.database
      .knex('recovery_requests')
      .where({ id: one.id })
      .update({ sealed: Buffer.from('no seal') });
    app.clock.advance(DAY);
    const failed: unknown = await requests.settleDue().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).to.be.instanceOf(AggregateError);
    expect(await stateOf(app, two)).to.equal('completed');
    await app.database.knex('recovery_requests').where({ id: one.id }).delete();
  });

  it('shows neither number nor password to whoever reads the table, and nothing once it is closed', async () => {
    const person = await holder(app);
    const request = await file(app, person, { phone: somebody().phone, passwordHash: 'seen-nowhere' });
    const row = async (): Promise<string> =>
      JSON.stringify(
        await app.database.knex('recovery_requests').where({ id: request.id }).first(),
        (_name, value: unknown) =>
          (value as { type?: string } | null)?.type === 'Buffer'
            ? Buffer.from((value as { data: number[] }).data).toString('latin1')
            : value,
      );
    expect(await row())
      .not.to.include('seen-nowhere')
      .and.not.include(e164(request.phone).reveal());
    await requests.cancelAllOf(person.id);
    expect(
      ((await app.database.knex('recovery_requests').where({ id: request.id }).first()) as { sealed: unknown }).sealed,
    ).to.equal(null);
  });
});
