import type { Draft } from '../../store/drafts.ts';
import { createDrafts, type Drafts, type DraftsDeps } from '../drafts.ts';
import { advance, begin, type RequestEvent, type Requesting, type RequestStep } from './machine.ts';

export type RequestDraft = Draft<Requesting>;
/** A draft that is at this step. */
export type DraftAt<Step extends RequestStep> = RequestDraft & {
  readonly state: Extract<Requesting, { step: Step }>;
};
export type RequestDrafts = Drafts<Requesting, RequestEvent>;

/** What stands in the place of a draft that the first form has yet to make. */
export const unbegun = (uid: string, createdAt: Date): DraftAt<'identity'> => ({
  id: '',
  uid,
  state: { step: 'identity' },
  createdAt,
});
export const isUnbegun = ({ id }: RequestDraft): boolean => id === '';

export const createRequestDrafts = (deps: DraftsDeps): RequestDrafts =>
  createDrafts(deps, {
    journey: 'recovery-request',
    begin,
    advance,
    // Where there is no account, the way goes on in a registration.
    isFinished: ({ step }) => step === 'filed' || step === 'no-account',
  });
