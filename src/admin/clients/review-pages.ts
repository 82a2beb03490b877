import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Client, ClientVersion } from '../../domain/client.ts';
import { signatureOf, type Permission } from '../../domain/operator.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import { explainRefusal } from './explain.ts';
import type { ClientRefusal } from './refusals.ts';
import {
  decisions,
  historyScreen,
  proposalScreen,
  signaturesOf,
  type Decision,
  type HistoryView,
  type ProposalView,
} from './review-screens.ts';
import type { ClientReview, Position } from './review.ts';
import { handOf, isStale, type Hand } from './versions.ts';

export interface ReviewPagesDeps {
  readonly review: ClientReview;
  readonly store: Pick<Store, 'clients' | 'clientVersions'>;
  readonly desk: Desk;
  readonly getClient: (ctx: Context) => Promise<Client>;
}

const HOME = '/admin/clients';
const rightFor: Readonly<Record<Decision, Permission>> = {
  approve: 'clients.approve',
  reject: 'clients.approve',
  waive: 'clients.waive',
  renew: 'clients.write',
  withdraw: 'clients.write',
};

export const handAt = (ctx: Context): Hand => handOf(signatureOf(operatorOf(ctx).actor));
const addressOf = (id: string): string => `${HOME}/${encodeURIComponent(id)}`;
const asNumber = (text: string): number => (/^\d{1,6}$/.test(text) ? Number(text) : 0);

/** What waits for a decision, and what was decided. */
export function addReviewPages({ review, store, desk, getClient }: ReviewPagesDeps): (router: Router) => void {
  const may = (ctx: Context, permission: Permission): boolean => operatorOf(ctx).permissions.has(permission);

  async function showProposal(
    ctx: Context,
    client: Client,
    open: ClientVersion,
    more: Partial<ProposalView> = {},
    status = 200,
  ): Promise<void> {
    const isOwn = open.involved.some((one) => handAt(ctx).involved.includes(one));
    const rights = {
      approve: may(ctx, 'clients.approve'),
      waive: may(ctx, 'clients.waive'),
      write: may(ctx, 'clients.write'),
    };
    await desk.show(
      ctx,
      proposalScreen({
        frame: frameOf(ctx),
        names: await desk.names(ctx, { signatures: signaturesOf(open) }),
        client,
        open,
        hasPassed: await review.hasPassed(client, open),
        isStale: await isStale(store, client, open),
        looked: await review.lookAtAddresses(
          open.metadata,
          handAt(ctx).by,
          client.status === 'draft' ? undefined : client.metadata,
        ),
        isOwn,
        rights,
        ...more,
      }),
      status,
    );
  }

  async function getProposal(ctx: Context): Promise<{ client: Client; open: ClientVersion | undefined }> {
    const client = await getClient(ctx);
    return { client, open: await store.clientVersions.findOpen(client.id) };
  }

  async function proposal(ctx: Context): Promise<void> {
    const { client, open } = await getProposal(ctx);
    // Decided meanwhile: the page of the client tells what became of it.
    if (open === undefined) seeOther(ctx, addressOf(client.id));
    else await showProposal(ctx, client, open);
  }

  function carryOut(
    decision: Decision,
    id: string,
    read: Position,
    hand: Hand,
    reason: string,
  ): Promise<{ ok: true } | { ok: false; refusal: ClientRefusal }> {
    switch (decision) {
      case 'approve':
        return review.approve(id, read, { hand, note: reason });
      case 'reject':
        return review.reject(id, read, { hand, note: reason });
      case 'waive':
        return review.waive(id, read, { hand, reason });
      case 'withdraw':
        return review.withdraw(id, read, hand);
      case 'renew':
        return review.save(id, {}, { hand });
    }
  }

  const decide =
    (decision: Decision) =>
    async (ctx: Context): Promise<void> => {
      const { client, open } = await getProposal(ctx);
      const read = { number: asNumber(field(ctx, 'number')), edition: asNumber(field(ctx, 'edition')) };
      if (open === undefined) {
        seeOther(ctx, `${addressOf(client.id)}?done=gone`);
        return;
      }
      const isExplained = decision !== 'renew' && decision !== 'withdraw';
      const { typed, reason, errors } = isExplained ? readReason(ctx, decision) : { typed: '', reason: '', errors: [] };
      if (reason === undefined)
        return showProposal(ctx, client, open, { at: decision, values: { reason: typed }, errors }, 422);
      const done = await carryOut(decision, client.id, read, handAt(ctx), reason);
      if (done.ok) {
        seeOther(
          ctx,
          decision === 'waive' || decision === 'renew'
            ? `${addressOf(client.id)}/proposal`
            : `${addressOf(client.id)}?done=${decision}`,
        );
        return;
      }
      // What changed meanwhile is shown as it is now, with what was typed.
      const now = await getProposal(ctx);
      if (now.open === undefined) seeOther(ctx, `${addressOf(client.id)}?done=gone`);
      else
        await showProposal(
          ctx,
          now.client,
          now.open,
          { at: decision, values: { reason: typed }, problem: explainRefusal(done.refusal) },
          422,
        );
    };

  async function history(ctx: Context, more: Partial<HistoryView> = {}, status = 200): Promise<void> {
    const client = await getClient(ctx);
    const versions = await store.clientVersions.list(client.id);
    await desk.show(
      ctx,
      historyScreen({
        frame: frameOf(ctx),
        names: await desk.names(ctx, { signatures: versions.flatMap(signaturesOf) }),
        client,
        versions,
        mayWrite: may(ctx, 'clients.write'),
        ...more,
      }),
      status,
    );
  }

  async function goBack(ctx: Context): Promise<void> {
    const client = await getClient(ctx);
    const number = asNumber(field(ctx, 'number'));
    if (number === 0) throw new Refused(400, 'errors.bad-encoding');
    const { typed, reason, errors } = readReason(ctx, `return-${number}`);
    if (reason === undefined) return history(ctx, { at: number, values: { reason: typed }, errors }, 422);
    const done = await review.returnTo(client.id, number, { hand: handAt(ctx), reason });
    if (!done.ok)
      return history(ctx, { at: number, values: { reason: typed }, problem: explainRefusal(done.refusal) }, 422);
    seeOther(
      ctx,
      done.value.outcome === 'proposed' ? `${addressOf(client.id)}/proposal` : `${addressOf(client.id)}?done=returned`,
    );
  }

  return (router) => {
    const read = desk.may('clients.read');
    router.get(`${HOME}/:id/proposal`, read, proposal);
    router.get(`${HOME}/:id/history`, read, (ctx: Context) => history(ctx));
    router.post(`${HOME}/:id/history`, desk.may('clients.write'), desk.form, goBack);
    for (const decision of decisions) router.get(`${HOME}/:id/proposal/${decision}`, read, toParent);
    for (const decision of decisions)
      router.post(`${HOME}/:id/proposal/${decision}`, desk.may(rightFor[decision]), desk.form, decide(decision));
  };
}
