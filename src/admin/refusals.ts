import type { Audit } from '../audit/log.ts';
import type { EventCatalogue } from '../audit/events.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';

/** Members of what was sent that were at fault, by their paths. */
type Faults = readonly { readonly field: string }[];

export interface RefusedRequest {
  readonly reason: string;
  /** The route and nothing that somebody typed. */
  readonly address: string;
  /** Who asks, as the audit log names them; undefined for a stranger, of whom `network` is known. */
  readonly by: string | undefined;
  readonly network?: string;
  readonly clientId?: string | undefined;
  readonly faults?: Faults;
}

export interface RefusedChange {
  readonly kind: EventCatalogue['change.refused']['kind'];
  readonly reason: string;
  readonly faults?: Faults;
  /** What was to be changed: only what exists. */
  readonly clientId?: string | undefined;
  readonly resource?: string | undefined;
}

/**
 * What operators, machines and teams wanted and did not get. Each is remembered once an hour, and so many at most, so
 * that nobody fills the audit log by being refused.
 */
export interface Refusals {
  /** Turned away at the door: nobody has looked at what was asked for. */
  request(refused: RefusedRequest): Promise<void>;
  /** Looked at, and against a rule. */
  change(by: string, refused: RefusedChange): Promise<void>;
}

export interface RefusalsDeps {
  readonly store: Pick<Store, 'audit'>;
  readonly audit: Pick<Audit, 'recordOnce'>;
  readonly log: Log;
}

/**
 * So many of one operator, machine or team in an hour, and of all strangers together: of networks there is no end
 * (IPv6).
 */
const MOST = 200;
const MOST_FAULTS = 20;
const NAME = /^[a-z][a-z_]{0,39}$/;
/** Where a member stands in a request; which one it is comes behind. */
const PLACE = /^(?:body|path|query)(?:\.|$)|^metadata\./;

/** The names of the members alone, as our schemas have them: what else is in a path somebody typed. */
function namesOf(faults: Faults = []): readonly string[] {
  const names = faults.map(({ field }) => field.replace(PLACE, '').replace(PLACE, '').split('.')[0] ?? '');
  return [...new Set(names)].filter((name) => NAME.test(name)).slice(0, MOST_FAULTS);
}

const withFields = (faults: Faults | undefined): { readonly fields?: readonly string[] } => {
  const fields = namesOf(faults);
  return fields.length === 0 ? {} : { fields };
};

/** Whoever has the machine in hand reads the refusal on the terminal; what is not there cannot be changed. */
const isNothing = (by: string, reason: string): boolean => by === 'operator' || reason.endsWith('-unknown');

export function createRefusals({ store, audit, log }: RefusalsDeps): Refusals {
  /** A refusal stays one where it cannot be written down. */
  async function quietly(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      log.error({ err: error }, 'a refusal could not be recorded');
    }
  }

  const request: Refusals['request'] = ({ reason, address, by, network = '', clientId, faults }) =>
    quietly(() => {
      // Where strangers knock is of no matter: it is the same door.
      const per = by === undefined ? ['stranger', reason, network] : [by, reason, address, ...namesOf(faults)];
      return audit.recordOnce(
        store,
        per,
        'request.refused',
        { reason, address, ...withFields(faults), ...(by === undefined ? {} : { by }) },
        { clientId },
        MOST,
      );
    });

  async function change(by: string, { kind, reason, faults, clientId, resource }: RefusedChange): Promise<void> {
    if (isNothing(by, reason)) return;
    // With the members at fault: a slip must not hide what comes after it.
    const per = [by, kind, reason, clientId ?? resource ?? '', ...namesOf(faults)];
    await quietly(() =>
      audit.recordOnce(
        store,
        per,
        'change.refused',
        { kind, reason, ...withFields(faults), ...(resource === undefined ? {} : { resource }), by },
        { clientId },
        MOST,
      ),
    );
  }

  return { request, change };
}
