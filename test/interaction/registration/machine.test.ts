import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import type { Email } from '../../../src/domain/email.ts';
import type { PersonName } from '../../../src/domain/name.ts';
import type { Nik } from '../../../src/domain/nik.ts';
import { issueChallenge, type Challenge } from '../../../src/domain/otp.ts';
import type { Phone } from '../../../src/domain/phone.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import {
  advance,
  begin,
  IllegalTransition,
  type Registration,
  type RegistrationEvent,
  type RegistrationStep,
  type SentCode,
} from '../../../src/interaction/registration/machine.ts';

const policy = { ttlSeconds: 300, triesPerCode: 5, resendSeconds: [60] };
const challengeFor = (recipientHash: string): Challenge =>
  issueChallenge({ purpose: 'activation', recipientHash, codeHash: 'hash' }, new Date('2026-11-23T00:00:00Z'), policy);
const sentTo = (recipientHash: string): SentCode => ({
  challenge: challengeFor(recipientHash),
  messageId: `message-${recipientHash}`,
});

const identity = {
  nik: sensitive('9901010101900001' as Nik),
  name: sensitive('Budi Contoh Santoso' as PersonName),
  reference: 'reference',
};
const contact = {
  email: sensitive('budi@contoh.test' as Email),
  phone: sensitive('+6281234567890' as Phone),
  passwordHash: 'hash',
};
const holder = 'the-holder' as AccountId;
const accountId = 'the-account' as AccountId;
const activatedAt = '2026-11-23T00:02:00.000Z';
const former = { id: accountId, by: 'password', at: activatedAt } as const;

const states: { readonly [Step in RegistrationStep]: Extract<Registration, { step: Step }> } = {
  identity: { step: 'identity' },
  contact: { step: 'contact', identity },
  otp: { step: 'otp', identity, contact, sent: sentTo('first'), numberChanges: 1 },
  registered: { step: 'registered', identity, holder, reported: false },
  finished: {
    step: 'finished',
    identity,
    accountId,
    activatedAt,
    email: contact.email,
    phone: contact.phone,
    phoneMoved: false,
  },
};

const events: { readonly [Type in RegistrationEvent['type']]: Extract<RegistrationEvent, { type: Type }> } = {
  'former-recognised': { type: 'former-recognised', former },
  'identity-verified': { type: 'identity-verified', identity },
  'nik-taken': { type: 'nik-taken', identity, holder },
  'contact-given': { type: 'contact-given', contact, sent: sentTo('first') },
  'code-sent': { type: 'code-sent', sent: sentTo('second') },
  'code-tried': { type: 'code-tried', challenge: { ...challengeFor('first'), tries: 3 } },
  'number-changed': { type: 'number-changed', phone: sensitive('+6281298762797' as Phone), sent: sentTo('other') },
  'email-changed': { type: 'email-changed', email: sensitive('lain@contoh.test' as Email) },
  activated: { type: 'activated', accountId, activatedAt, phoneMoved: true },
  'misuse-reported': { type: 'misuse-reported' },
  restarted: { type: 'restarted' },
};

/** Where each step may lead. Whatever is not here is a caller's bug. */
const ways: Readonly<Record<RegistrationStep, Partial<Record<RegistrationEvent['type'], RegistrationStep>>>> = {
  identity: { 'former-recognised': 'identity', 'identity-verified': 'contact', 'nik-taken': 'registered' },
  contact: { 'former-recognised': 'identity', 'contact-given': 'otp', restarted: 'identity' },
  otp: {
    'former-recognised': 'identity',
    'code-sent': 'otp',
    'code-tried': 'otp',
    'number-changed': 'otp',
    'email-changed': 'otp',
    activated: 'finished',
    'nik-taken': 'registered',
    restarted: 'identity',
  },
  registered: { 'former-recognised': 'identity', 'misuse-reported': 'registered', restarted: 'identity' },
  finished: { restarted: 'identity' },
};

describe('Registration: steps and what leads from one to another', () => {
  it('begins with the identity', () => {
    expect(begin()).to.deep.equal({ step: 'identity' });
  });

  for (const step of Object.keys(states) as RegistrationStep[]) {
    for (const type of Object.keys(events) as RegistrationEvent['type'][]) {
      const target = ways[step][type];
      if (target === undefined) {
        it(`knows no ${type} at ${step}`, () => {
          expect(() => advance(states[step], events[type]))
            .to.throw(IllegalTransition, `registration at ${step} knows no ${type}`)
            .with.property('code', 'ILLEGAL_TRANSITION');
        });
      } else {
        it(`goes from ${step} to ${target} by ${type}`, () => {
          expect(advance(states[step], events[type]).step).to.equal(target);
        });
      }
    }
  }

  it('never changes the state it came from', () => {
    const before = structuredClone({ ...states.otp, identity: {}, contact: {} });
    for (const event of [
      events['code-sent'],
      events['code-tried'],
      events['number-changed'],
      events['email-changed'],
      events.activated,
    ])
      advance(states.otp, event);
    expect({ ...states.otp, identity: {}, contact: {} }).to.deep.equal(before);
  });

  it('counts each change of number and lets the old code go', () => {
    const moved = advance(states.otp, events['number-changed']);
    expect(moved).to.deep.include({ numberChanges: 2, sent: sentTo('other'), identity });
    expect(moved.step === 'otp' && moved.contact.phone.reveal()).to.equal('+6281298762797');
    expect(moved.step === 'otp' && moved.contact.passwordHash).to.equal('hash');
  });

  it('keeps the tries at a code, and nothing else of the old state when a new code is sent', () => {
    const tried = advance(states.otp, events['code-tried']);
    expect(tried.step === 'otp' && tried.sent).to.deep.equal({
      messageId: 'message-first',
      challenge: { ...challengeFor('first'), tries: 3 },
    });
    const again = advance(tried, events['code-sent']);
    expect(again.step === 'otp' && again.sent).to.deep.equal(sentTo('second'));
  });

  it('forgets who was proved when it starts over', () => {
    expect(advance(states.contact, events.restarted)).to.deep.equal({ step: 'identity' });
    expect(advance(states.otp, events.restarted)).to.deep.equal({ step: 'identity' });
    expect(advance(states.registered, events.restarted)).to.deep.equal({ step: 'identity' });
    expect(advance(states.finished, events.restarted)).to.deep.equal({ step: 'identity' });
  });

  it('takes a record of the former system along to the account, and no further than to another person', () => {
    const known = advance(states.identity, events['former-recognised']);
    const contactStep = advance(known, { type: 'identity-verified', identity, former });
    expect(contactStep).to.deep.equal({ step: 'contact', identity, former });
    expect(advance(contactStep, events['contact-given'])).to.deep.include({ step: 'otp', former });
    expect(advance(contactStep, events.restarted), 'another person').to.deep.equal({ step: 'identity' });
    expect(advance(known, events['identity-verified']), 'of another NIK').to.deep.equal({
      step: 'contact',
      identity,
      formerLeft: true,
    });
    expect(advance(states.identity, events['identity-verified']), 'without one nothing is said').to.deep.equal({
      step: 'contact',
      identity,
    });
  });

  it('keeps neither password nor code once the account is made', () => {
    expect(advance(states.otp, events.activated)).to.deep.equal({
      step: 'finished',
      identity,
      accountId,
      activatedAt,
      email: contact.email,
      phone: contact.phone,
      phoneMoved: true,
    });
    expect(advance(states.otp, events['nik-taken'])).to.deep.equal({
      step: 'registered',
      identity,
      holder,
      reported: false,
    });
  });
});
