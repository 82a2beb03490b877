import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Client } from '../../../domain/client.ts';
import { LOGO_BYTES, LOGO_NAME } from '../../../domain/logo/logo.ts';
import type { Store } from '../../../store/store.ts';
import { answerLogo } from '../../../web/logos.ts';
import { field } from '../../../web/form.ts';
import { Refused } from '../../../web/refused.ts';
import { say } from '../../../web/screen.ts';
import { seeOther, toParent } from '../../../web/see-other.ts';
import { uploadOf, type Upload } from '../../../web/upload.ts';
import type { Desk } from '../../desk.ts';
import { frameOf, operatorOf } from '../../guard.ts';
import { explainRefusal } from '../explain.ts';
import { handAt } from '../review-pages.ts';
import type { ClientRefusal } from '../refusals.ts';
import { seenOf } from '../review.ts';
import type { ClientService } from '../service.ts';
import { logoScreen, type LogoModel } from './screens.ts';
import type { LogoService, PutRefusal } from './service.ts';

export interface LogoPagesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly logos: LogoService;
  readonly store: Pick<Store, 'clientLogos' | 'clientVersions'>;
  readonly desk: Desk;
}

const PATH = '/admin/clients/:id/logo';
const isOfFile = (refusal: PutRefusal): refusal is Exclude<PutRefusal, ClientRefusal> =>
  refusal.reason.startsWith('logo');
const outcomes = ['applied', 'proposed', 'unchanged'] as const;

/**
 * The logo of a client application: looked at, uploaded, taken away. What people have not seen yet goes past a second
 * operator.
 */
export function addLogoPages({ clients, logos, store, desk }: LogoPagesDeps): (router: Router) => void {
  const addressOf = ({ id }: Pick<Client, 'id'>): string => PATH.replace(':id', encodeURIComponent(id));

  async function getClient(ctx: Context): Promise<Client> {
    const id = String((ctx.params as { id?: string }).id);
    const found = /^[\x20-\x7e]{1,255}$/.test(id) ? await clients.find(id) : undefined;
    if (found === undefined) throw new Refused(404, 'errors.not-found');
    return found;
  }

  /** Also one that nobody has approved: only the console shows it. */
  const previewOf = (client: Client, logo: unknown): string | undefined =>
    typeof logo === 'string' && LOGO_NAME.test(logo) ? `${addressOf(client)}/${logo}` : undefined;

  async function show(
    ctx: Context,
    client: Client,
    shown: Partial<Pick<LogoModel, 'done' | 'errors' | 'problem'>> = {},
    status = 200,
  ): Promise<void> {
    const open = await store.clientVersions.findOpen(client.id);
    // What a draft says is what it proposes.
    const current = client.status === 'draft' ? undefined : client.metadata.logo;
    const wanted =
      open === undefined || open.metadata.logo === current
        ? undefined
        : (previewOf(client, open.metadata.logo) ?? null);
    await desk.show(
      ctx,
      logoScreen({
        frame: frameOf(ctx),
        client: { id: client.id, name: client.metadata.client_name, seen: seenOf(client, open) },
        current: previewOf(client, current),
        proposed: wanted,
        mayWrite: operatorOf(ctx).permissions.has('clients.write'),
        ...shown,
      }),
      status,
    );
  }

  async function put(ctx: Context, file: Upload | undefined): Promise<void> {
    const client = await getClient(ctx);
    const saved = await logos.put(client.id, file, { hand: handAt(ctx), seen: field(ctx, 'seen') || undefined });
    if (saved.ok) {
      seeOther(ctx, `${addressOf(client)}?done=${saved.value.outcome}`);
      return;
    }
    const { refusal } = saved;
    await show(
      ctx,
      client,
      isOfFile(refusal)
        ? { errors: [{ field: 'logo', sentence: say(`admin.clients.logo.refusal.${refusal.reason}`) }] }
        : { problem: explainRefusal(refusal) },
      422,
    );
  }

  async function picture(ctx: Context): Promise<void> {
    const name = String((ctx.params as { name?: string }).name);
    const logo = LOGO_NAME.test(name) ? await store.clientLogos.find(name) : undefined;
    if (logo === undefined) throw new Refused(404, 'errors.not-found');
    answerLogo(ctx, name, logo.bytes, 'private, max-age=31536000, immutable');
  }

  return (router) => {
    const [read, write] = [desk.may('clients.read'), desk.may('clients.write')];
    router.get(PATH, read, async (ctx: Context) =>
      show(ctx, await getClient(ctx), { done: outcomes.find((one) => one === ctx.query.done) }),
    );
    router.post(PATH, write, desk.upload(LOGO_BYTES), (ctx: Context) =>
      put(ctx, uploadOf(ctx) ?? { bytes: Buffer.alloc(0), isCut: false }),
    );
    router.get(`${PATH}/remove`, read, toParent);
    router.post(`${PATH}/remove`, write, desk.form, (ctx: Context) => put(ctx, undefined));
    router.get(`${PATH}/:name`, read, picture);
  };
}
