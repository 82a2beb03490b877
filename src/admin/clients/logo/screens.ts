import { LOGO_BYTES, LOGO_PIXELS, logoTypes } from '../../../domain/logo/logo.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../../web/screen.ts';
import { exampleFrame, type Frame } from '../../frame.ts';

export interface LogoModel {
  readonly frame: Frame;
  /** With what was seen of it, so that nobody undoes a proposal that this page did not show. */
  readonly client: { readonly id: string; readonly name: string; readonly seen: string };
  /** What people see. */
  readonly current: string | undefined;
  /** What waits for a second operator; null where the logo is to go. */
  readonly proposed: string | null | undefined;
  readonly mayWrite: boolean;
  readonly done: 'applied' | 'proposed' | 'unchanged' | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
  readonly accept: string;
  readonly kilobytes: number;
  /** As text: nobody writes a width with a mark for thousands. */
  readonly pixels: string;
}

export const logoScreen = (
  model: Pick<LogoModel, 'frame' | 'client' | 'current' | 'proposed' | 'mayWrite'> &
    Partial<Pick<LogoModel, 'done' | 'errors' | 'problem'>>,
): Screen<LogoModel> => ({
  view: 'admin/clients/logo/logo',
  title: say('admin.clients.logo.title'),
  model: {
    done: undefined,
    errors: [],
    problem: undefined,
    ...model,
    accept: Object.values(logoTypes).join(','),
    kilobytes: LOGO_BYTES / 1024,
    pixels: String(LOGO_PIXELS),
  },
});

const frame = exampleFrame('clients', ['client-manager']);
const none = {
  frame,
  client: { id: 'karirhub-contoh', name: 'Karirhub (contoh)', seen: '' },
  current: undefined,
  proposed: undefined,
  mayWrite: true,
};

export const examples: Examples = {
  none: logoScreen(none),
  'one, and another that waits': logoScreen({
    ...none,
    current: '/icon.png',
    proposed: '/favicon.svg',
    done: 'proposed',
  }),
  'one that is to go': logoScreen({ ...none, current: '/icon.png', proposed: null }),
  refused: logoScreen({
    ...none,
    current: '/icon.png',
    errors: [{ field: 'logo', sentence: say('admin.clients.logo.refusal.logo-svg') }],
  }),
  'for a reader': logoScreen({ ...none, current: '/icon.png', mayWrite: false }),
};
