import type { DataUse } from '../../domain/sharing.ts';
import { say, type Examples, type Screen } from '../../web/screen.ts';
import type { ConnectedService } from './service.ts';

export interface ServicesModel {
  readonly services: readonly (Pick<ConnectedService, 'name' | 'logo' | 'since' | 'shares'> & {
    readonly withdraw: string;
  })[];
  /** One was just taken off the list. */
  readonly withdrawn: boolean;
}

export interface WithdrawModel {
  readonly name: string;
  readonly clientId: string;
  readonly stay: string;
}

export const servicesScreen = (model: ServicesModel): Screen<ServicesModel> => ({
  view: 'account/services/list',
  title: say('account.services.list.title'),
  model,
});
export const withdrawScreen = (model: WithdrawModel): Screen<WithdrawModel> => ({
  view: 'account/services/withdraw',
  title: say('account.services.withdraw.title', { service: model.name }),
  model,
});

const use = (id: string, en: string): DataUse => ({ purpose: { id, en }, legal_basis: 'public-task' });
const karirhub = {
  name: 'Karirhub (contoh)',
  logo: '/icon.png',
  since: new Date('2026-11-20T02:30:00Z'),
  withdraw: '#',
  shares: [
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
  ],
};
const skillhub = {
  name: 'Skillhub (contoh)',
  logo: undefined,
  since: new Date('2026-11-02T08:00:00Z'),
  withdraw: '#',
  shares: [{ scope: 'profile', claims: ['name'] }],
};

const absent = { ...karirhub, shares: [...karirhub.shares, { scope: 'offline_access', claims: [] }] };

export const examples: Examples = {
  'a service that may act while the person is away': servicesScreen({ services: [absent], withdrawn: false }),
  'two services': servicesScreen({ services: [karirhub, skillhub], withdrawn: false }),
  'one withdrawn': servicesScreen({ services: [karirhub], withdrawn: true }),
  none: servicesScreen({ services: [], withdrawn: false }),
  'withdraw?': withdrawScreen({ name: 'Karirhub (contoh)', clientId: 'karirhub', stay: '#' }),
};
