import { PORTAL_CLIENT_ID, PORTAL_CLIENT_NAME } from '../domain/client.ts';
import { maskName } from '../domain/mask.ts';
import type { Store } from '../store/store.ts';
import { say, type Sentence } from '../web/screen.ts';

/** Who it was, for people; `signature` is how the audit log names them. */
export interface ShownActor {
  readonly signature: string;
  readonly words: Sentence;
}

/** What people call those who are named by their ids in the log and in registrations. */
export interface Names {
  actor(signature: string): ShownActor;
  /**
   * The name of somebody who is or was an operator; undefined for everybody else: a citizen’s name is not for the log.
   */
  account(id: string): string | undefined;
  /** Undefined where there is no such application, or none any more. */
  client(id: string): string | undefined;
}

export interface Asked {
  readonly signatures?: readonly string[];
  readonly accounts?: readonly string[];
  readonly clients?: readonly string[];
  /** Whether the names of operators are shown whole. */
  readonly whole: boolean;
}

export type FindNames = (asked: Asked) => Promise<Names>;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Those who act without an id of their own: the command line was there first and is called `operator`. */
const WITHOUT_ID: ReadonlySet<string> = new Set(['operator', 'schedule', 'seed', 'team', 'person', 'protocol']);

/** `operator:7d0f…` in its two parts. */
function read(signature: string): { readonly kind: string; readonly id: string } {
  const colon = signature.indexOf(':');
  return colon === -1
    ? { kind: signature, id: '' }
    : { kind: signature.slice(0, colon), id: signature.slice(colon + 1) };
}

function wordsFor(
  signature: string,
  names: {
    readonly people: ReadonlyMap<string, string>;
    readonly clients: ReadonlyMap<string, string>;
    readonly teams: ReadonlyMap<string, string>;
  },
): Sentence {
  if (WITHOUT_ID.has(signature)) return say(`admin.by.${signature}`);
  const { kind, id } = read(signature);
  const known = { operator: names.people, client: names.clients, 'initial-token': names.teams }[kind];
  if (known === undefined) return say('admin.by.unknown', { signature });
  const name = known.get(id);
  // Also for whoever never was an operator and knocked at the console: a citizen's name is not for the log.
  return name === undefined ? say(`admin.by.gone.${kind}`, { id }) : say(`admin.by.known.${kind}`, { name });
}

/** The same from what is known already: for examples, and for whoever has asked the store. */
export function namesFrom({
  people = {},
  clients = {},
  teams = {},
}: {
  readonly people?: Readonly<Record<string, string>>;
  readonly clients?: Readonly<Record<string, string>>;
  readonly teams?: Readonly<Record<string, string>>;
}): Names {
  const known = {
    people: new Map(Object.entries(people)),
    clients: new Map(Object.entries(clients)),
    teams: new Map(Object.entries(teams)),
  };
  return {
    actor: (signature) => ({ signature, words: wordsFor(signature, known) }),
    account: (id) => known.people.get(id),
    client: (id) => known.clients.get(id),
  };
}

export const createFindNames =
  (store: Pick<Store, 'accounts' | 'clients' | 'operators' | 'registrationTokens'>): FindNames =>
  async ({ signatures = [], accounts: ids = [], clients = [], whole }) => {
    const parts = signatures.map(read);
    const idsOf = (kind: string): string[] => [
      ...new Set(parts.filter((part) => part.kind === kind).map(({ id }) => id)),
    ];
    const [operators, named, teams] = await Promise.all([
      store.operators.everHeld([...new Set([...ids, ...idsOf('operator')])].filter((id) => UUID.test(id))),
      store.clients.namesOf([...new Set([...clients, ...idsOf('client')])]),
      store.registrationTokens.teamsOf(idsOf('initial-token').filter((id) => UUID.test(id))),
    ]);
    const accounts = await Promise.all(operators.map((id) => store.accounts.findById(id)));
    const people = accounts.flatMap((account) =>
      account === undefined
        ? []
        : [[account.id, whole ? account.name.reveal() : maskName(account.name.reveal())] as const],
    );
    return namesFrom({
      people: Object.fromEntries(people),
      clients: { ...Object.fromEntries(named), [PORTAL_CLIENT_ID]: PORTAL_CLIENT_NAME },
      teams: Object.fromEntries(teams),
    });
  };
