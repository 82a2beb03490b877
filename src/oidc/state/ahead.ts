import type { AdapterPayload } from 'oidc-provider';
import type { ProtocolRow } from '../../store/protocol-state.ts';
import { keepInRequest, readInRequest } from './request.ts';

/** The session and the grant that a token leads to, read in one step with it. */
export interface Ahead {
  readonly sessionUid: string | undefined;
  readonly session: ProtocolRow | undefined;
  readonly grantId: string | undefined;
  readonly grant: ProtocolRow | undefined;
}

/** Nobody but us sees it: the library takes the properties that it knows by their names. */
const AHEAD = Symbol('what came along with it');

interface Leading {
  [AHEAD]?: Ahead;
}

let current: Ahead | undefined;

/** @returns the same payload, which knows what came along with it. */
export function withAhead(payload: AdapterPayload, ahead: Ahead): AdapterPayload {
  (payload as Leading)[AHEAD] = ahead;
  return payload;
}

/**
 * Whoever asks for the session or the grant while `ask` runs, and not a moment later, is answered by what came along.
 */
export function askAhead(payload: AdapterPayload | undefined, ask: () => void): void {
  current = (payload as Leading | undefined)?.[AHEAD];
  try {
    ask();
  } finally {
    current = undefined;
  }
}

/** @returns undefined where nothing came along: then it has to be read. */
export function sessionAhead(uid: string): { readonly row: ProtocolRow | undefined } | undefined {
  return current?.sessionUid === uid ? { row: current.session } : undefined;
}

/** The same for the grant. */
export function grantAhead(id: string): { readonly row: ProtocolRow | undefined } | undefined {
  return current?.grantId === id ? { row: current.grant } : undefined;
}

/**
 * The grant that came along with a session, which this request is going to ask for. Whatever the request itself does to
 * grants lets go of it, as of all that it has read of them.
 */
export const keepGrantAhead = (id: string, row: ProtocolRow | undefined): void => {
  keepInRequest(`Grant ahead ${id}`, { row });
};

export const grantAheadInRequest = (
  id: string,
): ReturnType<typeof readInRequest<{ readonly row: ProtocolRow | undefined }>> => readInRequest(`Grant ahead ${id}`);
