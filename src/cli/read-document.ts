import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { Refused } from './terminal.ts';

/** A JSON document from a file, or from standard input where the name is `-`. @throws {Refused} */
export async function readDocument(file: string): Promise<unknown> {
  let text: string;
  try {
    text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new Refused(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Refused(`${file === '-' ? 'standard input' : file} is not JSON: ${(error as Error).message}`);
  }
}
