import type { Draft } from '../../store/drafts.ts';
import { createDrafts, type Drafts, type DraftsDeps } from '../drafts.ts';
import { advance, begin, type Recovery, type RecoveryEvent } from './machine.ts';

export type RecoveryDraft = Draft<Recovery>;
export type RecoveryDrafts = Drafts<Recovery, RecoveryEvent>;

export const createRecoveryDrafts = (deps: DraftsDeps): RecoveryDrafts =>
  createDrafts(deps, { journey: 'recovery', begin, advance, isFinished: ({ step }) => step === 'finished' });
