import { expect } from 'chai';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { LOCALES } from '../../src/domain/locale.ts';
import { gallery, galleryUrl } from '../../src/dev/gallery.ts';
import { loginScreen } from '../../src/interaction/login/screens.ts';
import { say, type Screen } from '../../src/web/screen.ts';
import { createPages, listen } from '../support/pages.ts';

const script = '<script>alert(1)</script>';
const dev: Record<string, Screen> = {
  '/dev/outbox': {
    view: 'dev/outbox',
    title: say('dev.outbox.title'),
    model: {
      messages: [
        {
          id: '1',
          channel: 'sms',
          to: '08*****2797',
          subject: undefined,
          text: script,
          code: '123456',
          createdAt: new Date(0),
        },
      ],
    },
  },
  '/typed': loginScreen({
    service: { name: script },
    values: { identifier: `"' autofocus>${script}&amp;`, remember: false },
    errors: [],
    problem: undefined,
    notice: undefined,
    sharing: undefined,
    continueAs: undefined,
    links: { register: '#', trouble: '#', cancel: '#' },
  }),
  '/dev/registry': {
    view: 'dev/registry',
    title: say('dev.registry.title'),
    model: {
      residents: [{ nik: '9901010101900001', name: 'BUDI', mother: 'SITI' }],
      faults: [{ nik: '9999010101909500', behaviour: 'HTTP 500' }],
      smsFaults: [{ ending: '0001', behaviour: 'refused' }],
    },
  },
};

