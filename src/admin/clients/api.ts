import { z } from 'zod';
import type { AdminScope } from '../../domain/admin-scope.ts';
import { clientStatuses, clientTypes, type Client, type ClientVersion } from '../../domain/client.ts';
import { changesBetween, checkStandingOf } from '../../domain/client-change.ts';
import { signatureOf, type Permission } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import type { Store } from '../../store/store.ts';
import { Problem } from '../../web/problem.ts';
import { readReason, reason } from '../api-reason.ts';
import { apiRoute, type ApiRoute } from '../api-route.ts';
import {
  describedMetadata,
  presentClient,
  presentVersion,
  toMark,
  toCursor,
  warnings,
  type Shown,
} from './api-present.ts';
import { createGetHand, unwrap } from './api-problems.ts';
import { client, clientParams, listing, outcome, position, proposal, version } from './api-shapes.ts';
import type { FindHand } from './hands.ts';
import { isPrivileged } from './privileged.ts';
import type { ClientRefusal } from './refusals.ts';
import { seenOf, type ClientReview, type Position } from './review.ts';
import type { ClientService } from './service.ts';
import { isStale, type Hand } from './versions.ts';

export interface ClientRoutesDeps {
  readonly clients: ClientService;
  readonly review: ClientReview;
  readonly findHand: FindHand;
  readonly store: Pick<Store, 'clients' | 'clientVersions'>;
}

