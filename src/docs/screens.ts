import { say, type Examples, type Screen } from '../web/screen.ts';
import { createLibrary, guides, type Guide, type GuideText } from './library.ts';

export interface GuideModel {
  readonly guide: Guide;
  readonly guides: readonly Guide[];
  readonly next: Guide | undefined;
  /** Made by us from our own files: the only HTML that a template takes as it is. */
  readonly text: GuideText;
}

export const guideScreen = (guide: Guide, text: GuideText): Screen<GuideModel> => ({
  view: 'docs/guide',
  title: say(`docs.guide.${guide}`),
  model: { guide, guides, next: guides[guides.indexOf(guide) + 1], text },
});

const library = createLibrary('https://akun.contoh.test');

export const examples: Examples = Object.fromEntries(
  guides.map((guide) => [guide, guideScreen(guide, library[guide])]),
);
