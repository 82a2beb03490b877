import { peopleScenarios } from './people.ts';
import { protocolScenarios } from './protocol.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [...protocolScenarios, ...peopleScenarios];
/** Two kinds of work at once: judged by latency, not by the price of one. */
export const BESIDE = 'sso-beside-hashing';