/** Clients for machines: the same review as at the console, with the operator behind the machine counted. */
export function clientRoutes({ clients, review, findHand, store }: ClientRoutesDeps): ApiRoute[] {
  const getHand = createGetHand(findHand);
  async function getClient(id: string): Promise<Client> {
    const found = await clients.find(id);
    if (found === undefined) return unwrap({ ok: false, refusal: { reason: 'client-unknown', id } });
    return found;
  }
  async function show(one: Client): Promise<Shown<typeof client>> {
    return presentClient(one, seenOf(one, await store.clientVersions.findOpen(one.id)));
  }
  async function getOpen(one: Client): Promise<ClientVersion> {
    const open = await store.clientVersions.findOpen(one.id);
    if (open === undefined) throw new Problem(404, 'proposal-unknown', 'Nothing waits for a decision.');
    return open;
  }
  type Verb = 'approve' | 'reject' | 'waive' | 'withdraw';
  const rights: Readonly<Record<Verb, readonly [AdminScope, Permission]>> = {
    approve: ['admin:clients:approve', 'clients.approve'],
    reject: ['admin:clients:approve', 'clients.approve'],
    waive: ['admin:clients:waive', 'clients.waive'],
    withdraw: ['admin:clients:write', 'clients.write'],
  };
  function carryOut(
    verb: Verb,
    id: string,
    read: Position,
    hand: Hand,
    why: string,
  ): Promise<Result<Client, ClientRefusal>> {
    switch (verb) {
      case 'withdraw':
        return review.withdraw(id, read, hand);
      case 'waive':
        return review.waive(id, read, { hand, reason: why });
      case 'approve':
      case 'reject':
        return review[verb](id, read, { hand, note: why });
    }
  }
  const decision = (verb: Verb, summary: string): ApiRoute =>
    apiRoute({
      method: 'post',
      path: `/clients/{client_id}/proposal/${verb}`,
      summary,
      scope: rights[verb][0],
      params: clientParams,
      body: z.strictObject({ ...position, reason }),
      answer: client,
      async handle({ params: { client_id: id }, body: { reason: text, ...read }, by }) {
        const hand = await getHand(by, rights[verb][1]);
        return show(unwrap(await carryOut(verb, id, read, hand, readReason(text))));
      },
    });
  const turn = (verb: 'disable' | 'enable', summary: string): ApiRoute =>
    apiRoute({
      method: 'post',
      path: `/clients/{client_id}/${verb}`,
      summary,
      scope: verb === 'disable' ? 'admin:clients:write' : 'admin:clients:approve',
      params: clientParams,
      body: z.strictObject({ reason }),
      answer: client,
      async handle({ params: { client_id: id }, body, by }) {
        const hand = await getHand(by, verb === 'disable' ? 'clients.write' : 'clients.approve');
        const because = { by: hand.by, reason: readReason(body.reason) };
        if (verb === 'enable' && isPrivileged((await getClient(id)).metadata.scope))
          throw new Problem(
            403,
            'client-privileged',
            'What has rights at this API is started by the command line alone.',
          );
        return show(unwrap(await clients.setStatus(id, verb === 'disable' ? 'disabled' : 'active', because)));
      },
    });

  return [
    apiRoute({
      method: 'get',
      path: '/clients',
      summary: 'Clients by name, page by page; those of which something waits for approval with `status=waiting`.',
      scope: 'admin:clients:read',
      query: z.strictObject({
        q: z
          .string()
          .max(200)
          .regex(/^[^\0]*$/)
          .optional(),
        status: z.enum([...clientStatuses, 'waiting']).optional(),
        cursor: z.string().max(1000).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      answer: z.object({
        clients: z.array(
          z.object({
            client_id: z.string(),
            name: z.string(),
            type: z.enum(clientTypes),
            status: z.enum(clientStatuses),
            waits: z.boolean(),
            updated_at: z.iso.datetime(),
          }),
        ),
        next_cursor: z.string().optional(),
      }),
      async handle({ query: { q, status, cursor, limit } }) {
        const found = await store.clients.page(
          { words: q, status: status === 'waiting' ? undefined : status, waits: status === 'waiting' },
          cursor === undefined ? undefined : toMark(cursor),
          limit + 1,
        );
        const page = found.slice(0, limit);
        const last = page.at(-1);
        return {
          clients: page.map(({ id, updatedAt, ...one }) => ({
            client_id: id,
            ...one,
            updated_at: updatedAt.toISOString(),
          })),
          ...(found.length > limit && last !== undefined ? { next_cursor: toCursor(last) } : {}),
        };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}',
      summary: 'What is in effect; of a draft, what is proposed.',
      scope: 'admin:clients:read',
      params: clientParams,
      answer: client,
      handle: async ({ params: { client_id: id } }) => show(await getClient(id)),
    }),
    apiRoute({
      method: 'post',
      path: '/clients',
      summary: 'Register a client as a draft; its secret is in this answer alone.',
      scope: 'admin:clients:write',
      body: z.strictObject({
        metadata: describedMetadata,
        type: z.enum(clientTypes).optional(),
        listing: listing.optional(),
        reason: reason.optional(),
      }),
      answer: client.extend({ client_secret: z.string().optional(), ignored: z.array(z.string()), warnings }),
      async handle({ body, by }) {
        const hand = await getHand(by, 'clients.write');
        const made = unwrap(
          await review.register(
            { document: body.metadata, type: body.type, listing: body.listing, allowNik: true },
            { hand, reason: body.reason === undefined ? undefined : readReason(body.reason) },
          ),
        );
        return {
          ...(await show(made.client)),
          ignored: [...made.ignored],
          warnings: [...made.warnings],
          ...(made.newSecret === undefined ? {} : { client_secret: made.newSecret.reveal() }),
        };
      },
    }),
    apiRoute({
      method: 'patch',
      path: '/clients/{client_id}',
      summary:
        'Change members, on top of the open proposal where there is one; null takes a member away (RFC 7396). Saved as it is, a stale proposal is renewed.',
      scope: 'admin:clients:write',
      params: clientParams,
      body: z.strictObject({
        metadata: z.record(z.string(), z.unknown()).default({}),
        listing: listing.nullable().optional(),
        seen: z.string().max(200).optional(),
        reason: reason.optional(),
      }),
      answer: client.extend({ outcome, ignored: z.array(z.string()), warnings }),
      async handle({ params: { client_id: id }, body, by }) {
        const hand = await getHand(by, 'clients.write');
        const changes = Object.fromEntries(
          Object.entries(body.metadata).map(([name, value]) => [name, value ?? undefined]),
        );
        const saved = unwrap(
          await review.save(id, changes, {
            hand,
            listing: body.listing,
            allowNik: true,
            seen: body.seen,
            reason: body.reason === undefined ? undefined : readReason(body.reason),
          }),
        );
        return {
          ...(await show(saved.client)),
          outcome: saved.outcome,
          ignored: [...saved.ignored],
          warnings: [...saved.warnings],
        };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/proposal',
      summary: 'What waits for a decision, and how it differs from what is in effect.',
      scope: 'admin:clients:read',
      params: clientParams,
      answer: proposal,
      async handle({ params: { client_id: id }, by }) {
        const one = await getClient(id);
        const open = await getOpen(one);
        const looked = await review.lookAtAddresses(
          open.metadata,
          signatureOf(by),
          one.status === 'draft' ? undefined : one.metadata,
        );
        const before = one.status === 'draft' ? undefined : one;
        const changes = changesBetween(before, open).map(({ name, ...rest }) => ({ member: name, ...rest }));
        return {
          ...presentVersion(open),
          changes,
          stale: await isStale(store, one, open),
          check: checkStandingOf(before, open, await review.hasPassed(one, open)),
          warnings: [...(looked?.problems ?? []), ...(looked?.warnings ?? [])],
        };
      },
    }),
    decision('approve', 'The proposal takes effect. Nobody approves what they had a hand in.'),
    decision('reject', 'Say no to the proposal.'),
    decision('waive', 'Let this edition of the proposal pass without the integration check: for administrators.'),
    decision('withdraw', 'Take the proposal back.'),
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/versions',
      summary: 'What the client was and was meant to become, newest first.',
      scope: 'admin:clients:read',
      params: clientParams,
      answer: z.object({ versions: z.array(version) }),
      handle: async ({ params: { client_id: id } }) => ({
        versions: (await store.clientVersions.list((await getClient(id)).id)).map(presentVersion),
      }),
    }),
    apiRoute({
      method: 'post',
      path: '/clients/{client_id}/versions/{number}/return',
      summary: 'Return to an earlier version: at once where that widens nothing, else as a proposal.',
      scope: 'admin:clients:write',
      params: clientParams.extend({ number: z.coerce.number().int().min(1).max(1_000_000) }),
      body: z.strictObject({ reason }),
      answer: client.extend({ outcome }),
      async handle({ params: { client_id: id, number }, body, by }) {
        const hand = await getHand(by, 'clients.write');
        const saved = unwrap(await review.returnTo(id, number, { hand, reason: readReason(body.reason) }));
        return { ...(await show(saved.client)), outcome: saved.outcome };
      },
    }),
    turn('disable', 'Stop a client: for the protocol it does not exist.'),
    turn('enable', 'Start a stopped client again.'),
  ];
}
