import { changesBetween, checkStandingOf, type ClientDescription } from '../../domain/client-change.ts';
import type { Client, ClientVersion } from '../../domain/client.ts';
import { say, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import type { Frame } from '../frame.ts';
import type { Names, ShownActor } from '../names.ts';
import { addressRules, type AddressesJudged, type AddressMember } from './address-rules.ts';
import { explain } from './explain.ts';
import { showChange, showNew, type ShownChange } from './present.ts';

export const decisions = ['approve', 'reject', 'waive', 'renew', 'withdraw'] as const;
export type Decision = (typeof decisions)[number];

type Named = Pick<Client, 'id' | 'status'> & { readonly name: string };

interface Moment {
  readonly by: ShownActor;
  readonly at: Date;
  readonly why: string | undefined;
}

export interface ProposalModel {
  readonly frame: Frame;
  readonly client: Named;
  readonly proposal: Moment & {
    readonly number: number;
    readonly edition: number;
    readonly involved: readonly ShownActor[];
  };
  /** Nobody has approved anything of it yet. */
  readonly isNew: boolean;
  readonly changes: readonly ShownChange[];
  readonly isStale: boolean;
  readonly check: 'needless' | 'passed' | 'missing' | 'waived';
  readonly waiver: Moment | undefined;
  /**
   * What stands at the service's addresses at this moment, where one is new or what is there has to be good for
   * something else.
   */
  readonly looked: readonly {
    readonly member: AddressMember;
    readonly state: 'good' | 'away' | 'wrong';
    readonly sentences: readonly Sentence[];
  }[];
  /** This operator had a hand in it. */
  readonly isOwn: boolean;
  readonly may: readonly Decision[];
  readonly at: Decision | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface ProposalView extends Partial<Pick<ProposalModel, 'at' | 'values' | 'errors' | 'problem'>> {
  readonly frame: Frame;
  readonly names: Names;
  readonly client: Omit<Client, 'secrets'>;
  readonly open: ClientVersion;
  readonly hasPassed: boolean;
  readonly isStale: boolean;
  readonly looked: AddressesJudged | undefined;
  readonly isOwn: boolean;
  readonly rights: { readonly approve: boolean; readonly waive: boolean; readonly write: boolean };
}

const toNamed = ({ id, status, metadata }: Pick<Client, 'id' | 'status' | 'metadata'>): Named => ({
  id,
  status,
  name: metadata.client_name,
});
const momentsBy =
  (names: Names) =>
  ({ by, at, reason }: { readonly by: string; readonly at: Date; readonly reason?: string | undefined }): Moment => ({
    by: names.actor(by),
    at,
    why: reason,
  });

/** Everybody whom a version names. */
export const signaturesOf = ({ proposedBy, involved, decided, waiver }: ClientVersion): readonly string[] => [
  proposedBy,
  ...involved,
  ...(decided === undefined ? [] : [decided.by]),
  ...(waiver === undefined ? [] : [waiver.by]),
];

function showLooked({ problems, warnings, looked, keys }: AddressesJudged): ProposalModel['looked'] {
  return looked.flatMap((member): ProposalModel['looked'] => {
    const [wrong, away] = [problems, warnings].map((found) =>
      found.filter(({ field }) => field === member).map(({ what }) => explain(what)),
    ) as [Sentence[], Sentence[]];
    const found = [...wrong, ...away];
    if (found.length > 0) return [{ member, state: wrong.length > 0 ? 'wrong' : 'away', sentences: found }];
    // Of a good address at which nothing is read there is nothing to say.
    if (addressRules[member].read === undefined) return [];
    return [
      {
        member,
        state: 'good',
        sentences: [
          member === 'jwks_uri'
            ? say('admin.clients.proposal.keys.good', { count: keys ?? 0 })
            : say('admin.clients.proposal.keys.list'),
        ],
      },
    ];
  });
}

export function proposalScreen({
  frame,
  names,
  client,
  open,
  hasPassed,
  isStale,
  looked,
  isOwn,
  rights,
  ...more
}: ProposalView): Screen<ProposalModel> {
  const toMoment = momentsBy(names);
  const before: ClientDescription | undefined = client.status === 'draft' ? undefined : client;
  const check = checkStandingOf(before, open, hasPassed);
  const judges = rights.approve && !isOwn;
  const may: Readonly<Record<Decision, boolean>> = {
    approve: judges && !isStale && check !== 'missing',
    reject: judges,
    waive: rights.waive && !isOwn && check === 'missing',
    renew: rights.write && isStale,
    withdraw: rights.write,
  };
  return {
    view: 'admin/clients/proposal',
    title: say('admin.clients.proposal.title'),
    model: {
      frame,
      client: toNamed(client),
      proposal: {
        number: open.number,
        edition: open.edition,
        ...toMoment({ by: open.proposedBy, at: open.proposedAt, reason: open.reason }),
        involved: open.involved.filter((one) => one !== open.proposedBy).map((one) => names.actor(one)),
      },
      isNew: before === undefined,
      changes: (before === undefined ? showNew(open) : changesBetween(before, open).map(showChange)).filter(
        ({ name }) => name !== 'client_id',
      ),
      isStale,
      check,
      waiver: open.waiver === undefined ? undefined : toMoment(open.waiver),
      looked: looked === undefined ? [] : showLooked(looked),
      isOwn,
      may: decisions.filter((decision) => may[decision]),
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

export interface HistoryModel {
  readonly frame: Frame;
  readonly client: Named;
  readonly versions: readonly {
    readonly number: number;
    readonly state: ClientVersion['state'];
    readonly isInEffect: boolean;
    readonly proposed: Moment;
    readonly decided: Moment | undefined;
    readonly waiver: Moment | undefined;
    /** Against the version that it was made on top of; the first one has nothing to be compared with. */
    readonly changes: readonly ShownChange[] | undefined;
    readonly mayReturn: boolean;
  }[];
  readonly at: number | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface HistoryView extends Partial<Pick<HistoryModel, 'at' | 'values' | 'errors' | 'problem'>> {
  readonly frame: Frame;
  readonly names: Names;
  readonly client: Omit<Client, 'secrets'>;
  readonly versions: readonly ClientVersion[];
  readonly mayWrite: boolean;
}

export function historyScreen({
  frame,
  names,
  client,
  versions,
  mayWrite,
  ...more
}: HistoryView): Screen<HistoryModel> {
  const toMoment = momentsBy(names);
  const byNumber = new Map(versions.map((version) => [version.number, version]));
  return {
    view: 'admin/clients/history',
    title: say('admin.clients.history.title'),
    model: {
      frame,
      client: toNamed(client),
      versions: versions.map((version) => {
        const base = version.base === undefined ? undefined : byNumber.get(version.base);
        return {
          number: version.number,
          state: version.state,
          isInEffect: version.number === client.version,
          proposed: toMoment({ by: version.proposedBy, at: version.proposedAt, reason: version.reason }),
          // What took effect at once was decided by nobody else.
          decided:
            version.decided === undefined || (version.state === 'approved' && version.decided.by === version.proposedBy)
              ? undefined
              : toMoment({ ...version.decided, reason: version.decided.note }),
          waiver: version.waiver === undefined ? undefined : toMoment(version.waiver),
          changes: base === undefined ? undefined : changesBetween(base, version).map(showChange),
          mayReturn: mayWrite && version.state === 'approved' && version.number !== client.version,
        };
      }),
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}
