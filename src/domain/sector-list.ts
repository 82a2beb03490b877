import { ok, refuse, type Result } from './result.ts';

/** Why what stands at an address cannot serve as the list of a sector. */
export type SectorListFault = 'not-json' | 'not-a-list';

/**
 * Reads what a service publishes at its `sector_identifier_uri`: the addresses of everybody in it (OpenID Connect Core,
 * 8.1).
 */
export function readSectorList(text: string): Result<readonly string[], SectorListFault> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return refuse('not-json');
  }
  return Array.isArray(given) && given.every((one) => typeof one === 'string') ? ok(given) : refuse('not-a-list');
}
