import type { Draft } from '../../store/drafts.ts';
import { createDrafts, type Drafts, type DraftsDeps } from '../drafts.ts';
import { advance, begin, type SecondFactor, type SecondFactorEvent } from './machine.ts';

export type SecondFactorDraft = Draft<SecondFactor>;
export type SecondFactorDrafts = Drafts<SecondFactor, SecondFactorEvent>;

export const createSecondFactorDrafts = (deps: DraftsDeps): SecondFactorDrafts =>
  createDrafts(deps, { journey: 'second-factor', begin, advance, isFinished: ({ step }) => step === 'recovery-codes' });
