import type { Context } from 'koa';
import type Router from 'koa-router';
import { clientTypes, type Client, type ClientMetadata } from '../../domain/client.ts';
import type { ClientDescription } from '../../domain/client-change.ts';
import { LOGO_BYTES, LOGO_NAME } from '../../domain/logo/logo.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { say, type FieldError } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { uploadOf } from '../../web/upload.ts';
import type { Desk } from '../desk.ts';
import { frameOf } from '../guard.ts';
import { addressMembers } from './address-rules.ts';
import { emptyValues, listingOf, toDocument, valuesOf } from './edit-form.ts';
import { labelOf, toErrors } from './explain.ts';
import type { FieldProblem } from './field-problem.ts';
import type { ParsedClient } from './forms.ts';
import type { LogoService } from './logo/service.ts';
import { seenOf, type ClientReview } from './review.ts';
import { handAt } from './review-pages.ts';
import { editScreen, type ClientShown, type EditModel, type KeptLogo } from './screens.ts';
import { FIELDS, judge, refusalOf, typedIn, type Saved } from './typed-forms.ts';
import { openOnTop } from './versions.ts';

export interface EditPagesDeps {
  readonly review: ClientReview;
  readonly logos: LogoService;
  readonly store: Pick<Store, 'clients' | 'clientLogos' | 'clientVersions'>;
  readonly random: Pick<Random, 'uuid'>;
  readonly desk: Desk;
  readonly getClient: (ctx: Context) => Promise<Client>;
  readonly showClient: (ctx: Context, client: Client, shown?: ClientShown, status?: number) => Promise<void>;
}

const HOME = '/admin/clients';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Shown = Pick<EditModel, 'client' | 'newId' | 'values'> & { readonly keptLogo?: KeptLogo | undefined };
const lacksOf = (warnings: readonly FieldProblem[]): readonly [keys: boolean, others: boolean] => [
  warnings.some((one) => one.field === 'jwks_uri'),
  warnings.some((one) => one.field !== 'jwks_uri'),
];
const shownLack = (warnings: readonly FieldProblem[]): Pick<ClientShown, 'lacksKeys' | 'lacksAddresses'> => ({
  lacksKeys: lacksOf(warnings)[0],
  lacksAddresses: lacksOf(warnings)[1],
});
/** The page of the client tells it again. */
const toldOf = (warnings: readonly FieldProblem[]): string =>
  ['&keys=missing', '&addresses=missing'].filter((_, index) => lacksOf(warnings)[index]).join('');
