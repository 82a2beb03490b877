import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readText } from '../support/imports.ts';

const page = readText('docs/conformance.md');

/** `[name](../test/…) › title of a test`, to the end of the cell or the line within it. */
const NAMED = /\[[\w-]+\]\(\.\.\/(test\/[\w/-]+\.test\.ts)\) › (.+?)(?=<br>| \|)/g;
const named = [...page.matchAll(NAMED)].map(([, file = '', title = '']) => ({ file, title }));

/** The titles of tests as they stand in the file; those made of parts keep their `${…}`. */
const titlesIn = (file: string): Set<string> => {
  const text = readText(file);
  return new Set(
    [...text.matchAll(/\bit\((['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(([, , title = '']) =>
      title.replaceAll(/\\(.)/g, '$1'),
    ),
  );
};

describe('The page on conformance', () => {
  it('names many tests, every one of which exists in its file under its title', () => {
    expect(named.length).to.be.greaterThan(70);
    const missing = named.filter(
      ({ file, title }) =>
        !existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url))) || !titlesIn(file).has(title),
    );
    expect(missing).to.deep.equal([]);
  });

  it('reads each mention of a test: none stands there in a form that nobody checks', () => {
    expect(named.length).to.equal(page.split(' › ').length - 1);
  });

  it('says in every row of its tables what shows the module, or why nothing does', () => {
    const rows = page.split('\n').filter((line) => /^\| `(?:oidcc|…)/.test(line));
    expect(rows.length).to.be.greaterThan(50);
    for (const row of rows)
      expect(row, row.slice(0, 80)).to.match(/ › |skipped by the suite|not shown|not run|refused on purpose/);
  });

  it('names each module once in a plan', () => {
    for (const plan of page.split('\n## ')) {
      const modules = [...plan.matchAll(/`((?:oidcc-|…)[\w-]+)`/g)].map(([, name = '']) => name);
      expect(modules.filter((name, index) => modules.indexOf(name) !== index)).to.deep.equal([]);
    }
  });
});
