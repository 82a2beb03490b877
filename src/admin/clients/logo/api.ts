import { z } from 'zod';
import { LOGO_BYTES, LOGO_PIXELS, logoTypes, type LogoRefusal } from '../../../domain/logo/logo.ts';
import type { Result } from '../../../domain/result.ts';
import type { Store } from '../../../store/store.ts';
import { Problem } from '../../../web/problem.ts';
import { apiRoute, type ApiRoute, type Machine } from '../../api-route.ts';
import { presentClient } from '../api-present.ts';
import { createGetHand, unwrap } from '../api-problems.ts';
import { client, clientParams, outcome } from '../api-shapes.ts';
import type { FindHand } from '../hands.ts';
import { seenOf, type Saved } from '../review.ts';
import type { LogoService, PutRefusal } from './service.ts';

export interface LogoRoutesDeps {
  readonly logos: LogoService;
  readonly findHand: FindHand;
  readonly store: Pick<Store, 'clientVersions'>;
}

const details: Readonly<Record<LogoRefusal | 'logos-many', readonly [status: number, words: string]>> = {
  'logo-empty': [422, 'There is no picture in the body.'],
  'logo-large': [422, `A logo has ${LOGO_BYTES} bytes at most.`],
  'logo-svg': [422, 'SVG is not accepted: it can carry programs.'],
  'logo-type': [422, 'These bytes are no PNG, JPEG or WebP.'],
  'logo-pixels': [422, `A logo is ${LOGO_PIXELS} × ${LOGO_PIXELS} pixels at most.`],
  'logo-broken': [422, 'The picture is broken.'],
  'logos-many': [429, 'Too many logos in the name of this operator today.'],
};
const isOfLogo = (refusal: PutRefusal): refusal is Extract<PutRefusal, { reason: keyof typeof details }> =>
  refusal.reason in details;

function unwrapPut(result: Result<Saved, PutRefusal>): Saved {
  if (result.ok) return result.value;
  const { refusal } = result;
  if (!isOfLogo(refusal)) return unwrap({ ok: false, refusal });
  const [status, words] = details[refusal.reason];
  throw new Problem(status, refusal.reason, words);
}

const query = z.strictObject({ seen: z.string().max(200).optional() });
const answer = client.extend({ outcome });

/** The logo of a client application for machines: the same rules and the same review as on the page of the console. */
export function logoRoutes({ logos, findHand, store }: LogoRoutesDeps): ApiRoute[] {
  const getHand = createGetHand(findHand);

  async function put(
    id: string,
    by: Machine,
    file: Buffer | undefined,
    seen: string | undefined,
  ): Promise<z.input<typeof answer>> {
    const saved = unwrapPut(
      await logos.put(id, file === undefined ? undefined : { bytes: file }, {
        hand: await getHand(by, 'clients.write'),
        seen,
      }),
    );
    return {
      ...presentClient(saved.client, seenOf(saved.client, await store.clientVersions.findOpen(id))),
      outcome: saved.outcome,
    };
  }

  const path = '/clients/{client_id}/logo';
  return [
    apiRoute({
      method: 'put',
      path,
      summary:
        'Give a client a logo: the picture itself is the body. People see it once another operator has approved it.',
      scope: 'admin:clients:write',
      params: clientParams,
      query,
      body: {
        types: Object.values(logoTypes),
        limitBytes: LOGO_BYTES,
        description: `A picture of ${LOGO_PIXELS} × ${LOGO_PIXELS} pixels at most. Its bytes say what it is; it is written anew, without what else is in the file.`,
      },
      answer,
      handle: ({ params: { client_id: id }, query: { seen }, body, by }) => put(id, by, body, seen),
    }),
    apiRoute({
      method: 'delete',
      path,
      summary: 'Take the logo away, at once: also from a change that waits for review.',
      scope: 'admin:clients:write',
      params: clientParams,
      query,
      answer,
      handle: ({ params: { client_id: id }, query: { seen }, by }) => put(id, by, undefined, seen),
    }),
  ];
}
