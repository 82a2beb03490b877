import type { ContactCare } from '../domain/contact-care.ts';
import { say, type Examples, type Screen } from '../web/screen.ts';

export interface HomeModel {
  /**
   * With what the person should see to about their contacts, and whether somebody who says to be them has lost number
   * and address, and asks for the account.
   */
  readonly account: { readonly name: string; readonly care: ContactCare; readonly isAskedFor: boolean } | undefined;
  readonly services: readonly {
    readonly name: string;
    readonly logo?: string | undefined;
    readonly url: string;
    readonly about: { readonly id: string; readonly en: string };
  }[];
  readonly links: {
    readonly signIn: string;
    readonly register: string;
    readonly connected: string;
    readonly security: string;
    readonly contact: string;
    readonly requests: string;
    readonly signOut: string;
  };
}

export interface DocumentModel {
  readonly phone: string;
  readonly email: string;
  readonly dataOfficer: string;
}

export interface HelpModel extends DocumentModel {
  /** Whether people who have lost number and address ask for their account at a page, or at the help desk. */
  readonly takesRequests: boolean;
}

export const homeScreen = (model: HomeModel): Screen<HomeModel> => ({
  view: 'portal/home',
  title: say('portal.home.title'),
  model,
});
export const helpScreen = (model: HelpModel): Screen<HelpModel> => ({
  view: 'portal/help',
  title: say('portal.help.title'),
  model,
});
export const termsScreen = (model: DocumentModel): Screen<DocumentModel> => ({
  view: 'portal/terms',
  title: say('portal.terms.title'),
  model,
});
export const privacyScreen = (model: DocumentModel): Screen<DocumentModel> => ({
  view: 'portal/privacy',
  title: say('portal.privacy.title'),
  model,
});

const links = { signIn: '#', register: '#', connected: '#', security: '#', contact: '#', requests: '#', signOut: '#' };
const services = [
  {
    name: 'Karirhub (contoh)',
    logo: '/icon.png',
    url: 'https://karirhub.contoh.test',
    about: { id: 'Lowongan kerja dan lamaran', en: 'Job openings and applications' },
  },
  {
    name: 'Skillhub (contoh)',
    url: 'https://skillhub.contoh.test',
    about: { id: 'Pelatihan dan sertifikat', en: 'Training and certificates' },
  },
];
const help = { phone: '1500630', email: 'bantuan@contoh.test', dataOfficer: 'dpo@contoh.test' };

export const examples: Examples = {
  'home: nobody signed in': homeScreen({ account: undefined, services, links }),
  'home: signed in': homeScreen({
    account: { name: 'Budi Contoh Santoso', care: { phone: undefined, email: undefined }, isAskedFor: false },
    services,
    links,
  }),
  'home: signed in, somebody asks for the account': homeScreen({
    account: { name: 'Budi Contoh Santoso', care: { phone: undefined, email: undefined }, isAskedFor: true },
    services,
    links,
  }),
  'home: signed in, contacts to see to': homeScreen({
    account: { name: 'Budi Contoh Santoso', care: { phone: 'old', email: 'unproved' }, isAskedFor: false },
    services,
    links,
  }),
  help: helpScreen({ ...help, takesRequests: true }),
  'help: requests switched off': helpScreen({ ...help, takesRequests: false }),
  terms: termsScreen(help),
  privacy: privacyScreen(help),
};
