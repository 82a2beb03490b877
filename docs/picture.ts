/**
 * `node docs/picture.ts` makes the picture of README.md anew: four pages of the gallery, put together by Chromium
 * itself.
 */
import { writeFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { gallery, galleryUrl } from '../src/dev/gallery.ts';
import { CHROMIUM } from '../test/support/chromium.ts';
import { createPages, listen } from '../test/support/pages.ts';

interface Shot {
  readonly view: string;
  readonly example: string;
  readonly scheme: 'light' | 'dark';
  readonly size: { readonly width: number; readonly height: number };
  /** Where it stands in the picture, and how large. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

const PHONE = { width: 360, height: 740 };
const shots: readonly Shot[] = [
  {
    view: 'interaction/login',
    example: 'first visit',
    scheme: 'light',
    size: { width: 1120, height: 760 },
    left: 40,
    top: 40,
    width: 720,
  },
  {
    view: 'interaction/registration/identity',
    example: 'identity: first visit',
    scheme: 'light',
    size: PHONE,
    left: 800,
    top: 40,
    width: 240,
  },
  {
    view: 'interaction/registration/code',
    example: 'code: sent',
    scheme: 'dark',
    size: PHONE,
    left: 1070,
    top: 40,
    width: 240,
  },
  {
    view: 'interaction/registration/finished',
    example: 'finished',
    scheme: 'light',
    size: PHONE,
    left: 1340,
    top: 40,
    width: 240,
  },
];
const PICTURE = { width: 1620, height: 574 };
const QUALITY = 0.86;

async function take(browser: Browser, base: string, { view, example, scheme, size }: Shot): Promise<string> {
  const entry = gallery.find((one) => one.view === view && one.name === example);
  if (entry === undefined) throw new Error(`the gallery has no ${view}: ${example}`);
  const page = await browser.newPage({
    viewport: size,
    deviceScaleFactor: 2,
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  await page.goto(base + galleryUrl(entry, 'id'), { waitUntil: 'load' });
  const picture = await page.screenshot();
  await page.close();
  return `data:image/png;base64,${picture.toString('base64')}`;
}

const composition = (pictures: readonly string[]): string => `<!doctype html><style>
  body { margin: 0; background: #e9eef2 }
  img { position: absolute; border-radius: 14px; box-shadow: 0 1px 2px #0003, 0 12px 32px #0002 }
</style>${shots.map(({ left, top, width }, index) => `<img src="${pictures[index] ?? ''}" style="left:${left}px;top:${top}px;width:${width}px">`).join('')}`;

/** PNG of so many colours is large, and screenshots know no WebP: the canvas of the browser does. */
const toWebp = (page: Page, png: string): Promise<string> =>
  page.evaluate(
    async ([source, quality]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      canvas.getContext('2d')?.drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', quality);
    },
    [`data:image/png;base64,${png}`, QUALITY] as const,
  );

const pages = await listen(createPages());
const browser = await chromium.launch(CHROMIUM);
try {
  const pictures: string[] = [];
  for (const shot of shots) pictures.push(await take(browser, pages.url, shot));
  const page = await browser.newPage({ viewport: PICTURE, deviceScaleFactor: 1 });
  await page.setContent(composition(pictures), { waitUntil: 'load' });
  const webp = Buffer.from(
    (await toWebp(page, (await page.screenshot()).toString('base64'))).split(',')[1] ?? '',
    'base64',
  );
  writeFileSync(new URL('pages.webp', import.meta.url), webp);
  console.log(`docs/pages.webp, ${Math.ceil(webp.length / 1024)} KiB`);
} finally {
  await browser.close();
  await pages.close();
}
