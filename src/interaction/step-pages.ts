import type { Context } from 'koa';
import type { Clock } from '../ports/clock/clock.ts';
import type { Draft } from '../store/drafts.ts';
import { seeOther } from '../web/see-other.ts';
import type { Drafts } from './drafts.ts';
import { entered, interactionPath } from './entrance.ts';

interface AtStep {
  readonly step: string;
}
type DraftAt<State extends AtStep, Step extends State['step']> = Draft<State> & {
  readonly state: Extract<State, { step: Step }>;
};

export interface StepPagesDeps<State extends AtStep> {
  readonly drafts: Pick<Drafts<State, never>, 'find'>;
  /** What stands in the place of a draft that the first form has yet to make. */
  readonly unbegun: (uid: string, createdAt: Date) => Draft<State>;
  readonly first: State['step'];
  /** Below `/interaction/:uid/`. */
  readonly pathOf: (step: State['step']) => string;
  /** Whether the last page was left open: whoever asks for the first one then begins anew. */
  readonly isLeft: (state: State, now: Date) => boolean;
  readonly restart: (ctx: Context) => Promise<State['step']>;
  readonly clock: Clock;
}

/** The pages of a journey, one for each step of its draft. */
export function createStepPages<State extends AtStep>({
  drafts,
  unbegun,
  first,
  pathOf,
  isLeft,
  restart,
  clock,
}: StepPagesDeps<State>) {
  /**
   * To the page of the step that the draft is at: after every good form, and for whoever asks for another step's page.
   */
  async function toStep(ctx: Context, step?: State['step']): Promise<void> {
    const { uid } = entered(ctx);
    seeOther(ctx, interactionPath(uid, pathOf(step ?? (await drafts.find(uid))?.state.step ?? first)));
  }

  /** Runs the handler at its step alone. Whoever only looks has no draft yet: the first form makes one. */
  const at =
    <Step extends State['step']>(step: Step, handler: (ctx: Context, draft: DraftAt<State, Step>) => Promise<void>) =>
    async (ctx: Context): Promise<void> => {
      const { uid } = entered(ctx);
      const draft = (await drafts.find(uid)) ?? unbegun(uid, clock.now());
      if (draft.state.step === step) await handler(ctx, draft as DraftAt<State, Step>);
      else
        await toStep(ctx, step === first && isLeft(draft.state, clock.now()) ? await restart(ctx) : draft.state.step);
    };

  /** One word for the script of the page at that step; nothing where the draft has moved on. */
  const word =
    <Step extends State['step']>(step: Step, say: (draft: DraftAt<State, Step>) => Promise<string>) =>
    async (ctx: Context): Promise<void> => {
      const draft = await drafts.find(entered(ctx).uid);
      ctx.set('Cache-Control', 'no-store');
      if (draft?.state.step !== step) {
        ctx.status = 204;
        return;
      }
      ctx.type = 'text';
      ctx.body = await say(draft as DraftAt<State, Step>);
    };

  return { toStep, at, word };
}
