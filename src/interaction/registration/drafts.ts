import type { Draft } from '../../store/drafts.ts';
import { createDrafts, type Drafts, type DraftsDeps } from '../drafts.ts';
import { advance, begin, type Registration, type RegistrationEvent, type RegistrationStep } from './machine.ts';

export type RegistrationDraft = Draft<Registration>;
/** A draft that is at this step. */
export type DraftAt<Step extends RegistrationStep> = RegistrationDraft & {
  readonly state: Extract<Registration, { step: Step }>;
};
export type RegistrationDrafts = Drafts<Registration, RegistrationEvent>;

/** What stands in the place of a draft that the first form has yet to make. */
export const unbegun = (uid: string, createdAt: Date): DraftAt<'identity'> => ({
  id: '',
  uid,
  state: { step: 'identity' },
  createdAt,
});
export const isUnbegun = ({ id }: RegistrationDraft): boolean => id === '';

export const createRegistrationDrafts = (deps: DraftsDeps): RegistrationDrafts =>
  createDrafts(deps, { journey: 'registration', begin, advance, isFinished: ({ step }) => step === 'finished' });
