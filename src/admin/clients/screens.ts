import { clientTypes, type Client, type ClientStatus, type ClientType } from '../../domain/client.ts';
import { membersOf } from '../../domain/client-change.ts';
import { LOGO_BYTES, LOGO_PIXELS, logoTypes } from '../../domain/logo/logo.ts';
import type { Permission } from '../../domain/operator.ts';
import type { BridgeUse } from '../../store/bridge-uses.ts';
import type { ClientSummary } from '../../store/clients.ts';
import { existing } from '../../web/i18n.ts';
import { say, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import type { Frame } from '../frame.ts';
import type { ShownActor } from '../names.ts';
import {
  firstFields,
  furtherFields,
  offeredScopes,
  scopesIn,
  useFields,
  usedScopes,
  type EditField,
  type Values,
} from './edit-form.ts';
import { needsSecret } from './forms.ts';
import { showMember, showValues, type ShownMember, type ShownValue } from './present.ts';

export interface ClientListModel {
  readonly frame: Frame;
  readonly values: { readonly q: string; readonly status: string };
  readonly clients: readonly ClientSummary[];
  readonly next: string | undefined;
  readonly mayWrite: boolean;
}

export const actions = ['disable', 'enable'] as const;
export type ClientAction = (typeof actions)[number];
/** Starting again opens what was shut: that is for whoever approves. */
export const rightFor: Readonly<Record<ClientAction, Permission>> = {
  disable: 'clients.write',
  enable: 'clients.approve',
};

/** What has just become of it. */
export const doneWords = [
  'created',
  'updated',
  'proposed',
  'unchanged',
  'returned',
  'approve',
  'reject',
  'withdraw',
  'gone',
  ...actions,
] as const;

export interface ClientModel {
  readonly frame: Frame;
  readonly client: {
    readonly id: string;
    readonly name: string;
    readonly type: ClientType;
    readonly status: ClientStatus;
    readonly createdAt: Date;
    readonly updatedAt: Date;
  };
  readonly settings: readonly (ShownMember & { readonly values: readonly ShownValue[] })[];
  /** A proposal waits for a decision. */
  readonly waits: boolean;
  /** The last proposal came to nothing: who said so, and why. */
  readonly rejected:
    { readonly number: number; readonly by: ShownActor; readonly at: Date; readonly note: string } | undefined;
  /** How much it still calls the former interface, where it may. */
  readonly bridge: { readonly until: string; readonly uses: readonly BridgeUse[] } | undefined;
  readonly actions: readonly ClientAction[];
  readonly hasSecrets: boolean;
  readonly hasKeys: boolean;
  readonly mayWrite: boolean;
  /** Shown this once. */
  readonly newSecret: string | undefined;
  readonly done: (typeof doneWords)[number] | undefined;
  /** When it was saved, the keys of the service could not be fetched. */
  readonly lacksKeys: boolean;
  /** The same of another of its addresses. */
  readonly lacksAddresses: boolean;
  readonly at: ClientAction | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

/** A logo of nobody yet: its name, and where the console shows it. */
export interface KeptLogo {
  readonly name: string;
  readonly address: string;
}

export interface EditModel {
  readonly frame: Frame;
  /** Where a client is edited; a new one has none. */
  readonly client:
    | {
        readonly id: string;
        readonly name: string;
        readonly seen: string;
        readonly waits: boolean;
        /** The version that is taken up again. */ readonly from?: number | undefined;
      }
    | undefined;
  /** For a new one: the form that is sent twice names the same. */
  readonly newId: string | undefined;
  readonly types: readonly ClientType[];
  readonly first: readonly EditField[];
  readonly further: readonly EditField[];
  /** What may be asked for, and for each scope that gives data away its purpose and legal basis. */
  readonly scopes: readonly {
    readonly scope: string;
    readonly words: Sentence;
    readonly isTicked: boolean;
    readonly use: readonly EditField[];
  }[];
  /** Where a logo can be chosen: with a new one. */
  readonly logo:
    | {
        readonly accept: string;
        readonly kilobytes: number;
        readonly pixels: string;
        /** Chosen in a form that was refused for something else. */ readonly kept: KeptLogo | undefined;
      }
    | undefined;
  readonly values: Values & { readonly type: string };
  readonly checked: boolean;
  /** Something is wrong among the fields that are folded away. */
  readonly unfold: boolean;
  readonly errors: readonly FieldError[];
  /** Beside fields that are good enough to be saved. */
  readonly warnings: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export const listScreen = (model: ClientListModel): Screen<ClientListModel> => ({
  view: 'admin/clients/list',
  title: say('admin.clients.list.title'),
  model,
});

export type ClientShown = Partial<
  Pick<
    ClientModel,
    | 'waits'
    | 'rejected'
    | 'bridge'
    | 'newSecret'
    | 'done'
    | 'lacksKeys'
    | 'lacksAddresses'
    | 'at'
    | 'values'
    | 'errors'
    | 'problem'
  >
>;

export function clientScreen(
  frame: Frame,
  client: Omit<Client, 'secrets'>,
  permissions: ReadonlySet<Permission>,
  more: ClientShown = {},
): Screen<ClientModel> {
  const { id, type, status, metadata, createdAt, updatedAt } = client;
  const { client_id: _id, client_name: name, ...further } = membersOf(client);
  const possible: readonly ClientAction[] = status === 'draft' ? [] : [status === 'active' ? 'disable' : 'enable'];
  return {
    view: 'admin/clients/client',
    title: say('admin.clients.client.title'),
    model: {
      frame,
      client: { id, name: String(name), type, status, createdAt, updatedAt },
      settings: Object.entries(further)
        .map(([member, value]) => ({ ...showMember(member), values: showValues(member, value) }))
        .filter(({ values }) => values.length > 0),
      waits: false,
      rejected: undefined,
      bridge: undefined,
      actions: possible.filter((action) => permissions.has(rightFor[action])),
      hasSecrets: needsSecret(metadata),
      hasKeys: metadata.jwks !== undefined || metadata.jwks_uri !== undefined,
      mayWrite: permissions.has('clients.write'),
      newSecret: undefined,
      done: undefined,
      lacksKeys: false,
      lacksAddresses: false,
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

/** As they stand in the form, so that the summary is read from top to bottom. */
const order = [
  'type',
  ...firstFields.flatMap(({ name }) =>
    name === 'scope' ? [name, ...usedScopes.flatMap(useFields).map((use) => use.name)] : [name],
  ),
  'logo',
  ...furtherFields.map(({ name }) => name),
  'why',
];

export function editScreen(
  view: Pick<EditModel, 'frame' | 'client' | 'newId' | 'values'> &
    Partial<Pick<EditModel, 'checked' | 'errors' | 'warnings' | 'problem'>> & {
      readonly keptLogo?: KeptLogo | undefined;
    },
): Screen<EditModel> {
  const { checked = false, errors: found = [], warnings = [], problem, keptLogo, ...rest } = view;
  const asked = scopesIn(view.values);
  const errors = found.toSorted((one, other) => order.indexOf(one.field) - order.indexOf(other.field));
  const folded = new Set(furtherFields.map(({ name }) => name));
  return {
    view: 'admin/clients/edit',
    title: say(view.client === undefined ? 'admin.clients.edit.new' : 'admin.clients.edit.title'),
    model: {
      ...rest,
      types: clientTypes,
      first: firstFields,
      further: furtherFields,
      scopes: offeredScopes.map((scope) => ({
        scope,
        words: existing(`sharing.scope.${scope}`) ?? say(`admin.clients.edit.scope.${scope}`),
        isTicked: asked.includes(scope),
        use: usedScopes.includes(scope) ? useFields(scope) : [],
      })),
      logo:
        view.client === undefined
          ? {
              accept: Object.values(logoTypes).join(','),
              kilobytes: LOGO_BYTES / 1024,
              pixels: String(LOGO_PIXELS),
              kept: keptLogo,
            }
          : undefined,
      checked,
      unfold: [...errors, ...warnings].some(({ field }) => folded.has(field)),
      errors,
      warnings,
      problem,
    },
  };
}
