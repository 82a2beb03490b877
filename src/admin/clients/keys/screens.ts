import type { Client } from '../../../domain/client.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../../web/screen.ts';
import { exampleFrame, type Frame } from '../../frame.ts';
import type { RegisteredKey } from './service.ts';

const DAY_MS = 86_400_000;
/** After how many days a key may end; 0: at once. */
export const delays = [0, 1, 14, 30] as const;
const SOON_MS = 14 * DAY_MS;

export interface KeyShown {
  readonly thumbprint: string;
  readonly state: 'live' | 'ends-soon' | 'ended';
  /** What it calls itself, and what kind it is. */
  readonly kid: string | undefined;
  readonly kind: string;
  readonly use: 'sig' | 'enc' | undefined;
  readonly since: Date | undefined;
  readonly ageDays: number | undefined;
  readonly endsAt: Date | undefined;
  readonly mayEnd: boolean;
}

export interface KeysModel {
  readonly frame: Frame;
  readonly client: { readonly id: string; readonly name: string };
  readonly isDraft: boolean;
  /** Where the service publishes its keys itself. */
  readonly address: string | undefined;
  readonly keys: readonly KeyShown[];
  readonly delays: readonly number[];
  readonly values: { readonly reason: string; readonly delay: string };
  readonly done: boolean;
  /** The thumbprint of the key whose form was refused. */
  readonly at: string | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export type KeysShown = Partial<Pick<KeysModel, 'done' | 'at' | 'values' | 'errors' | 'problem'>>;

export interface KeysView {
  readonly frame: Frame;
  readonly client: Pick<Client, 'id' | 'metadata' | 'status'>;
  readonly keys: readonly RegisteredKey[];
  readonly mayWrite: boolean;
  readonly now: Date;
}

export function keysScreen(
  { frame, client: { id, metadata, status }, keys, mayWrite, now }: KeysView,
  more: KeysShown = {},
): Screen<KeysModel> {
  const show = ({ thumbprint, key, isLive, isLast, since, endsAt }: RegisteredKey): KeyShown => ({
    thumbprint,
    state: !isLive
      ? 'ended'
      : endsAt !== undefined && endsAt.getTime() - now.getTime() < SOON_MS
        ? 'ends-soon'
        : 'live',
    kid: typeof key.kid === 'string' ? key.kid : undefined,
    kind: [key.kty, key.crv, key.alg].filter((part) => typeof part === 'string').join(' '),
    use: key.use === 'sig' || key.use === 'enc' ? key.use : undefined,
    since,
    ageDays: since === undefined ? undefined : Math.floor((now.getTime() - since.getTime()) / DAY_MS),
    endsAt,
    mayEnd: mayWrite && status !== 'draft' && isLive && !isLast,
  });
  return {
    view: 'admin/clients/keys',
    title: say('admin.clients.keys.title'),
    model: {
      frame,
      client: { id, name: metadata.client_name },
      isDraft: status === 'draft',
      address: typeof metadata.jwks_uri === 'string' ? metadata.jwks_uri : undefined,
      keys: keys.map(show),
      delays,
      values: { reason: '', delay: '14' },
      done: false,
      at: undefined,
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

const now = new Date('2026-11-23T07:00:00Z');
const before = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
const metadata = { client_id: 'karirhub-contoh', client_name: 'Karirhub (contoh)' };
const key = (letter: string, more: Partial<RegisteredKey> = {}): RegisteredKey => ({
  thumbprint: letter.repeat(43),
  key: { kty: 'EC', crv: 'P-256', use: 'sig', kid: `2026-${letter}` },
  isLive: true,
  isLast: false,
  since: before(400),
  endsAt: undefined,
  ...more,
});
const view: KeysView = {
  frame: exampleFrame('clients', ['client-manager']),
  client: { id: 'karirhub-contoh', metadata, status: 'active' },
  keys: [
    key('a', { isLive: false, endsAt: before(3) }),
    key('b', { endsAt: before(-9) }),
    key('c', { since: before(5) }),
    key('e', { since: undefined }),
    key('d', { key: { kty: 'RSA', alg: 'RSA-OAEP-256', use: 'enc' }, isLast: true }),
  ],
  mayWrite: true,
  now,
};

export const examples: Examples = {
  'keys: changing over': keysScreen(view),
  'keys: ended': keysScreen(view, { done: true }),
  'keys: for a reader': keysScreen({ ...view, mayWrite: false }),
  'keys: at an address': keysScreen({
    ...view,
    client: { ...view.client, metadata: { ...metadata, jwks_uri: 'https://karirhub.contoh.test/jwks' } },
    keys: [],
  }),
  'keys: of a draft': keysScreen({
    ...view,
    client: { ...view.client, status: 'draft' },
    keys: [key('c', { since: undefined, isLast: true })],
  }),
  'keys: no reason': keysScreen(view, {
    at: 'b'.repeat(43),
    errors: [{ field: `end-${'b'.repeat(43)}-reason`, sentence: say('admin.reason.refusal.reason-short') }],
    values: { reason: 'x', delay: '0' },
  }),
  'keys: the last one': keysScreen(view, {
    at: 'b'.repeat(43),
    problem: say('admin.clients.refusal.key-last'),
    values: { reason: 'Bocor di repositori', delay: '0' },
  }),
};
