import { exampleCheck, type CheckModel } from '../../sandbox/screens.ts';
import { say, type Examples, type Screen } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';

export interface ClientCheckModel extends CheckModel {
  readonly frame: Frame;
  /** Shown this once. */
  readonly newLink: string | undefined;
}

export const clientCheckScreen = (model: ClientCheckModel): Screen<ClientCheckModel> => ({
  view: 'admin/checks/check',
  title: say('sandbox.check.title'),
  model,
});

const frame = exampleFrame('clients', ['client-manager']);

export const examples: Examples = {
  'check: under way': clientCheckScreen({ ...exampleCheck, frame, newLink: undefined }),
  'check: new link': clientCheckScreen({
    ...exampleCheck,
    check: undefined,
    findings: [],
    history: [],
    isOpen: false,
    frame,
    newLink: 'https://akun.contoh.test/sandbox/check/contoh-tautan-yang-hanya-tampil-sekali-saja-00',
  }),
  'check: for a reader': clientCheckScreen({ ...exampleCheck, mayAct: false, frame, newLink: undefined }),
};
