import type { Finding } from './checker.ts';
import type { Journey, Ledger, Seen } from './ledger.ts';
import type { Carrier } from './world.ts';

/** What one scenario did to the citizens, in numbers. */
export interface Outcome {
  readonly scenario: string;
  readonly carrier: Carrier;
  readonly injected: string;
  readonly seconds: number;
  /** Answers by status; 0 is no answer at all. */
  readonly answers: Readonly<Record<string, number>>;
  /** Those that were no page and no way on, by status and place. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly longestAnswerMs: number;
  readonly longestWaitMs: number;
  readonly longestWaitForCodeMs: number;
  readonly journeys: Readonly<Record<'begun' | 'finished' | 'reloaded' | 'begunAgain' | 'typedAgain', number>>;
  /** From the end of the fault to the last answer that told somebody to come back. */
  readonly recoveryMs: number;
  /** Answers for which nobody is prepared: neither a page nor a moment to come back. */
  readonly unplanned: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly ok: boolean;
}

const count = (values: readonly (string | number)[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
const typedAgain = ({ typed }: Journey): boolean => Object.values(typed).some((times) => times > 1);
const isTrouble = ({ status }: Seen): boolean => status === 0 || status >= 500;

export function judge(
  facts: Pick<Outcome, 'scenario' | 'carrier' | 'injected' | 'seconds' | 'findings'>,
  { seen, journeys }: Ledger,
  over: number,
): Outcome {
  const troubled = seen.filter((one) => one.at > over && isTrouble(one));
  const refusals = count(
    seen.filter(({ status }) => status === 0 || status >= 400).map(({ status, where }) => `${status} ${where}`),
  );
  const unplanned = count(seen.filter(({ status }) => status === 500).map(({ status, where }) => `${status} ${where}`));
  return {
    ...facts,
    answers: count(seen.map(({ status }) => status)),
    refusals,
    longestAnswerMs: most(seen.map(({ ms }) => ms)),
    longestWaitMs: most(journeys.map(({ longestWaitMs }) => longestWaitMs)),
    longestWaitForCodeMs: most(journeys.map(({ longestWaitForCodeMs }) => longestWaitForCodeMs)),
    journeys: {
      begun: journeys.length,
      finished: journeys.filter(({ finished }) => finished).length,
      reloaded: journeys.filter(({ reloads }) => reloads > 0).length,
      begunAgain: journeys.filter(({ begunAgain }) => begunAgain > 0).length,
      typedAgain: journeys.filter(typedAgain).length,
    },
    recoveryMs: most(troubled.map(({ at }) => at - over)),
    unplanned,
    ok: Object.keys(unplanned).length === 0 && facts.findings.every(({ broken }) => broken.length === 0),
  };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, times]) => `${times} × ${what === '0' ? 'no answer' : what}`)
    .join(', ');

/** One scenario as a person reads it. */
export function show({
  scenario,
  carrier,
  injected,
  answers,
  longestAnswerMs,
  longestWaitMs,
  longestWaitForCodeMs,
  journeys,
  recoveryMs,
  unplanned,
  findings,
  ok,
  seconds: lasted,
}: Outcome): string {
  const broken = findings.filter((finding) => finding.broken.length > 0);
  return [
    `${ok ? 'ok  ' : 'FAIL'} ${scenario} (${carrier}): ${injected}${lasted > 0 ? `, ${lasted} s` : ''}`,
    `     answers     ${list(answers)}; slowest ${seconds(longestAnswerMs)}`,
    `     journeys    ${journeys.begun} begun, ${journeys.finished} finished; ${journeys.reloaded} with a reload, ${journeys.begunAgain} from the service once more, ${journeys.typedAgain} with something typed again`,
    `     waits       ${seconds(longestWaitMs)} for a page, ${seconds(longestWaitForCodeMs)} for a code; recovered ${seconds(recoveryMs)} after the end of the fault`,
    `     invariants  ${findings.length - broken.length} of ${findings.length} held`,
    ...broken.flatMap(({ invariant, broken: what }) => [
      `       broken: ${invariant}`,
      ...what.slice(0, 5).map((one) => `         ${one}`),
    ]),
    ...(Object.keys(unplanned).length > 0 ? [`       unplanned: ${list(unplanned)}`] : []),
  ].join('\n');
}
