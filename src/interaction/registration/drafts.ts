import type { Draft } from '../../store/drafts.ts';
import { createDrafts, type Drafts, type DraftsDeps } from '../drafts.ts';
import { advance, begin, type Registration, type RegistrationEvent } from './machine.ts';

export type RegistrationDraft = Draft<Registration>;
export type RegistrationDrafts = Drafts<Registration, RegistrationEvent>;

export const createRegistrationDrafts = (deps: DraftsDeps): RegistrationDrafts => createDrafts(deps, { journey: 'registration', begin, advance, isFinished: ({ step }) => step === 'finished' });