describe('Pages', () => {
  let pages: Awaited<ReturnType<typeof listen>>;
  const html = new Map<string, string>();
  const get = async (path: string): Promise<string> => (await fetch(pages.url + path)).text();

  before(async () => {
    pages = await listen(createPages(dev));
    for (const entry of gallery) {
      for (const lang of LOCALES) {
        const path = galleryUrl(entry, lang);
        const answer = await fetch(pages.url + path);
        expect(answer.status, path).to.equal(200);
        expect(answer.headers.get('content-type')).to.equal('text/html; charset=utf-8');
        expect(answer.headers.get('content-language')).to.equal(lang);
        html.set(`${lang} ${entry.view} ${entry.name}`, await answer.text());
      }
    }
  });
  after(() => pages.close());

  const every = (check: (page: string, name: string) => void): void => {
    for (const [name, page] of html) check(page, name);
  };
  const one = (name: string): string => html.get(name) ?? '';

  it('say which language they are in', () => {
    every((page, name) => {
      expect(page, name).to.include(`<html lang="${name.slice(0, 2)}">`);
    });
  });

  it('offer the other language at the same address', () => {
    every((page, name) => {
      expect(page, name).to.match(
        name.startsWith('id') ? /href="[^"]*lang=en" lang="en"/ : /href="[^"]*lang=id" lang="id"/,
      );
    });
  });

  it('open the other language beside what is shown once: in its place it would be gone', () => {
    const language = (name: string): string => /<a class="language"[^>]*>/.exec(one(name))?.[0] ?? '';
    for (const lang of ['id', 'en'])
      expect(language(`${lang} account/security/recovery-codes new recovery codes, shown once`)).to.include(
        'target="_blank"',
      );
    expect(language('id account/security/recovery-codes new recovery codes?')).to.not.include('target');
    // The page of the sign-in can be loaded again.
    expect(language('id interaction/second-factor/recovery-codes recovery codes, shown once')).to.not.include('target');
  });

  it('carry no script and no style of their own', () => {
    every((page, name) => {
      expect(page, name).to.not.match(/<style|\sstyle=|\son[a-z]+=|javascript:/i);
      expect(page.match(/<script/g), name).to.have.lengthOf(name.includes(' admin/') ? 2 : 1);
      expect(
        page.replaceAll(/<script src="\/(?:app|console)\.js\?v=[0-9a-f]{10}" defer[^>]*><\/script>/g, ''),
        name,
      ).to.not.include('<script');
      expect(page, name).to.match(/<script src="\/app\.js\?v=[0-9a-f]{10}" defer[^>]*><\/script>/);
    });
  });

  it('name nothing of another host', () => {
    every((page, name) => {
      expect(page, name).to.not.match(/(src|action|<link[^>]*href)="(https?:)?\/\//);
    });
  });

  it('put the secret of the form into every form that posts', () => {
    every((page, name) => {
      const forms = page
        .split('<form')
        .slice(1)
        .filter((form) => !/^[^>]* method="get"/.test(form));
      for (const form of forms)
        expect(form.split('</form>')[0], name).to.include('<input type="hidden" name="csrf" value="example"');
    });
  });

  it('begin the title with the mistake', () => {
    expect(one('id interaction/login nothing typed')).to.include(
      '<title>Kesalahan: Masuk ke akun – SIAPkerja ID</title>',
    );
    expect(one('en interaction/login wrong password')).to.include('<title>Error: Sign in – SIAPkerja ID</title>');
    expect(one('id interaction/login first visit')).to.include('<title>Masuk ke akun – SIAPkerja ID</title>');
  });

  it('tie each mistake to its field', () => {
    const page = one('id interaction/registration/identity identity: mistakes in every field');
    for (const field of ['nik', 'name', 'mother_name']) {
      expect(page).to.include(`href="#${field}"`);
      expect(page).to.match(
        new RegExp(`<input[^>]*id="${field}"[^>]*aria-invalid="true"[^>]*aria-describedby="[^"]*${field}-error`),
      );
    }
  });

  it('keep what was typed, but neither password nor mother’s name', () => {
    expect(one('id interaction/registration/identity identity: data do not match'))
      .to.include('value="9901010101900001"')
      .and.include('value="Budi Contoh Santoso"');
    every((page, name) => {
      for (const [input] of page.matchAll(/<input[^>]*(?:type="password"|name="mother_name")[^>]*>/g))
        expect(input, name).to.not.match(/\svalue=/);
    });
  });

  it('escape what people typed', async () => {
    const page = await get('/dev/outbox');
    expect(page).to.include('&lt;script&gt;').and.not.include(script);
  });

  it('escape what comes back in a field, whoever put it there', async () => {
    const page = await get('/typed');
    expect(page)
      .to.include(`value="&quot;' autofocus&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"`)
      .and.not.include(script);
  });

  it('list every example in the gallery', async () => {
    const page = await get('/dev/gallery');
    for (const entry of gallery) expect(page).to.include(galleryUrl(entry, 'en').replaceAll('&', '&amp;'));
  });

  it('show the aids of development', async () => {
    expect(await get('/dev/outbox')).to.include('123456');
    expect(await get('/dev/registry'))
      .to.include('9901010101900001')
      .and.include('HTTP 500');
  });

  it('answer nothing for an example that does not exist', async () => {
    expect((await fetch(`${pages.url}/dev/gallery/show?view=x&example=y`)).status).to.equal(404);
  });

  describe('on a slow phone', () => {
    const KIB = 1024;
    const packed = (name: string): number =>
      gzipSync(readFileSync(new URL(`../../public/${name}`, import.meta.url))).length;

    it('cost at most 12 KiB each, 15 the stylesheet, 4 the script and 6 the mark', () => {
      every((page, name) => {
        expect(gzipSync(page).length, name).to.be.below(12 * KIB);
      });
      expect(packed('app.css')).to.be.below(15 * KIB);
      expect(packed('app.js')).to.be.below(4 * KIB);
      expect(packed('favicon.svg') + packed('weave.svg')).to.be.below(6 * KIB);
    });

    it('cost at most 60 KiB at the first visit, all together', () => {
      const largest = Math.max(...[...html.values()].map((page) => gzipSync(page).length));
      const files = ['app.css', 'app.js', 'favicon.svg', 'weave.svg', 'icon.png'].map(packed);
      expect(files.reduce((sum, size) => sum + size, largest)).to.be.below(60 * KIB);
    });
  });
});
