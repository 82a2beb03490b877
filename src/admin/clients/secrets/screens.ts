import { isLiveSecret, type Client } from '../../../domain/client.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../../web/screen.ts';
import { exampleFrame, type Frame } from '../../frame.ts';
import { namesFrom, type Names, type ShownActor } from '../../names.ts';

const DAY = 86_400;
/** How long the former secret may go on beside the new one, in days; 0 ends it at once. */
export const overlaps = [0, 1, 14, 30] as const;
/** After how many days the new one ends by itself; 0: not at all. */
export const lifetimes = [0, 90, 365] as const;
const SOON_MS = 14 * DAY * 1000;

export interface SecretShown {
  readonly number: number;
  readonly state: 'live' | 'ends-soon' | 'ended';
  readonly createdBy: ShownActor;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
}

export interface SecretsModel {
  readonly frame: Frame;
  readonly client: { readonly id: string; readonly name: string };
  readonly secrets: readonly SecretShown[];
  /** Which of them may be ended now. */
  readonly endable: readonly number[];
  readonly mayWrite: boolean;
  /** The newest, so that a form that is sent again makes no further one. */
  readonly after: number;
  readonly overlaps: readonly number[];
  readonly lifetimes: readonly number[];
  readonly values: { readonly reason: string; readonly overlap: string; readonly lifetime: string };
  /** Shown this once. */
  readonly newSecret: string | undefined;
  readonly done: 'added' | 'ended' | undefined;
  /** The form that was refused: `add`, or `end-` and a number. */
  readonly at: string | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export type SecretsShown = Partial<Pick<SecretsModel, 'newSecret' | 'done' | 'at' | 'values' | 'errors' | 'problem'>>;

export function secretsScreen(
  frame: Frame,
  names: Names,
  { id, metadata, secrets }: Pick<Client, 'id' | 'metadata' | 'secrets'>,
  mayWrite: boolean,
  now: Date,
  more: SecretsShown = {},
): Screen<SecretsModel> {
  const live = secrets.filter((secret) => isLiveSecret(secret, now)).map(({ number }) => number);
  const stateOf = ({ expiresAt }: { readonly expiresAt: Date | undefined }): SecretShown['state'] =>
    expiresAt !== undefined && expiresAt <= now
      ? 'ended'
      : expiresAt !== undefined && expiresAt.getTime() - now.getTime() < SOON_MS
        ? 'ends-soon'
        : 'live';
  return {
    view: 'admin/clients/secrets',
    title: say('admin.clients.secrets.title'),
    model: {
      frame,
      client: { id, name: metadata.client_name },
      secrets: secrets
        .map(({ number, createdBy, createdAt, expiresAt, lastUsedAt }) => ({
          number,
          state: stateOf({ expiresAt }),
          createdBy: names.actor(createdBy),
          createdAt,
          expiresAt,
          lastUsedAt,
        }))
        .toReversed(),
      endable: mayWrite && live.length > 1 ? live : [],
      mayWrite,
      after: Math.max(0, ...secrets.map(({ number }) => number)),
      overlaps,
      lifetimes,
      values: { reason: '', overlap: '14', lifetime: '0' },
      newSecret: undefined,
      done: undefined,
      at: undefined,
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

const now = new Date('2026-11-23T07:00:00Z');
const before = (days: number): Date => new Date(now.getTime() - days * DAY * 1000);
const hash = Buffer.alloc(0);
const client: Pick<Client, 'id' | 'metadata' | 'secrets'> = {
  id: 'karirhub-contoh',
  metadata: { client_id: 'karirhub-contoh', client_name: 'Karirhub (contoh)' },
  secrets: [
    { number: 1, hash, createdBy: 'operator', createdAt: before(300), expiresAt: before(200), lastUsedAt: before(201) },
    {
      number: 2,
      hash,
      createdBy: 'operator:0b9c7a11-9c1d-4a53-8a1e-0123456789ab',
      createdAt: before(200),
      expiresAt: before(-9),
      lastUsedAt: before(0),
    },
    {
      number: 3,
      hash,
      createdBy: 'operator:0b9c7a11-9c1d-4a53-8a1e-0123456789ab',
      createdAt: before(5),
      expiresAt: undefined,
      lastUsedAt: undefined,
    },
  ],
};
const frame = exampleFrame('clients', ['client-manager']);
const names = namesFrom({ people: { '0b9c7a11-9c1d-4a53-8a1e-0123456789ab': 'Budi Contoh Santoso' } });

export const examples: Examples = {
  'secrets: changing over': secretsScreen(frame, names, client, true, now),
  'secrets: a new one': secretsScreen(frame, names, client, true, now, {
    done: 'added',
    newSecret: 'contoh-rahasia-yang-hanya-tampil-sekali-000',
  }),
  'secrets: for a reader': secretsScreen(frame, names, { ...client, secrets: client.secrets.slice(0, 2) }, false, now),
  'secrets: no reason': secretsScreen(frame, names, client, true, now, {
    at: 'add',
    errors: [{ field: 'add-reason', sentence: say('admin.reason.refusal.reason-short') }],
    values: { reason: 'x', overlap: '0', lifetime: '90' },
  }),
};
