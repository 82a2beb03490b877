import { expect } from 'chai';
import type { Context } from 'koa';
import { createSealer } from '../../src/crypto/seal.ts';
import { createTickets, type Tickets } from '../../src/interaction/ticket.ts';
import { newKeyring } from '../crypto/keys.ts';
import { TestClock } from '../support/clock.ts';

const ticket = { uid: 'uid-of-a-sign-in', clientId: 'karirhub', params: {}, endsAt: 0 };
const attributes = { httpOnly: true, sameSite: 'lax', secure: true, path: '/' };

describe('What a sign-in takes over from one that ran out', () => {
  let tickets: Tickets;
  let jar: Map<string, string>;
  let set: [name: string, options: Readonly<Record<string, unknown>>][];
  let ctx: Context;

  beforeEach(() => {
    const config = { http: { issuer: 'https://sso.test' }, lifetimes: { resumeSeconds: 60 } } as Parameters<
      typeof createTickets
    >[0]['config'];
    tickets = createTickets({ sealer: createSealer(newKeyring()), clock: new TestClock(), config });
    jar = new Map();
    set = [];
    const cookies = {
      get: (name: string) => jar.get(name),
      set(name: string, value: string | null, options: Readonly<Record<string, unknown>>) {
        set.push([name, options]);
        if (value === null) jar.delete(name);
        else jar.set(name, value);
      },
    };
    ctx = { cookies } as unknown as Context;
  });

  it('lies in a cookie that no other host of the domain can put there', () => {
    tickets.carry(ctx, ticket);
    expect(set).to.have.length(1);
    expect(set[0]?.[0]).to.equal('__Host-carry');
    expect(set[0]?.[1]).to.include(attributes).and.not.have.property('domain');
  });

  it('is handed over once, and to the same service', async () => {
    tickets.carry(ctx, ticket);
    expect(await tickets.takeCarried(ctx, 'karirhub', ({ uid }) => Promise.resolve(uid === ticket.uid))).to.equal(true);
    expect(await tickets.takeCarried(ctx, 'karirhub', () => Promise.resolve(true)), 'once').to.equal(undefined);
    tickets.carry(ctx, ticket);
    expect(
      await tickets.takeCarried(ctx, 'skillhub', () => Promise.reject<boolean>(new Error('asked for nobody'))),
    ).to.equal(undefined);
    expect(await tickets.takeCarried(ctx, 'karirhub', () => Promise.resolve(true)), 'it waits').to.equal(true);
    expect(jar.size).to.equal(0);
  });

  it('stays where taking it failed', async () => {
    tickets.carry(ctx, ticket);
    const failed = await tickets
      .takeCarried(ctx, 'karirhub', () => Promise.reject(new Error('the database is away')))
      .catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(await tickets.takeCarried(ctx, 'karirhub', () => Promise.resolve(true))).to.equal(true);
  });
});
