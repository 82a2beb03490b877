import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import { sensitive, type Sensitive } from '../../src/domain/sensitive.ts';
import { createTestCore } from '../support/core.ts';

interface State {
  readonly step: string;
  readonly who?: Sensitive<string>;
}

describe('Drafts in the database', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  const now = new Date('2026-11-23T03:00:00Z');
  const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
  const uid = (): string => core.random.bytes(16).toString('base64url');
  async function begun(state: State = { step: 'identity' }, of = uid(), seconds = 60): Promise<string> {
    await core.store.drafts.insert({
      journey: 'registration',
      uid: of,
      id: core.random.uuid(),
      state,
      now,
      expiresAt: later(seconds),
    });
    return of;
  }
  const find = (of: string, when = now): ReturnType<typeof core.store.drafts.find<State>> =>
    core.store.drafts.find<State>('registration', of, when);

  it('come back as they were, personal data still wrapped', async () => {
    const of = await begun({ step: 'contact', who: sensitive('Canary Orang') });
    const draft = await find(of);
    expect(draft?.state.step).to.equal('contact');
    expect(draft?.state.who?.reveal()).to.equal('Canary Orang');
    expect(String(draft?.state.who)).to.equal('[redacted]');
  });

  it('stand sealed, under a hash of the uid', async () => {
    const of = await begun({ step: 'contact', who: sensitive('Canary Orang') });
    const rows = (await core.knex('drafts').select('*')) as Record<string, unknown>[];
    const bytes = rows
      .flatMap((row) => Object.values(row))
      .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
      .join('\n');
    for (const secret of ['Canary', of, 'contact']) expect(bytes).not.to.include(secret);
  });

  it('are kept apart by uid and by journey', async () => {
    const of = await begun();
    expect(await core.store.drafts.find('recovery', of, now)).to.equal(undefined);
    expect(await find(uid())).to.equal(undefined);
  });

  it('are begun once, though a second press begins them again', async () => {
    const of = await begun({ step: 'otp' });
    await Promise.all(Array.from({ length: 5 }, () => begun({ step: 'identity' }, of)));
    expect((await find(of))?.state.step).to.equal('otp');
  });

  it('end with their time', async () => {
    const of = await begun({ step: 'otp' }, uid(), 10);
    expect(await find(of, later(9))).not.to.equal(undefined);
    expect(await find(of, later(10))).to.equal(undefined);
  });

  it('are handed to one request after the other', async () => {
    const of = await begun({ step: '0' });
    await Promise.all(
      Array.from({ length: 8 }, () =>
        core.store.transaction(async (tx) => {
          const draft = await tx.drafts.find<State>('registration', of, now, { lock: true });
          await tx.drafts.save({ ...draft!, state: { step: String(Number(draft!.state.step) + 1) } }, now);
        }),
      ),
    );
    expect((await find(of))?.state.step).to.equal('8');
  });

  it('are carried to the sign-in that takes the place of another, once, and over no other draft', async () => {
    const [from, to, busy] = [await begun({ step: 'contact' }), uid(), await begun({ step: 'own' })];
    expect(await core.store.drafts.adopt('registration', from, busy)).to.equal(false);
    expect((await find(busy))?.state.step).to.equal('own');
    expect(await core.store.drafts.adopt('registration', from, to)).to.equal(true);
    expect((await find(to))?.state.step).to.equal('contact');
    expect(await find(from)).to.equal(undefined);
    expect(await core.store.drafts.adopt('registration', from, uid())).to.equal(false);
  });

  it('are not believed in the row of another', async () => {
    const [mine, other] = [await begun({ step: 'mine' }), await begun({ step: 'other' })];
    const [a, b] = [await find(mine), await find(other)];
    await core.knex.raw('update drafts t set sealed = s.sealed from drafts s where t.id = ? and s.id = ?', [
      a!.id,
      b!.id,
    ]);
    expect(
      await find(mine).then(
        () => 'opened',
        () => 'refused',
      ),
    ).to.equal('refused');
  });

  it('are removed when their time is over', async () => {
    await core.knex('drafts').delete();
    await begun({ step: 'x' }, uid(), -1);
    const alive = await begun();
    expect(await core.store.drafts.purge(now, 10)).to.equal(1);
    expect(await find(alive)).not.to.equal(undefined);
  });
});
