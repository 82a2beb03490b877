import type { AccountId } from '../src/domain/account.ts';
import type { Email } from '../src/domain/email.ts';
import type { PersonName } from '../src/domain/name.ts';
import type { Nik } from '../src/domain/nik.ts';
import { issueChallenge } from '../src/domain/otp.ts';
import type { Phone } from '../src/domain/phone.ts';
import { sensitive } from '../src/domain/sensitive.ts';
import * as recovery from '../src/interaction/recovery/machine.ts';
import * as recoveryRequest from '../src/interaction/recovery-request/machine.ts';
import * as registration from '../src/interaction/registration/machine.ts';
import * as secondFactor from '../src/interaction/second-factor/machine.ts';

/** One sample of each member of a union; a member that is missing does not compile. */
type Samples<Union, Key extends keyof Union> = {
  readonly [Value in Union[Key] & string]: Extract<Union, Readonly<Record<Key, Value>>>;
};

export interface Edge {
  readonly from: string;
  readonly event: string;
  readonly to: string;
}

/** Every step with every event, by trying: what the machine refuses is no way. */
function explore<State extends { readonly step: string }, Event extends { readonly type: string }>(
  states: Readonly<Record<string, State>>,
  events: Readonly<Record<string, Event>>,
  advance: (at: State, event: Event) => State,
): Edge[] {
  return Object.values(states).flatMap((state) =>
    Object.values(events).flatMap((event) => {
      try {
        return [{ from: state.step, event: event.type, to: advance(state, event).step }];
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ILLEGAL_TRANSITION') return [];
        throw error;
      }
    }),
  );
}

/** A Mermaid state diagram; events that lead the same way share an arrow. */
export function diagram(first: string, edges: readonly Edge[]): string {
  const ways = new Map<string, string[]>();
  for (const { from, event, to } of edges)
    ways.set(`${from} --> ${to}`, [...(ways.get(`${from} --> ${to}`) ?? []), event]);
  // From the end only others begin anew, where they find its page left open.
  const last = [...new Set(edges.map(({ to }) => to))].filter(
    (step) => step === 'finished' || step === 'filed' || !edges.some(({ from }) => from === step),
  );
  const lines = [
    `[*] --> ${first}`,
    ...[...ways].map(([way, events]) => `${way}: ${events.join(', ')}`),
    ...last.map((step) => `${step} --> [*]`),
  ];
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `  ${line}`), '```'].join('\n');
}

const noon = new Date('2026-11-23T05:00:00Z');
const accountId = '00000000-0000-4000-8000-000000000000' as AccountId;
const email = sensitive('budi@contoh.test' as Email);
const phone = sensitive('+6281234567890' as Phone);
const challenge = issueChallenge({ purpose: 'activation', recipientHash: '', codeHash: '' }, noon, {
  ttlSeconds: 300,
  triesPerCode: 5,
  resendSeconds: [60],
});
const identity = {
  nik: sensitive('9901010101900001' as Nik),
  name: sensitive('BUDI CONTOH SANTOSO' as PersonName),
  reference: '',
};
const contact = { email, phone, passwordHash: '' };
const sent = { challenge, messageId: '' };

const registrationStates: Samples<registration.Registration, 'step'> = {
  identity: { step: 'identity' },
  contact: { step: 'contact', identity },
  otp: { step: 'otp', identity, contact, sent, numberChanges: 0 },
  registered: { step: 'registered', identity, holder: accountId, reported: false },
  finished: { step: 'finished', identity, accountId, activatedAt: noon.toISOString(), email, phoneMoved: false },
};
const registrationEvents: Samples<registration.RegistrationEvent, 'type'> = {
  'former-recognised': { type: 'former-recognised', former: { id: accountId, by: 'password', at: noon.toISOString() } },
  'identity-verified': { type: 'identity-verified', identity },
  'nik-taken': { type: 'nik-taken', identity, holder: accountId },
  'contact-given': { type: 'contact-given', contact, sent },
  'code-sent': { type: 'code-sent', sent },
  'code-tried': { type: 'code-tried', challenge },
  'number-changed': { type: 'number-changed', phone, sent },
  'email-changed': { type: 'email-changed', email },
  activated: { type: 'activated', accountId, activatedAt: noon.toISOString(), phoneMoved: false },
  'misuse-reported': { type: 'misuse-reported' },
  restarted: { type: 'restarted' },
};

