import { needsSecret, parseClientMetadata } from '../../src/admin/clients/forms.ts';
import type { ClientMetadata, ClientType } from '../../src/domain/client.ts';
import type { TestApp } from '../support/app.ts';
import { readText } from '../support/imports.ts';

export const SECRET = 'rahasia-contoh-hanya-untuk-pengujian';

let count = 0;

/**
 * Registers an example by the document in its folder, as its README says, but at the port where the test starts it.
 * @returns the id of the client; its secret is `SECRET`.
 */
export async function registerExample(
  app: TestApp,
  name: string,
  { type, port }: { type: ClientType; port?: number },
): Promise<string> {
  const document: unknown = JSON.parse(
    readText(`examples/${name}/registration.json`).replaceAll(/localhost:80\d\d/g, `localhost:${port ?? 0}`),
  );
  const parsed = parseClientMetadata(document, { type, firstParty: true });
  if (!parsed.ok) throw new Error(`examples/${name}/registration.json: ${JSON.stringify(parsed.refusal)}`);
  count += 1;
  const id = `contoh-${name}-${count}`;
  const metadata = { ...parsed.value.metadata, client_id: id } as ClientMetadata;
  await app.addClient({ type, metadata, ...(needsSecret(metadata) ? { secret: SECRET } : {}) });
  return id;
}