/** The form by which clients are registered and changed: what is typed goes the way of the review. */
export function addEditPages({
  review,
  logos,
  store,
  random,
  desk,
  getClient,
  showClient,
}: EditPagesDeps): (router: Router) => void {
  /** What was to be saved; whoever only checks, or owes a reason, is not refused anything. */
  async function remember(
    ctx: Context,
    faults: readonly { readonly field: string }[],
    clientId?: string,
  ): Promise<void> {
    if (faults.length > 0 && field(ctx, 'intent') !== 'check')
      await desk.refusedChange(ctx, { kind: 'client', reason: 'client-metadata', faults, clientId });
  }

  const again = (ctx: Context, shown: Shown, saved: Saved, status: number, checked = false): Promise<void> =>
    desk.show(ctx, editScreen({ frame: frameOf(ctx), ...shown, checked, ...saved }), status);

  /**
   * The logo that was chosen, now or in this form when it was refused for something else: a browser sends no file
   * twice.
   */
  async function takeLogo(
    ctx: Context,
  ): Promise<{ readonly logo: string | undefined; readonly errors: readonly FieldError[] }> {
    const file = uploadOf(ctx);
    const kept = field(ctx, 'logo_kept');
    if (file === undefined)
      return {
        logo: LOGO_NAME.test(kept) && (await store.clientLogos.find(kept)) !== undefined ? kept : undefined,
        errors: [],
      };
    const put = await logos.keep(file, handAt(ctx));
    return put.ok
      ? { logo: put.value, errors: [] }
      : {
          logo: undefined,
          errors: [
            {
              field: 'logo',
              label: labelOf('logo'),
              sentence: say(`admin.clients.logo.refusal.${put.refusal.reason}`),
            },
          ],
        };
  }

  /**
   * Without saving: what the service publishes is looked at too, whether or not its address was changed. The script
   * that asks whenever a field is `left` has it looked at for the field alone that shows it.
   */
  async function check(
    ctx: Context,
    shown: Shown,
    metadata: ParsedClient['metadata'],
    clientId: string,
  ): Promise<void> {
    const left = field(ctx, 'left');
    const members = addressMembers.filter((member) => left === '' || left === member);
    if (members.length === 0) return again(ctx, shown, { errors: [], problem: undefined }, 200, true);
    const { problems, warnings } = (await review.lookAtAddresses(
      { ...metadata, client_id: clientId } as ClientMetadata,
      handAt(ctx).by,
      undefined,
      members,
    )) ?? { problems: [], warnings: [] };
    const isGood = problems.length === 0;
    return again(
      ctx,
      shown,
      { ...toErrors(problems, FIELDS), warnings: toErrors(warnings, FIELDS).errors },
      isGood ? 200 : 422,
      isGood,
    );
  }

  async function create(ctx: Context): Promise<void> {
    const values = typedIn(ctx);
    const type = clientTypes.find((one) => one === field(ctx, 'type'));
    const newId = UUID.test(field(ctx, 'client_id')) ? field(ctx, 'client_id') : random.uuid();
    const { logo, errors: ofLogo } = await takeLogo(ctx);
    const shown: Shown = {
      client: undefined,
      newId,
      values: { ...values, type: type ?? 'web' },
      keptLogo: logo === undefined ? undefined : { name: logo, address: `${HOME}/new/logo/${logo}` },
    };
    if (type === undefined)
      return again(
        ctx,
        shown,
        {
          errors: [{ field: 'type', label: labelOf('type'), sentence: say('admin.clients.problem.empty') }, ...ofLogo],
          problem: undefined,
        },
        422,
      );
    const document = { ...toDocument(values, type), logo };
    const { metadata, found, faults, reason } = judge(document, type, values, undefined);
    await remember(ctx, faults);
    if (metadata === undefined || ofLogo.length > 0)
      return again(ctx, shown, { ...found, errors: [...found.errors, ...ofLogo] }, 422);
    if (field(ctx, 'intent') === 'check') return check(ctx, shown, metadata, newId);
    // The form brings the id along: sent a second time, as by a reload, it registers nothing again.
    const made = await review.register(
      { document: { ...document, client_id: newId }, type, listing: listingOf(values), allowNik: true },
      { hand: handAt(ctx), reason },
    );
    if (!made.ok) return again(ctx, shown, refusalOf(made.refusal), 422);
    const { client, newSecret, warnings } = made.value;
    if (newSecret === undefined) seeOther(ctx, `${HOME}/${client.id}?done=created${toldOf(warnings)}`);
    // The answer itself: no address shows a secret again.
    else await showClient(ctx, client, { done: 'created', newSecret: newSecret.reveal(), ...shownLack(warnings) });
  }

  interface Start {
    readonly start: ClientDescription;
    readonly seen: string;
    readonly waits: boolean;
    /** The number of a proposal that came to nothing and is taken up again. */
    readonly from?: number;
  }

  /**
   * What the form starts from: the proposal where one waits, so that nothing of it is lost, or the one that is taken up
   * again.
   */
  async function getStart(client: Client, from: string): Promise<Start> {
    const open = await store.clientVersions.findOpen(client.id);
    const seen = seenOf(client, open);
    if (open !== undefined) return { start: await openOnTop(store, client, open), seen, waits: true };
    const former = /^[1-9]\d{0,5}$/.test(from) ? await store.clientVersions.find(client.id, Number(from)) : undefined;
    if (former?.state !== 'rejected' && former?.state !== 'withdrawn') return { start: client, seen, waits: false };
    return { start: await openOnTop(store, client, former), seen, waits: false, from: former.number };
  }

  async function edit(ctx: Context): Promise<void> {
    const client = await getClient(ctx);
    const { start, ...how } = await getStart(client, typeof ctx.query.from === 'string' ? ctx.query.from : '');
    await desk.show(
      ctx,
      editScreen({
        frame: frameOf(ctx),
        client: { id: client.id, name: client.metadata.client_name, ...how },
        newId: undefined,
        values: { ...valuesOf(start), why: '', type: client.type },
      }),
    );
  }

  async function update(ctx: Context): Promise<void> {
    const client = await getClient(ctx);
    const { start, waits, from } = await getStart(client, field(ctx, 'from'));
    const values = typedIn(ctx);
    const seen = field(ctx, 'seen');
    // What the form does not show of a proposal that is taken up again comes along with it.
    const taken =
      from === undefined
        ? {}
        : { ...Object.fromEntries(Object.keys(client.metadata).map((name) => [name, undefined])), ...start.metadata };
    const changes = { ...taken, ...toDocument(values, client.type, start.metadata) };
    const shown: Shown = {
      client: { id: client.id, name: client.metadata.client_name, seen, waits, from },
      newId: undefined,
      values: { ...values, type: client.type },
    };
    const { metadata, found, faults, reason } = judge(
      { ...start.metadata, ...changes },
      client.type,
      values,
      client.metadata.scope,
    );
    await remember(ctx, faults, client.id);
    if (metadata === undefined) return again(ctx, shown, found, 422);
    if (field(ctx, 'intent') === 'check') return check(ctx, shown, metadata, client.id);
    const saved = await review.save(client.id, changes, {
      hand: handAt(ctx),
      listing: listingOf(values) ?? null,
      allowNik: true,
      seen,
      reason,
    });
    if (!saved.ok) return again(ctx, shown, refusalOf(saved.refusal), 422);
    seeOther(
      ctx,
      `${HOME}/${encodeURIComponent(client.id)}?done=${{ applied: 'updated', proposed: 'proposed', unchanged: 'unchanged' }[saved.value.outcome]}${toldOf(saved.value.warnings)}`,
    );
  }

  return (router) => {
    const write = desk.may('clients.write');
    router.get(`${HOME}/new`, write, (ctx: Context) =>
      desk.show(
        ctx,
        editScreen({
          frame: frameOf(ctx),
          client: undefined,
          newId: random.uuid(),
          values: { ...emptyValues, type: 'web' },
        }),
      ),
    );
    router.post(`${HOME}/new`, write, desk.formWithFile(LOGO_BYTES), create);
    router.get(`${HOME}/:id/edit`, write, edit);
    router.post(`${HOME}/:id/edit`, write, desk.form, update);
  };
}
