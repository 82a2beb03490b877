import { z } from 'zod';

/** Where each service lives in this one process; the names of its cookies follow from it. */
export const BASES = { '/': 'karirhub', '/skillhub': 'skillhub', '/uji': 'karirhub-uji' } as const;

const sampleClient = z.object({
  client_id: z.string().min(1),
  client_secret: z.string().min(1).optional(),
  name: z.string().min(1),
  /** Where it is not the sign-on itself: the sandbox, for the test stage of a service. */
  issuer: z.url().optional(),
  base: z.enum(['/', '/skillhub', '/uji']),
  scope: z.string().min(1).default('openid profile email phone'),
  about: z.object({ id: z.string(), en: z.string() }).optional(),
});

const sampleClients = z
  .array(sampleClient)
  .min(1)
  .refine((clients) => new Set(clients.map(({ base }) => base)).size === clients.length, 'each base may be used once');

/** What one service knows about itself: its registration at the sign-on, and where it lives. */
export type SampleClient = z.output<typeof sampleClient>;

/** @throws {Error} saying what is wrong with `SAMPLE_CLIENTS`. */
export function parseClients(text: string | undefined): SampleClient[] {
  let given: unknown;
  try {
    given = JSON.parse(text ?? '[]');
  } catch (cause) {
    throw new Error('SAMPLE_CLIENTS is no JSON', { cause });
  }
  const parsed = sampleClients.safeParse(given);
  if (!parsed.success)
    throw new Error(
      `SAMPLE_CLIENTS: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join('; ')}`,
    );
  return parsed.data;
}
