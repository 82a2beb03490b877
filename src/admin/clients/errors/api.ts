import { z } from 'zod';
import {
  byKind,
  menders,
  requestKinds,
  type ClientError,
  type Fault,
  type Mender,
} from '../../../domain/client-error.ts';
import { parseHelpCode } from '../../../domain/help-code.ts';
import type { Store } from '../../../store/store.ts';
import { Problem } from '../../../web/problem.ts';
import { apiRoute, type ApiRoute } from '../../api-route.ts';
import { inBothLanguages, words } from '../../api-words.ts';
import { unwrap } from '../api-problems.ts';
import { clientParams } from '../api-shapes.ts';
import type { ClientService } from '../service.ts';

const error = z.object({
  request: z.enum(requestKinds).describe('Which kind of request went wrong.'),
  error: z.string().describe('The word of OAuth.'),
  fault: z.enum(Object.keys(menders) as [Fault, ...Fault[]]),
  means: words,
  remedy: words,
  who: z.enum([...new Set(Object.values(menders))] as [Mender, ...Mender[]]).describe('Who mends it.'),
  count: z.int(),
  first_at: z.iso.datetime(),
  last_at: z.iso.datetime(),
  help_codes: z.array(z.string()).describe('The newest first, and a few of them.'),
  address: z.string().optional().describe('The address that was refused: host and path.'),
});

const present = ({
  kind,
  error: word,
  fault,
  count,
  firstAt,
  lastAt,
  helpCodes,
  address,
}: ClientError): z.infer<typeof error> => ({
  request: kind,
  error: word,
  fault,
  means: inBothLanguages(`admin.clients.errors.fault.${fault}.means`),
  remedy: inBothLanguages(`admin.clients.errors.fault.${fault}.mend`),
  who: menders[fault],
  count,
  first_at: firstAt.toISOString(),
  last_at: lastAt.toISOString(),
  help_codes: [...helpCodes],
  ...(address === undefined ? {} : { address }),
});

export interface ClientErrorRoutesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly store: Pick<Store, 'clientErrors'>;
  /** See the pages of the console. */
  readonly clientErrors: { flush(): Promise<void> };
}

/** What goes wrong between services and the protocol, for machines: as on the pages of the console. */
export function clientErrorRoutes({ clients, store, clientErrors }: ClientErrorRoutesDeps): ApiRoute[] {
  return [
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/errors',
      summary:
        'What was refused to a client of late, each kind once, with its remedy. Anybody can cause errors in its name.',
      scope: 'admin:clients:read',
      params: clientParams,
      answer: z.object({ errors: z.array(error) }),
      async handle({ params: { client_id: id } }) {
        if ((await clients.find(id)) === undefined)
          return unwrap({ ok: false, refusal: { reason: 'client-unknown', id } });
        await clientErrors.flush();
        return { errors: byKind(await store.clientErrors.of(id)).map(present) };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/client-errors',
      summary: 'The error of a client that carries a help code.',
      scope: 'admin:clients:read',
      query: z.strictObject({ help_code: z.string().max(40).describe('As somebody read it out: `K7Q2-M9`.') }),
      answer: z.object({ errors: z.array(error.extend({ client_id: z.string() })) }),
      async handle({ query }) {
        const code = parseHelpCode(query.help_code);
        if (code === undefined)
          throw new Problem(422, 'invalid', 'That is no help code.', {
            fields: [{ field: 'query.help_code', what: 'is no help code' }],
          });
        await clientErrors.flush();
        return {
          errors: (await store.clientErrors.byHelpCode(code)).map((one) => ({
            client_id: one.clientId,
            ...present(one),
          })),
        };
      },
    }),
  ];
}
