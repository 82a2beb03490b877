import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';

export interface WaitsModel {
  readonly frame: Frame;
  readonly values: { readonly who: string; readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
  /** Whose wait has just been ended. */
  readonly done: 'nik' | 'phone' | undefined;
}

export const waitsScreen = (model: WaitsModel): Screen<WaitsModel> => ({
  view: 'admin/accounts/waits',
  title: say('admin.accounts.waits.title'),
  model,
});

const model: WaitsModel = {
  frame: exampleFrame('accounts', ['support']),
  values: { who: '', reason: '' },
  errors: [],
  problem: undefined,
  done: undefined,
};
const typed = { who: '081234567890', reason: 'tiket 2041, warga menelepon' };

export const examples: Examples = {
  waits: waitsScreen(model),
  'waits: a NIK goes on': waitsScreen({ ...model, done: 'nik' }),
  'waits: neither NIK nor number': waitsScreen({
    ...model,
    values: { ...typed, who: 'budi' },
    errors: [{ field: 'who', sentence: say('admin.accounts.waits.refusal.form') }],
  }),
  'waits: nothing holds it up': waitsScreen({
    ...model,
    values: typed,
    problem: say('admin.accounts.waits.refusal.not-held'),
  }),
  'waits: ended today': waitsScreen({
    ...model,
    values: typed,
    problem: say('admin.accounts.waits.refusal.ended-before', { until: new Date('2026-11-24T02:30:00Z') }),
  }),
};
