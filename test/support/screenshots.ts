/** Saves a picture of every page in `.screenshots/`: phone and desktop, light and dark, both languages. */
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { LOCALES } from '../../src/domain/locale.ts';
import { gallery, galleryUrl } from '../../src/dev/gallery.ts';
import { createPages, listen } from './pages.ts';
import { CHROMIUM } from './chromium.ts';

const folder = fileURLToPath(new URL('../../.screenshots/', import.meta.url));
/** Words that a page's view or example must contain to be taken: `npm run screenshots -- login`. */
const wanted = process.argv.slice(2);
const entries = gallery.filter(({ view, name }) => wanted.every((word) => `${view} ${name}`.includes(word)));

const pages = await listen(createPages());
const browser = await chromium.launch(CHROMIUM);
try {
  if (wanted.length === 0) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const looks = [360, 1280].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  );
  await Promise.all(
    looks.map(async ({ width, colorScheme }) => {
      const context = await browser.newContext({
        viewport: { width, height: width === 360 ? 740 : 800 },
        colorScheme,
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      for (const entry of entries) {
        for (const lang of LOCALES) {
          await page.goto(pages.url + galleryUrl(entry, lang), { waitUntil: 'load' });
          const file = `${entry.view}-${entry.name}`.replace(/[^a-z]+/gi, '-').replace(/-+$/, '');
          await page.screenshot({ path: `${folder}${file}.${lang}.${width}.${colorScheme}.png`, fullPage: true });
        }
      }
    }),
  );
} finally {
  await browser.close();
  await pages.close();
}
console.log(`${entries.length * LOCALES.length * 4} pictures in .screenshots/`);
