import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import type { PersonName } from '../../../src/domain/name.ts';
import type { Nik } from '../../../src/domain/nik.ts';
import { issueChallenge } from '../../../src/domain/otp.ts';
import type { Phone } from '../../../src/domain/phone.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import {
  advance,
  begin,
  IllegalTransition,
  isLeft,
  type RequestEvent,
  type Requesting,
  type RequestStep,
} from '../../../src/interaction/recovery-request/machine.ts';

const identity = {
  nik: sensitive('9901010101900001' as Nik),
  name: sensitive('BUDI CONTOH SANTOSO' as PersonName),
  reference: 'a reference',
};
const accountId = 'the-account' as AccountId;
const asking = { identity, accountId };
const phone = sensitive('+6281234567890' as Phone);
const other = sensitive('+6281234567891' as Phone);
const challenge = issueChallenge(
  { purpose: 'recovery-request', recipientHash: 'recipient', codeHash: 'hash' },
  new Date('2026-11-23T00:00:00Z'),
  { ttlSeconds: 300, triesPerCode: 5, resendSeconds: [60] },
);
const sent = { challenge, messageId: 'a message' };
const at = '2026-11-23T00:02:00.000Z';

const states: { readonly [Step in RequestStep]: Extract<Requesting, { step: Step }> } = {
  identity: { step: 'identity' },
  'no-account': { step: 'no-account' },
  number: { step: 'number', ...asking },
  code: { step: 'code', ...asking, phone, sent, numberChanges: 1 },
  password: { step: 'password', ...asking, phone, provedAt: at },
  filed: { step: 'filed', number: 'K7Q2-M9', phone, filedAt: at },
};
const events: { readonly [Type in RequestEvent['type']]: Extract<RequestEvent, { type: Type }> } = {
  'identity-verified': { type: 'identity-verified', ...asking },
  'account-missing': { type: 'account-missing' },
  'number-given': { type: 'number-given', phone, sent },
  'code-sent': { type: 'code-sent', sent: { ...sent, messageId: 'another' } },
  'code-tried': { type: 'code-tried', challenge: { ...challenge, tries: 3 } },
  'number-changed': { type: 'number-changed', phone: other, sent },
  'number-proved': { type: 'number-proved', provedAt: at },
  filed: { type: 'filed', number: 'K7Q2-M9', filedAt: at },
  restarted: { type: 'restarted' },
};
/** Where each step may lead. Whatever is not here is a caller's bug. */
const ways: Readonly<Record<RequestStep, Partial<Record<RequestEvent['type'], RequestStep>>>> = {
  identity: { 'identity-verified': 'number', 'account-missing': 'no-account' },
  'no-account': { restarted: 'identity' },
  number: { 'number-given': 'code', restarted: 'identity' },
  code: {
    'code-sent': 'code',
    'code-tried': 'code',
    'number-changed': 'code',
    'number-proved': 'password',
    restarted: 'identity',
  },
  password: { filed: 'filed', restarted: 'identity' },
  filed: { restarted: 'identity' },
};

describe('Recovery request: steps and what leads from one to another', () => {
  it('begins with the question who it is', () => {
    expect(begin()).to.deep.equal({ step: 'identity' });
  });

  for (const step of Object.keys(states) as RequestStep[]) {
    for (const type of Object.keys(events) as RequestEvent['type'][]) {
      const target = ways[step][type];
      it(target === undefined ? `knows no ${type} at ${step}` : `goes from ${step} to ${target} by ${type}`, () => {
        if (target === undefined)
          expect(() => advance(states[step], events[type])).to.throw(
            IllegalTransition,
            `a recovery request at ${step} knows no ${type}`,
          );
        else expect(advance(states[step], events[type]).step).to.equal(target);
      });
    }
  }

  it('counts the changes of the number, and forgets them with nothing', () => {
    expect(advance(states.code, events['number-changed'])).to.deep.include({ phone: other, numberChanges: 2 });
    expect(advance(states.code, events['code-sent'])).to.deep.include({ phone, numberChanges: 1 });
  });

  it('keeps the number that the code has proved, and no code', () => {
    expect(advance(states.code, events['number-proved'])).to.deep.equal(states.password);
  });

  it('keeps neither NIK, name nor account once it is filed: nothing of it signs anybody in', () => {
    expect(advance(states.password, events.filed)).to.deep.equal(states.filed);
  });

  it('has its last page for a quarter of an hour, then others may begin', () => {
    const after = (minutes: number): Date => new Date(Date.parse(at) + minutes * 60_000);
    expect(isLeft(states.filed, after(14))).to.equal(false);
    expect(isLeft(states.filed, after(16))).to.equal(true);
    expect(isLeft(states.password, after(600))).to.equal(false);
  });
});
