import bcrypt from '@node-rs/bcrypt';
import { parseFormerLine } from '../../src/admin/accounts/former-line.ts';
import { createFormerImport, type Taken } from '../../src/admin/accounts/import.ts';
import type { TestApp } from './app.ts';

/** The cheapest there is: a test wants to know that it is verified, not how long that takes. */
export const bcryptOf = async (password: string): Promise<string> =>
  (await bcrypt.hash(password, 4)).replace(/^\$2.\$/, '$2y$');

type Importing = Pick<TestApp, 'container' | 'config'>;

/** Records of a former system, taken in as the command takes them. */
export const importFormer = (app: Importing, ...documents: readonly object[]): Promise<Taken> =>
  take(app, documents, false);

/** Mended lines in the place of those that wait. */
export const replaceFormer = (app: Importing, ...documents: readonly object[]): Promise<Taken> =>
  take(app, documents, true);

async function take({ container, config }: Importing, documents: readonly object[], replace: boolean): Promise<Taken> {
  const lines = documents.map((document, at) => {
    const parsed = parseFormerLine({ number: at + 1, text: JSON.stringify(document) }, config, container.clock.now());
    if (!parsed.ok) throw new Error(parsed.refusal.reasons.join());
    return parsed.value;
  });
  return createFormerImport(container).take(lines, { run: container.random.uuid(), linkRegistered: false, replace });
}
