import { z } from 'zod';
import { LOGO_BYTES, LOGO_PIXELS, logoTypes, type LogoRefusal } from '../../../domain/logo/logo.ts';
import type { Store } from '../../../store/store.ts';
import { Problem } from '../../../web/problem.ts';
import { apiRoute, type ApiRoute, type Machine } from '../../api-route.ts';
import { presentClient } from '../api-present.ts';
import { client, clientParams, createGetHand, outcome, unwrap } from '../api.ts';
import type { FindHand } from '../hands.ts';
import { seenOf, type ClientReview } from '../review.ts';
import type { LogoService } from './service.ts';

export interface LogoRoutesDeps {
  readonly review: Pick<ClientReview, 'save'>;
  readonly logos: LogoService;
  readonly findHand: FindHand;
  readonly store: Pick<Store, 'clients' | 'clientVersions'>;
}

const words: Readonly<Record<LogoRefusal, string>> = {
  'logo-empty': 'There is no picture in the body.',
  'logo-large': `A logo has ${LOGO_BYTES} bytes at most.`,
  'logo-svg': 'SVG is not accepted: it can carry programs.',
  'logo-type': 'These bytes are no PNG, JPEG or WebP.',
  'logo-pixels': `A logo is ${LOGO_PIXELS} × ${LOGO_PIXELS} pixels at most.`,
  'logo-broken': 'The picture is broken.',
};
const query = z.strictObject({ seen: z.string().max(200).optional() });
const answer = client.extend({ outcome });

/** The logo of a client application for machines: the same rules and the same review as on the page of the console. */
export function logoRoutes({ review, logos, findHand, store }: LogoRoutesDeps): ApiRoute[] {
  const getHand = createGetHand(findHand);

  async function save(id: string, by: Machine, { logo, seen }: { readonly logo: () => Promise<string | undefined>; readonly seen: string | undefined }): Promise<z.input<typeof answer>> {
    const hand = await getHand(by, 'clients.write');
    // Before anything is kept: pictures of applications that there are not are nobody's.
    if ((await store.clients.find(id)) === undefined) return unwrap({ ok: false, refusal: { reason: 'client-unknown', id } });
    const saved = unwrap(await review.save(id, { logo: await logo() }, { hand, seen }));
    return { ...presentClient(saved.client, seenOf(saved.client, await store.clientVersions.findOpen(id))), outcome: saved.outcome };
  }

  async function keep(bytes: Buffer): Promise<string> {
    const put = await logos.put(bytes);
    if (!put.ok) throw new Problem(422, put.refusal, words[put.refusal]);
    return put.value;
  }

  const path = '/clients/{client_id}/logo';
  return [
    apiRoute({
      method: 'put',
      path,
      summary: 'Give a client a logo: the picture itself is the body. People see it once another operator has approved it.',
      scope: 'admin:clients:write',
      params: clientParams,
      query,
      body: { types: Object.values(logoTypes), limitBytes: LOGO_BYTES, description: `A picture of ${LOGO_PIXELS} × ${LOGO_PIXELS} pixels at most. Its bytes say what it is; it is written anew, without what else is in the file.` },
      answer,
      handle: ({ params: { client_id: id }, query: { seen }, body, by }) => save(id, by, { seen, logo: () => keep(body) }),
    }),
    apiRoute({
      method: 'delete',
      path,
      summary: 'Take the logo away: at once, unless another change waits for review (see `outcome`).',
      scope: 'admin:clients:write',
      params: clientParams,
      query,
      answer,
      handle: ({ params: { client_id: id }, query: { seen }, by }) => save(id, by, { seen, logo: () => Promise.resolve(undefined) }),
    }),
  ];
}
