import type { Context } from 'koa';
import type { AccountId } from '../domain/account.ts';
import type { Store } from '../store/store.ts';
import { entered, interactionPath } from './entrance.ts';
import { wantedOf, valuesOf, type Person, type Question, type Sharing, type Values } from './sharing.ts';

/** What the last page of a journey says of the sharing, so that the way on needs no further page. */
export interface SharingShown {
  readonly question: Question;
  readonly values: Values;
  /** The way home without it. */
  readonly decline: string;
}

/** Who would share, and what the journey knows of them already. */
export interface Sharer {
  readonly accountId: AccountId;
  readonly person?: Person | undefined;
}

/** @returns what the person has yet to be shown before they go on to the service; undefined where it is nothing. */
export type ShowSharing = (ctx: Context, sharer: Sharer, declineStep: string) => Promise<SharingShown | undefined>;

export const createShowSharing =
  ({
    sharing,
    store,
  }: {
    readonly sharing: Pick<Sharing, 'ask'>;
    readonly store: Pick<Store, 'accounts'>;
  }): ShowSharing =>
  async (ctx, { accountId, person }, declineStep) => {
    const { client, interaction, uid } = entered(ctx);
    const question =
      client === undefined ? undefined : await sharing.ask({ client, accountId, ...wantedOf(interaction.params) });
    if (question === undefined) return undefined;
    const shown = person ?? (await store.accounts.findById(accountId));
    return { question, values: shown === undefined ? {} : valuesOf(shown), decline: interactionPath(uid, declineStep) };
  };
