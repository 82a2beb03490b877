import { expect } from 'chai';
import { afterFailure } from '../../src/messages/outcome.ts';
import { DeliveryError } from '../../src/ports/delivery.ts';

const now = new Date('2026-11-23T07:00:00Z');
const inSeconds = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const busy = new DeliveryError('SMS_UNAVAILABLE', { permanent: false });
const unanswered = new DeliveryError('SMS_UNANSWERED', { permanent: false });
const refused = new DeliveryError('SMS_REJECTED', { permanent: true, detail: 'status 400' });

describe('After a failed hand-over', () => {
  for (const { what, error = busy, attempts = 1, wasUnanswered = false, expiresAt, retrySeconds = [2, 10], then } of [
    { what: 'waits the first wait', then: { state: 'queued', nextAttemptAt: inSeconds(2), error: 'SMS_UNAVAILABLE' } },
    {
      what: 'waits longer the next time',
      attempts: 2,
      then: { state: 'queued', nextAttemptAt: inSeconds(10), error: 'SMS_UNAVAILABLE' },
    },
    { what: 'gives up when the waits are used up', attempts: 3, then: { state: 'failed', error: 'SMS_UNAVAILABLE' } },
    {
      what: 'gives up at once what was refused for good',
      error: refused,
      then: { state: 'failed', error: 'SMS_REJECTED' },
    },
    {
      what: 'tries again after an error nobody planned for, without its words',
      error: new Error('no route to +6281234567890'),
      then: { state: 'queued', nextAttemptAt: inSeconds(2), error: 'UNEXPECTED' },
    },
    {
      what: 'tries again while the message is still of use then',
      attempts: 2,
      expiresAt: inSeconds(11),
      then: { state: 'queued', nextAttemptAt: inSeconds(10), error: 'SMS_UNAVAILABLE' },
    },
    {
      what: 'does not let a code wait for minutes',
      attempts: 3,
      retrySeconds: [2, 10, 120],
      expiresAt: inSeconds(200),
      then: { state: 'queued', nextAttemptAt: inSeconds(30), error: 'SMS_UNAVAILABLE' },
    },
    {
      what: 'tries a code as long as it is good, whatever the waits',
      attempts: 9,
      expiresAt: inSeconds(31),
      then: { state: 'queued', nextAttemptAt: inSeconds(30), error: 'SMS_UNAVAILABLE' },
    },
    {
      what: 'tries once more what got no answer',
      error: unanswered,
      expiresAt: inSeconds(200),
      then: { state: 'queued', nextAttemptAt: inSeconds(2), error: 'SMS_UNANSWERED' },
    },
    {
      what: 'gives up what got none for the second time',
      error: unanswered,
      attempts: 2,
      wasUnanswered: true,
      expiresAt: inSeconds(200),
      then: { state: 'failed', error: 'SMS_UNANSWERED' },
    },
    {
      what: 'remembers that it got none, when the gateway is busy at the next try',
      attempts: 2,
      wasUnanswered: true,
      expiresAt: inSeconds(200),
      then: { state: 'queued', nextAttemptAt: inSeconds(10), error: 'SMS_UNANSWERED' },
    },
    {
      what: 'gives up when the next try would come too late',
      attempts: 2,
      expiresAt: inSeconds(10),
      then: { state: 'failed', error: 'SMS_UNAVAILABLE' },
    },
  ]) {
    it(what, () => {
      expect(afterFailure({ error, attempts, wasUnanswered, now, expiresAt, retrySeconds })).to.deep.equal(then);
    });
  }
});
