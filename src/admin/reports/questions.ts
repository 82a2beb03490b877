import type { Question } from '../../store/report-questions.ts';
import { failureReasons, textEvents } from './counted.ts';

export const reports = ['activity', 'failures', 'registry', 'messages', 'logouts'] as const;
export type Report = (typeof reports)[number];

/**
 * What each report asks. A change of it is another counting: days that were counted by the one before are counted anew.
 */
export const questions: Readonly<Record<Report, Question>> = {
  activity: { report: 'activity' },
  failures: { report: 'failures', reasons: failureReasons },
  registry: { report: 'registry' },
  messages: { report: 'messages', types: [...new Set(Object.values(textEvents))] },
  logouts: { report: 'logouts' },
};
