import { isApplicable, isOptional, scenarios, type Scenario, type ScenarioId } from './check-scenarios.ts';
import type { ClientMetadata } from './client.ts';

/** What the sandbox, the command or a tester saw. */
export type SeenKind =
  'begun' | 'asked' | 'agreed' | 'sent' | 'token' | 'refreshed' | 'userinfo' | 'jwks' | 'page' | 'answered' | 'notice';
export interface Seen {
  readonly scenario: string;
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** `ask` needs a person's eye: what the sandbox cannot see. */
export type Standing = 'open' | 'passed' | 'failed' | 'ask' | 'not-applicable';
/** Why it failed; the locale files say what to mend. */
export type Fault =
  | 'not-begun'
  | 'code-unused'
  | 'token-refused'
  | 'not-in'
  | 'looped'
  | 'crashed'
  | 'no-state'
  | 'state-ignored'
  | 'iss-ignored'
  | 'nonce-ignored'
  | 'keys-not-fetched'
  | 'no-test-uri'
  | 'logout-unreachable'
  | 'logout-not-taken'
  | 'logout-bad-taken'
  | 'logout-not-400';

export interface Finding {
  readonly scenario: ScenarioId;
  readonly state: Standing;
  readonly optional: boolean;
  readonly fault?: Fault;
  /** The OAuth error or status behind it. */
  readonly detail?: string;
}

/** A service that sends the person back at once, again and again, does so within this time. */
const LOOP_MS = 5000;

interface Verdict {
  readonly state: Standing;
  readonly fault?: Fault;
  readonly detail?: string;
}
const verdict = (state: Standing): Verdict => ({ state });
const failed = (fault: Fault, detail?: string): Verdict => ({
  state: 'failed',
  fault,
  ...(detail === undefined ? {} : { detail }),
});

/** What happened since the scenario was last begun, looked up by kind. */
function lastTry(events: readonly Seen[], id: string) {
  const own = events.filter(({ scenario }) => scenario === id);
  const from = own.findLastIndex(({ kind }) => kind === 'begun');
  const now = from === -1 ? [] : own.slice(from);
  const find = (kind: SeenKind): Seen['details'] | undefined => now.find((one) => one.kind === kind)?.details;
  const sentAt = now.find(({ kind }) => kind === 'sent')?.at.getTime();
  const again =
    sentAt !== undefined &&
    now.some(({ kind, at }) => kind === 'asked' && at.getTime() > sentAt && at.getTime() - sentAt < LOOP_MS);
  return { begun: from !== -1, find, looped: again || find('page')?.looped === true };
}

type Try = ReturnType<typeof lastTry>;

function judgeIn({ find, looped }: Try, plain: Try | undefined, notIn: Fault): Verdict {
  const [page, token] = [find('page'), find('token')];
  if (looped) return failed('looped');
  if (find('asked') === undefined) return page === undefined ? verdict('open') : failed('not-begun');
  if (token === undefined)
    return page === undefined && find('answered') === undefined ? verdict('open') : failed('code-unused');
  if (token.ok !== true) return failed('token-refused', String(token.error));
  const answer = find('answered')?.good;
  if (answer !== undefined) return answer === true ? verdict('passed') : failed(notIn);
  if (page === undefined) return verdict('ask');
  if (Number(page.status) < 200 || Number(page.status) >= 400) return failed(notIn, String(page.status));
  if (plain?.find('userinfo') !== undefined && find('userinfo') === undefined) return failed(notIn);
  // Another page than that of the plain sign-in may be a good one, for instance a question for the e-mail address.
  return plain?.find('page') === undefined || plain.find('page')?.place === page.place
    ? verdict('passed')
    : verdict('ask');
}

function judgeTurnedBack({ find, looped }: Try): Verdict {
  const [page, answer] = [find('page'), find('answered')?.good];
  if (looped) return failed('looped');
  if (find('asked') === undefined && page !== undefined) return failed('not-begun');
  if (find('sent')?.error === undefined) return verdict('open');
  if (answer !== undefined) return answer === true ? verdict('passed') : failed('crashed');
  if (page === undefined) return verdict('ask');
  return Number(page.status) >= 500 || Number(page.status) === 0
    ? failed('crashed', String(page.status))
    : verdict('passed');
}

function judgeRefusedBefore({ find, looped }: Try, fault: Fault): Verdict {
  const [page, asked, answer] = [find('page'), find('asked'), find('answered')?.good];
  if (asked === undefined) return page === undefined ? verdict('open') : failed('not-begun');
  if (fault === 'state-ignored' && asked.state === false) return failed('no-state');
  if (find('token') !== undefined) return failed(fault);
  if (looped) return failed('looped');
  if (find('sent') === undefined) return verdict('open');
  if (answer !== undefined) return answer === true ? verdict('passed') : failed(fault);
  if (page === undefined) return verdict('ask');
  return Number(page.status) === 0 ? failed('crashed') : verdict('passed');
}

function judgeRefusedAfter({ find, looped }: Try, plain: Try): Verdict {
  const [page, asked, answer] = [find('page'), find('asked'), find('answered')?.good];
  if (asked === undefined) return page === undefined ? verdict('open') : failed('not-begun');
  // PKCE does what a nonce does (RFC 9700, 2.1.1): a service that sends none has nothing to compare.
  if (asked.nonce === false) return verdict('not-applicable');
  if (find('userinfo') !== undefined) return failed('nonce-ignored');
  if (looped) return failed('looped');
  if (answer !== undefined) return answer === true ? verdict('passed') : failed('nonce-ignored');
  if (find('token') === undefined) return page === undefined ? verdict('open') : failed('code-unused');
  if (page === undefined) return verdict('ask');
  if (Number(page.status) === 0) return failed('crashed');
  const asPlain = plain.find('page')?.place === page.place && Number(page.status) < 400;
  return asPlain && plain.find('userinfo') === undefined ? verdict('ask') : verdict('passed');
}

function judgeNotice({ find, begun }: Try, kind: string, metadata: ClientMetadata): Verdict {
  if (metadata.test_backchannel_logout_uri === undefined) return failed('no-test-uri');
  const notice = find('notice');
  if (!begun || notice === undefined) return verdict('open');
  const status = Number(notice.status);
  if (status === 0) return failed('logout-unreachable', typeof notice.error === 'string' ? notice.error : undefined);
  if (kind === 'valid')
    return status === 200 || status === 204 ? verdict('passed') : failed('logout-not-taken', String(status));
  if (status === 400) return verdict('passed');
  return status < 300 ? failed('logout-bad-taken', String(status)) : failed('logout-not-400', String(status));
}

function judgeOne(scenario: Scenario, events: readonly Seen[], metadata: ClientMetadata): Verdict {
  if (!isApplicable(scenario, metadata)) return verdict('not-applicable');
  const now = lastTry(events, scenario.id);
  if ('notice' in scenario) return judgeNotice(now, scenario.notice, metadata);
  if (!now.begun) return verdict('open');
  const plain = lastTry(events, 'plain');
  switch (scenario.expects) {
    case 'in':
      return judgeIn(
        now,
        scenario.id === 'plain' ? undefined : plain,
        scenario.id === 'rotated-keys' ? 'keys-not-fetched' : 'not-in',
      );
    case 'turned-back':
      return judgeTurnedBack(now);
    case 'refused-before':
      return judgeRefusedBefore(now, scenario.id === 'wrong-state' ? 'state-ignored' : 'iss-ignored');
    case 'refused-after':
      return judgeRefusedAfter(now, plain);
    case 'refreshed':
      return now.find('refreshed') === undefined ? verdict('open') : verdict('passed');
  }
}

/** Judges every scenario by what was seen, point by point. */
export const judge = (events: readonly Seen[], metadata: ClientMetadata): readonly Finding[] =>
  scenarios.map((scenario) => ({
    scenario: scenario.id,
    optional: isOptional(scenario),
    ...judgeOne(scenario, events, metadata),
  }));

/** Whether all that a pass hangs on is done and good. */
export const isPassed = (findings: readonly Finding[]): boolean =>
  findings.every(({ state, optional }) => optional || state === 'passed' || state === 'not-applicable');
