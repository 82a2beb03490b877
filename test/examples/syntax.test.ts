import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import treeSitter from '@vscode/tree-sitter-wasm';
import { parseClientMetadata } from '../../src/admin/clients/forms.ts';
import { readText } from '../support/imports.ts';

const { Language, Parser } = treeSitter;

/** Examples whose tool chain the test run does not bring; other-stacks.test.ts drives them where somebody has built them. */
const SOURCES = {
  php: 'examples/php/public/index.php',
  java: 'examples/spring-boot/src/main/java/id/go/contoh/Application.java',
  go: 'examples/go/main.go',
} as const;

const grammar = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`, import.meta.url)));
const folders = readdirSync(fileURLToPath(new URL('../../examples', import.meta.url)), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

/** The scripts of the application in SvelteKit, those of its pages among them. Its other modules are linted as all are. */
const svelte = readdirSync(fileURLToPath(new URL('../../examples/sveltekit/src', import.meta.url)), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.svelte') || file.endsWith('.js'))
  .map((file) => `examples/sveltekit/src/${file}`);

/** @returns what the parser of TypeScript finds wrong with a text of JavaScript. */
const mistakes = (text: string): readonly unknown[] => ts.transpileModule(text, { reportDiagnostics: true, fileName: 'script.js', compilerOptions: { allowJs: true, target: ts.ScriptTarget.ESNext } }).diagnostics ?? [];

describe('Examples: what stands in the files', () => {
  before(() => Parser.init());

  for (const [language, file] of Object.entries(SOURCES)) {
    it(`${file} is ${language} to its last line`, async () => {
      const parser = new Parser();
      parser.setLanguage(await Language.load(grammar(language)));
      const isGood = (text: string): boolean => parser.parse(text)?.rootNode.hasError === false;
      expect(isGood(readText(file))).to.equal(true);
      expect(isGood(`${readText(file)}\n(`), 'the check itself').to.equal(false);
    });
  }

  it('sveltekit has scripts without a mistake, and tags that are closed', () => {
    expect(svelte).to.have.length.above(8);
    for (const file of svelte) {
      const text = readText(file);
      const script = file.endsWith('.js') ? text : (/^<script>\n(.*?)<\/script>$/ms.exec(text)?.[1] ?? '');
      expect(mistakes(script), file).to.deep.equal([]);
      expect(mistakes(`${script}\n(`), 'the check itself').not.to.deep.equal([]);
      if (file.endsWith('.js')) continue;
      for (const [open, close] of [[/<(script|h1|p|a|form|button|title)\b/g, /<\/(script|h1|p|a|form|button|title)>/g], [/\{#\w+/g, /\{\/\w+\}/g]] as const) {
        expect([...text.matchAll(open)].length, file).to.equal([...text.matchAll(close)].length);
      }
    }
  });

  it('the project of Maven closes what it opens', () => {
    const open: string[] = [];
    for (const [, close = '', name = '', end = ''] of readText('examples/spring-boot/pom.xml').matchAll(/<(\/?)([\w.-]+)[^>]*?(\/?)>/g)) {
      if (close === '/') expect(open.pop()).to.equal(name);
      else if (end === '') open.push(name);
    }
    expect(open).to.deep.equal([]);
  });

  for (const name of folders) {
    it(`${name} has a document that registers it, and a line in the README`, () => {
      const parsed = parseClientMetadata(JSON.parse(readText(`examples/${name}/registration.json`)), { type: name === 'spa' ? 'spa' : name === 'device' ? 'native' : 'web' });
      expect(parsed).to.deep.include({ ok: true });
      if (parsed.ok) expect(parsed.value.ignored).to.deep.equal([]);
      expect(readText('examples/README.md')).to.include(`| [${name}](`);
    });
  }
});
