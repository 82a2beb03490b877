import type { AccountId } from '../../src/domain/account.ts';
import type { NewClient, TestApp } from './app.ts';

export const MACHINE_SECRET = 'rahasia-mesin-hanya-untuk-pengujian';

export interface MachineTerms {
  readonly id: string;
  readonly scope: string;
  /** The operator who answers for it, if anybody. */
  readonly operatedBy?: AccountId | undefined;
}

/** A machine client, as an operator registers it. */
export const machineClient = ({ id, scope, operatedBy }: MachineTerms): NewClient => ({
  type: 'machine',
  secret: MACHINE_SECRET,
  metadata: {
    client_id: id,
    client_name: id,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope,
    token_endpoint_auth_method: 'client_secret_basic',
    ...(operatedBy === undefined ? {} : { operated_by: operatedBy }),
  },
});

/** What this issuer answers to it at `/token`. */
export async function askForToken(
  issuer: string,
  { id, scope }: Pick<MachineTerms, 'id' | 'scope'>,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${MACHINE_SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

export interface Sent {
  readonly json?: unknown;
  readonly bytes?: Buffer;
  readonly type?: string;
}

/** A machine client with its token for the operators' API. */
export interface Machine {
  readonly id: string;
  readonly token: string;
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    sent?: Sent,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
}

let count = 0;

export async function addMachine(app: TestApp, terms: Omit<MachineTerms, 'id'>): Promise<Machine> {
  const id = `mesin-${(count += 1)}`;
  await app.addClient(machineClient({ id, ...terms }));
  const token = String((await askForToken(app.url, { id, scope: terms.scope })).access_token);
  return {
    id,
    token,
    async call(method, path, { json, bytes, type = 'application/json' } = {}) {
      const body = bytes !== undefined ? new Uint8Array(bytes) : json === undefined ? undefined : JSON.stringify(json);
      const response = await fetch(`${app.url}/api/admin/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}
