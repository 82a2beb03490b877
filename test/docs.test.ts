import { expect } from 'chai';
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stalePages } from '../docs/generate.ts';
import { diagram } from '../docs/journeys.ts';
import { createProgram } from '../src/cli/program.ts';
import { filesIn, readText } from './support/imports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = ['README.md', 'CHANGELOG.md', ...filesIn('docs', '.md').map((file) => `docs/${file}`)];
/** What stands in backticks and looks like a file of this repository. */
const FILE = /`((?:src|test|docs|deploy|config|migrations|views|public)\/[\w./-]*\.\w+)`/g;
/** `sso …` at the beginning of a line or of what stands in backticks, also as a checkout in development has it. */
const COMMAND = /(?:^ *|`)(?:npm run --silent sso --|sso) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/gm;
const named = (command: Command, name: string): Command | undefined =>
  command.commands.find((one) => one.name() === name);
const LINK = /\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g;

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
const anchorsIn = (page: string): string[] =>
  [...readText(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe('Documentation', () => {
  it('has fresh generated pages: run "npm run docs" and commit what it writes', () => {
    expect(stalePages()).to.deep.equal([]);
  });

  it('draws a machine as its steps, with one arrow for all events that lead the same way', () => {
    const edges = [
      { from: 'ask', event: 'typed', to: 'ask' },
      { from: 'ask', event: 'pasted', to: 'ask' },
      { from: 'ask', event: 'sent', to: 'done' },
    ];
    expect(diagram('ask', edges).split('\n')).to.deep.equal([
      '```mermaid',
      'stateDiagram-v2',
      '  [*] --> ask',
      '  ask --> ask: typed, pasted',
      '  ask --> done: sent',
      '  done --> [*]',
      '```',
    ]);
  });

  for (const page of pages) {
    describe(page, () => {
      const text = readText(page);

      it('links to what exists', () => {
        const dead = [...text.matchAll(LINK)].filter(([, path = '', anchor]) => {
          const target = path === '' ? page : posix.join(posix.dirname(page), path);
          if (!existsSync(`${root}/${target}`)) return true;
          return anchor !== undefined && target.endsWith('.md') && !anchorsIn(target).includes(anchor);
        });
        expect(dead.map(([link]) => link)).to.deep.equal([]);
      });

      it('names files that exist', () => {
        const missing = [...text.matchAll(FILE)]
          .map(([, path = '']) => path)
          .filter((path) => !existsSync(`${root}/${path}`));
        expect(missing).to.deep.equal([]);
      });

      it('names commands that exist', () => {
        const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
        const unknown = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)]
          .map(([, name = '']) => name)
          .filter((name) => scripts[name] === undefined);
        expect(unknown).to.deep.equal([]);
      });

      it('names commands of the command line that exist', () => {
        const unknown = [...text.matchAll(COMMAND)].filter(([, first = '', second]) => {
          const command = named(createProgram(), first);
          return (
            command === undefined ||
            (second !== undefined && command.commands.length > 0 && named(command, second) === undefined)
          );
        });
        expect(unknown.map(([words]) => words.trim())).to.deep.equal([]);
      });
    });
  }

  it("tells operators of the installation's command line, not of a checkout's, which knows none of its settings", () => {
    const meaning = pages.filter(
      (page) => page.startsWith('docs/operasi/') && readText(page).includes('npm run --silent sso'),
    );
    expect(meaning, 'what it is, and that it is not this one').to.have.members([
      'docs/operasi/install.md',
      'docs/operasi/pemasangan.md',
    ]);
  });
});
