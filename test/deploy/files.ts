import { parseEnv } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { readText } from '../support/imports.ts';

/** A YAML document as it comes: the tests say what they expect of it, and the schemas what anybody may. */
export type Document = any;

/** Every document of a file. @throws when it cannot be read, or says a thing twice. */
export const documentsIn = (path: string): Document[] =>
  parseAllDocuments(readText(path), { merge: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS();
  });

export const compose = (): Document => parse(readText('deploy/compose/compose.yaml'), { merge: true });

export const variablesIn = (path: string): Record<string, string> => parseEnv(readText(path)) as Record<string, string>;

/** The directives of a systemd unit: all values of each name, in order. */
export function unit(path: string): ReadonlyMap<string, readonly string[]> {
  const directives = new Map<string, string[]>();
  for (const [, name = '', value = ''] of readText(path).matchAll(/^(\w+)=(.*)$/gm))
    directives.set(name, [...(directives.get(name) ?? []), value]);
  return directives;
}

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** A Containerfile as instructions, with lines put together that a backslash breaks. */
export const instructions = (): Instruction[] =>
  readText('deploy/container/Containerfile')
    .replaceAll(/^#.*$/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name, value] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
      return name === undefined || value === undefined ? [] : [{ name, value }];
    });

/** What of the repository the image is made of. */
export const copied = (): string[] =>
  instructions().flatMap(({ name, value }) =>
    name === 'COPY' && !value.startsWith('--') ? value.split(/\s+/).slice(0, -1) : [],
  );
