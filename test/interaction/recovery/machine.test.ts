import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { issueChallenge } from '../../../src/domain/otp.ts';
import type { Phone } from '../../../src/domain/phone.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import {
  advance,
  begin,
  IllegalTransition,
  type Holder,
  type Recovery,
  type RecoveryEvent,
  type RecoveryStep,
} from '../../../src/interaction/recovery/machine.ts';

const challenge = issueChallenge(
  { purpose: 'recovery', recipientHash: 'recipient', codeHash: 'hash' },
  new Date('2026-11-23T00:00:00Z'),
  { ttlSeconds: 300, triesPerCode: 5, resendSeconds: [60] },
);
const identifier = sensitive('nik:9901010101900001');
const holder: Holder = {
  accountId: 'the-account' as AccountId,
  contact: { channel: 'sms', to: sensitive('+6281234567890' as Phone) },
};
const provedAt = '2026-11-23T00:02:00.000Z';

const states: { readonly [Step in RecoveryStep]: Extract<Recovery, { step: Step }> } = {
  ask: { step: 'ask' },
  code: { step: 'code', identifier, holder, challenge },
  password: { step: 'password', holder, provedAt },
  finished: { step: 'finished', accountId: holder.accountId, channel: 'sms', signedInAt: 1 },
};
const events: { readonly [Type in RecoveryEvent['type']]: Extract<RecoveryEvent, { type: Type }> } = {
  'code-asked': { type: 'code-asked', identifier, holder: undefined, challenge },
  'code-sent': { type: 'code-sent', challenge: { ...challenge, sends: 2 } },
  'code-tried': { type: 'code-tried', challenge: { ...challenge, tries: 3 } },
  'contact-proved': { type: 'contact-proved', holder, provedAt },
  'password-set': { type: 'password-set', signedInAt: 1 },
  restarted: { type: 'restarted' },
};
/** Where each step may lead. Whatever is not here is a caller's bug. */
const ways: Readonly<Record<RecoveryStep, Partial<Record<RecoveryEvent['type'], RecoveryStep>>>> = {
  ask: { 'code-asked': 'code' },
  code: { 'code-sent': 'code', 'code-tried': 'code', 'contact-proved': 'password', restarted: 'ask' },
  password: { 'password-set': 'finished', restarted: 'ask' },
  finished: { restarted: 'ask' },
};

describe('Recovery: steps and what leads from one to another', () => {
  it('begins with the question who it is', () => {
    expect(begin()).to.deep.equal({ step: 'ask' });
  });

  for (const step of Object.keys(states) as RecoveryStep[]) {
    for (const type of Object.keys(events) as RecoveryEvent['type'][]) {
      const target = ways[step][type];
      it(target === undefined ? `knows no ${type} at ${step}` : `goes from ${step} to ${target} by ${type}`, () => {
        if (target === undefined)
          expect(() => advance(states[step], events[type])).to.throw(
            IllegalTransition,
            `recovery at ${step} knows no ${type}`,
          );
        else expect(advance(states[step], events[type]).step).to.equal(target);
      });
    }
  }

  it('reaches the password of nobody: who was not found has nothing to prove', () => {
    const at = advance(begin(), events['code-asked']);
    expect(at).to.deep.equal({ step: 'code', identifier, holder: undefined, challenge });
  });

  it('keeps neither code nor contact once the password is set', () => {
    expect(advance(states.password, events['password-set'])).to.deep.equal({
      step: 'finished',
      accountId: holder.accountId,
      channel: 'sms',
      signedInAt: 1,
    });
  });
});
