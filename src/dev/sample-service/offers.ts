import type { Locale } from '../../domain/locale.ts';
import type { SampleClient } from './clients.ts';

/** One card on the front page; invented. */
export interface Offer {
  readonly title: string;
  readonly where: string;
}

interface Offers {
  readonly heading: string;
  readonly cards: readonly Offer[];
}

const jobs: Readonly<Record<Locale, Offers>> = {
  id: {
    heading: 'Lowongan terbaru',
    cards: [
      { title: 'Operator produksi', where: 'PT Contoh Sejahtera, Bekasi' },
      { title: 'Perawat', where: 'Klinik Contoh Sehat, Makassar' },
      { title: 'Teknisi panel surya', where: 'CV Contoh Terang, Kupang' },
    ],
  },
  en: {
    heading: 'Latest vacancies',
    cards: [
      { title: 'Production operator', where: 'PT Contoh Sejahtera, Bekasi' },
      { title: 'Nurse', where: 'Klinik Contoh Sehat, Makassar' },
      { title: 'Solar panel technician', where: 'CV Contoh Terang, Kupang' },
    ],
  },
};

/** What a visitor of each service came for, so that the page looks like a place and not like a test. */
export const offers: Readonly<Record<SampleClient['base'], Readonly<Record<Locale, Offers>>>> = {
  '/': jobs,
  '/uji': jobs,
  '/skillhub': {
    id: {
      heading: 'Pelatihan yang dibuka',
      cards: [
        { title: 'Pengelasan dasar', where: 'BLK Contoh Surakarta, 30 hari' },
        { title: 'Desain grafis', where: 'BLK Contoh Medan, 20 hari' },
        { title: 'Barista', where: 'BLK Contoh Ambon, 10 hari' },
      ],
    },
    en: {
      heading: 'Open courses',
      cards: [
        { title: 'Basic welding', where: 'BLK Contoh Surakarta, 30 days' },
        { title: 'Graphic design', where: 'BLK Contoh Medan, 20 days' },
        { title: 'Barista', where: 'BLK Contoh Ambon, 10 days' },
      ],
    },
  },
};