const holder: recovery.Holder = { accountId, contact: { channel: 'sms', to: phone } };
const provedAt = noon.toISOString();
const recoveryStates: Samples<recovery.Recovery, 'step'> = {
  ask: { step: 'ask' },
  code: { step: 'code', identifier: phone, holder, challenge },
  password: { step: 'password', holder, provedAt },
  finished: { step: 'finished', accountId, channel: 'sms', signedInAt: 0 },
};
const recoveryEvents: Samples<recovery.RecoveryEvent, 'type'> = {
  'code-asked': { type: 'code-asked', identifier: phone, holder, challenge },
  'code-sent': { type: 'code-sent', challenge },
  'code-tried': { type: 'code-tried', challenge },
  'contact-proved': { type: 'contact-proved', holder, provedAt },
  'password-set': { type: 'password-set', signedInAt: 0 },
  restarted: { type: 'restarted' },
};

const asking = { identity, accountId };
const requestStates: Samples<recoveryRequest.Requesting, 'step'> = {
  identity: { step: 'identity' },
  'no-account': { step: 'no-account' },
  number: { step: 'number', ...asking },
  code: { step: 'code', ...asking, phone, sent, numberChanges: 0 },
  password: { step: 'password', ...asking, phone, provedAt },
  filed: { step: 'filed', number: '', phone, filedAt: provedAt },
};
const requestEvents: Samples<recoveryRequest.RequestEvent, 'type'> = {
  'identity-verified': { type: 'identity-verified', ...asking },
  'account-missing': { type: 'account-missing' },
  'number-given': { type: 'number-given', phone, sent },
  'code-sent': { type: 'code-sent', sent },
  'code-tried': { type: 'code-tried', challenge },
  'number-changed': { type: 'number-changed', phone, sent },
  'number-proved': { type: 'number-proved', provedAt },
  filed: { type: 'filed', number: '', filedAt: provedAt },
  restarted: { type: 'restarted' },
};

const proof: secondFactor.Proof = { accountId, acr: '', amr: [], remember: false, at: 0, provedAt };
const secret = sensitive('');
const secondFactorStates: Samples<secondFactor.SecondFactor, 'step'> = {
  unproved: { step: 'unproved' },
  code: { step: 'code', proof },
  enrol: { step: 'enrol', proof, secret },
  'recovery-codes': { step: 'recovery-codes', proof, codes: [], codeAt: 0 },
};
const secondFactorEvents: Samples<secondFactor.SecondFactorEvent, 'type'> = {
  'first-factor-proved': { type: 'first-factor-proved', proof },
  'enrolment-begun': { type: 'enrolment-begun', proof, secret },
  enrolled: { type: 'enrolled', codes: [], codeAt: 0 },
  'enrolled-elsewhere': { type: 'enrolled-elsewhere' },
  'proof-expired': { type: 'proof-expired' },
  'codes-kept': { type: 'codes-kept' },
};

/** `docs/journeys.md`, from the machines of the journeys. */
export function journeysPage(): string {
  const ofRegistration = explore<registration.Registration, registration.RegistrationEvent>(
    registrationStates,
    registrationEvents,
    registration.advance,
  );
  const ofRecovery = explore<recovery.Recovery, recovery.RecoveryEvent>(
    recoveryStates,
    recoveryEvents,
    recovery.advance,
  );
  const ofRequest = explore<recoveryRequest.Requesting, recoveryRequest.RequestEvent>(
    requestStates,
    requestEvents,
    recoveryRequest.advance,
  );
  const ofSecondFactor = explore<secondFactor.SecondFactor, secondFactor.SecondFactorEvent>(
    secondFactorStates,
    secondFactorEvents,
    secondFactor.advance,
  );
  return `# Journeys

Made by \`npm run docs\`, by trying every event at every step; change the machine, not this page.

A step that knows no event refuses it as a mistake of the program (\`ILLEGAL_TRANSITION\`): a person never meets it, because a
page of another step leads to the page of the step that the draft is at.

## Registration

\`src/interaction/registration/machine.ts\`

${diagram(registration.begin().step, ofRegistration)}

## Recovery

\`src/interaction/recovery/machine.ts\`

${diagram(recovery.begin().step, ofRecovery)}

## Recovery request

\`src/interaction/recovery-request/machine.ts\`

${diagram(recoveryRequest.begin().step, ofRequest)}

## Second factor

\`src/interaction/second-factor/machine.ts\`

${diagram(secondFactor.begin().step, ofSecondFactor)}
`;
}
