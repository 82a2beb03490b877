import { z } from 'zod';
import { sentences } from '../web/i18n.ts';

/** A sentence that people read, for programs that show it to people. */
export const words = z.object({ id: z.string(), en: z.string() });

/** @throws where the locale files have no such sentence. */
export function inBothLanguages(key: string): z.infer<typeof words> {
  const [id, en] = [sentences.id.get(key), sentences.en.get(key)];
  if (id === undefined || en === undefined) throw new Error(`there is no sentence ${key}`);
  return { id, en };
}
