import type { InitialToken } from '../../../store/registration-tokens.ts';
import { say, type Examples, type FieldError, type Screen } from '../../../web/screen.ts';
import { exampleFrame, type Frame } from '../../frame.ts';

export interface TeamsModel {
  readonly frame: Frame;
  readonly tokens: readonly (Pick<InitialToken, 'id' | 'team' | 'most' | 'used' | 'createdAt' | 'expiresAt'> & {
    readonly state: 'live' | 'used' | 'ended' | 'revoked';
    readonly revocable: boolean;
  })[];
  readonly mayWrite: boolean;
  /** Of the token that the form makes: sent twice, it makes one. */
  readonly newId: string;
  /** Shown this once. */
  readonly newToken: string | undefined;
  readonly done: 'revoked' | undefined;
  readonly values: { readonly team: string; readonly days: string; readonly most: string };
  readonly errors: readonly FieldError[];
}

export interface TeamsView
  extends
    Omit<TeamsModel, 'tokens' | 'values' | 'errors' | 'newToken' | 'done'>,
    Partial<Pick<TeamsModel, 'values' | 'errors' | 'newToken' | 'done'>> {
  readonly tokens: readonly InitialToken[];
  readonly now: Date;
}

const stateOf = (
  { revokedAt, expiresAt, used, most }: InitialToken,
  now: Date,
): TeamsModel['tokens'][number]['state'] =>
  revokedAt !== undefined ? 'revoked' : expiresAt <= now ? 'ended' : used >= most ? 'used' : 'live';

export const teamsScreen = ({ tokens, now, mayWrite, ...more }: TeamsView): Screen<TeamsModel> => ({
  view: 'admin/clients/teams',
  title: say('admin.clients.teams.title'),
  model: {
    // A token that has ended still lets its team manage what it registered.
    tokens: tokens
      .map((token) => ({ ...token, state: stateOf(token, now), revocable: mayWrite && token.revokedAt === undefined }))
      .toReversed(),
    mayWrite,
    newToken: undefined,
    done: undefined,
    values: { team: '', days: '14', most: '3' },
    errors: [],
    ...more,
  },
});

const now = new Date('2026-11-23T07:00:00Z');
const one: InitialToken = {
  id: '0b9c7a11-9c1d-4a53-8a1e-0123456789ab',
  team: 'Tim BLK Contoh Bekasi',
  most: 3,
  used: 1,
  createdAt: now,
  expiresAt: new Date('2026-12-07T07:00:00Z'),
  revokedAt: undefined,
  handedBy: undefined,
};
const view: TeamsView = {
  frame: exampleFrame('clients', ['client-manager']),
  tokens: [{ ...one, team: 'Tim yang sudah selesai (contoh)', revokedAt: now }, one],
  now,
  mayWrite: true,
  newId: one.id,
};

export const examples: Examples = {
  'teams: two tokens': teamsScreen(view),
  'teams: a new token': teamsScreen({ ...view, newToken: 'contoh-token-yang-hanya-tampil-sekali-00000' }),
  'teams: refused': teamsScreen({
    ...view,
    tokens: [],
    values: { team: 'x', days: '400', most: '3' },
    errors: [
      { field: 'team', label: [say('admin.clients.teams.team')], sentence: say('admin.clients.teams.refusal.team') },
      { field: 'days', label: [say('admin.clients.teams.days')], sentence: say('admin.clients.teams.refusal.days') },
    ],
  }),
  'teams: for a reader': teamsScreen({ ...view, mayWrite: false }),
};
