import type { DataUse, Share } from '../domain/sharing.ts';
import { say, type Examples, type Screen } from '../web/screen.ts';

/** Why a page of a sign-in cannot be shown. */
export type EndedReason = 'expired' | 'finished' | 'foreign' | 'no-cookies';

export interface EndedModel {
  readonly reason: EndedReason;
  readonly service: { readonly name: string } | undefined;
  /** Takes the same request up again, where this browser holds its ticket. */
  readonly resume: string | undefined;
  /** The service's own start page, where it is known. */
  readonly serviceHome: string | undefined;
}

export const endedScreen = (model: EndedModel): Screen<EndedModel> => ({
  view: 'interaction/ended',
  title: say(`interaction.ended.${model.reason}.title`),
  model,
});

const use = (id: string, en: string): DataUse => ({ purpose: { id, en }, legal_basis: 'public-task' });

/** What the examples of several journeys share with a service, and of whom. */
export const exampleShares: readonly Share[] = [
  {
    scope: 'profile',
    claims: ['name'],
    use: use('Menulis nama Anda pada surat lamaran.', 'Putting your name on letters of application.'),
  },
  {
    scope: 'email',
    claims: ['email'],
    use: use('Mengirim undangan wawancara dan hasil seleksi.', 'Sending invitations to interviews and results.'),
  },
  {
    scope: 'phone',
    claims: ['phone_number'],
    use: use('Menghubungi Anda bila jadwal wawancara berubah.', 'Calling you when an interview is moved.'),
  },
];
export const exampleValues = {
  profile: 'Budi Contoh Santoso',
  email: 'b***@contoh.test',
  phone: '08*****7890',
  nik: '************0001',
};

const service = { name: 'Karirhub (contoh)' };

export const examples: Examples = {
  expired: endedScreen({ reason: 'expired', service, resume: '#', serviceHome: undefined }),
  'expired, service unknown': endedScreen({
    reason: 'expired',
    service: undefined,
    resume: undefined,
    serviceHome: undefined,
  }),
  finished: endedScreen({ reason: 'finished', service, resume: '#', serviceHome: 'https://karirhub.contoh.test' }),
  'of another browser': endedScreen({
    reason: 'foreign',
    service,
    resume: undefined,
    serviceHome: 'https://karirhub.contoh.test',
  }),
  'without cookies': endedScreen({ reason: 'no-cookies', service, resume: '#', serviceHome: undefined }),
};
