import type { Context } from 'koa';
import type Router from 'koa-router';
import { signatureOf } from '../../../domain/operator.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import type { Random } from '../../../ports/random/random.ts';
import { field } from '../../../web/form.ts';
import { Refused } from '../../../web/refused.ts';
import { say } from '../../../web/screen.ts';
import { seeOther, toParent } from '../../../web/see-other.ts';
import type { Desk } from '../../desk.ts';
import { frameOf, operatorOf } from '../../guard.ts';
import { teamsScreen, type TeamsView } from './screens.ts';
import type { InitialTokens } from './tokens.ts';

export interface TeamPagesDeps {
  readonly initialTokens: InitialTokens;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uuid'>;
  readonly desk: Desk;
}

const HOME = '/admin/clients/teams';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Teams that register client applications by themselves, as drafts: who may, and until when. */
export function addTeamPages({ initialTokens, clock, random, desk }: TeamPagesDeps): (router: Router) => void {
  const show = async (
    ctx: Context,
    shown: Partial<Pick<TeamsView, 'values' | 'errors' | 'newToken' | 'done'>> = {},
    status = 200,
  ): Promise<void> =>
    desk.show(
      ctx,
      teamsScreen({
        frame: frameOf(ctx),
        tokens: await initialTokens.list(),
        now: clock.now(),
        mayWrite: operatorOf(ctx).permissions.has('clients.write'),
        newId: random.uuid(),
        ...shown,
      }),
      status,
    );

  const asNumber = (text: string): number => (/^\d{1,4}$/.test(text) ? Number(text) : 0);

  async function make(ctx: Context): Promise<void> {
    const typed = (name: string): string => field(ctx, name).trim().slice(0, 200);
    const values = { team: typed('team'), days: typed('days'), most: typed('most') };
    const made = await initialTokens.make(
      {
        id: UUID.test(typed('token')) ? typed('token') : random.uuid(),
        team: values.team,
        days: asNumber(values.days),
        most: asNumber(values.most),
        handedBy: operatorOf(ctx).accountId,
      },
      signatureOf(operatorOf(ctx).actor),
    );
    if (!made.ok) {
      const at = made.refusal === 'days' || made.refusal === 'most' ? made.refusal : 'team';
      return show(
        ctx,
        {
          values,
          errors: [
            {
              field: at,
              label: [say(`admin.clients.teams.${at}`)],
              sentence: say(`admin.clients.teams.refusal.${made.refusal}`),
            },
          ],
        },
        422,
      );
    }
    // The answer itself: no address shows a token again.
    await show(ctx, { newToken: made.value.value.reveal() });
  }

  async function revoke(ctx: Context): Promise<void> {
    if (!(await initialTokens.revoke((ctx.params as { id: string }).id, signatureOf(operatorOf(ctx).actor))))
      throw new Refused(404, 'errors.not-found');
    seeOther(ctx, `${HOME}?done=revoked`);
  }

  return (router) => {
    const [read, write] = [desk.may('clients.read'), desk.may('clients.write')];
    router.get(HOME, read, (ctx: Context) => show(ctx, { done: ctx.query.done === 'revoked' ? 'revoked' : undefined }));
    router.post(HOME, write, desk.form, make);
    router.get(`${HOME}/:id/revoke`, read, toParent);
    router.post(`${HOME}/:id/revoke`, write, desk.form, revoke);
  };
}
