import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import treeSitter from '@vscode/tree-sitter-wasm';
import { parseClientMetadata } from '../../src/admin/clients/forms.ts';
import { readText } from '../support/imports.ts';

const { Language, Parser } = treeSitter;

/**
 * Examples whose tool chain the test run does not bring; other-stacks.test.ts drives them where somebody has built
 * them.
 */
const SOURCES = {
  php: 'examples/php/public/index.php',
  java: 'examples/spring-boot/src/main/java/id/go/contoh/Application.java',
  go: 'examples/go/main.go',
} as const;

const grammar = (name: string): Buffer =>
  readFileSync(
    fileURLToPath(
      new URL(`../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`, import.meta.url),
    ),
  );
const folders = readdirSync(fileURLToPath(new URL('../../examples', import.meta.url)), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

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

  it('the project of Maven closes what it opens', () => {
    const open: string[] = [];
    for (const [, close = '', name = '', end = ''] of readText('examples/spring-boot/pom.xml').matchAll(
      /<(\/?)([\w.-]+)[^>]*?(\/?)>/g,
    )) {
      if (close === '/') expect(open.pop()).to.equal(name);
      else if (end === '') open.push(name);
    }
    expect(open).to.deep.equal([]);
  });

  for (const name of folders) {
    it(`${name} has a document that registers it, and a line in the README`, () => {
      const parsed = parseClientMetadata(JSON.parse(readText(`examples/${name}/registration.json`)), {
        type: name === 'spa' ? 'spa' : name === 'device' ? 'native' : 'web',
      });
      expect(parsed).to.deep.include({ ok: true });
      if (parsed.ok) expect(parsed.value.ignored).to.deep.equal([]);
      expect(readText('examples/README.md')).to.include(`| [${name}](`);
    });
  }
});
