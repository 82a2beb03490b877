import type { AccountId } from '../../src/domain/account.ts';
import type { TestApp } from './app.ts';

const SECRET = 'rahasia-mesin-hanya-untuk-pengujian';

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

/** @param operatedBy  the operator who answers for it, if anybody. */
export async function addMachine(
  app: TestApp,
  { scope, operatedBy }: { readonly scope: string; readonly operatedBy?: AccountId },
): Promise<Machine> {
  const id = `mesin-${(count += 1)}`;
  await app.addClient({
    type: 'machine',
    secret: SECRET,
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
  const answer = await fetch(`${app.url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
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
