import { parsePerson } from '../../admin/accounts/forms.ts';
import { createAccountService } from '../../admin/accounts/service.ts';
import { createClientService } from '../../admin/clients/service.ts';
import { handOf } from '../../admin/clients/versions.ts';
import type { Container } from '../../container.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { createClientCheck } from '../../oidc/client-check.ts';
import { sampleSecret } from '../seed.ts';
import { publicPart, type Kept } from './kept.ts';
import { suiteAddresses, type ConformanceOptions } from './options.ts';

/** Invented; nobody but the suite's tester signs in as her. */
const TESTER = {
  nik: '9906025212950008',
  name: 'NI LUH CONTOH PUSPITASARI',
  email: 'niluh@contoh.test',
  phone: '081200000008',
  locale: 'en',
} as const;

/** The suite asks for offline_access wherever discovery names it. */
export const SCOPE = 'openid profile email phone offline_access';

/** The clients of the plans, as registrations by an operator. */
export function registrations(
  options: Pick<ConformanceOptions, 'suite' | 'alias'>,
  { keys }: Pick<Kept, 'keys'>,
): Record<string, unknown>[] {
  const { callback, afterLogout, logoutNotice } = suiteAddresses(options);
  const common = {
    first_party: true,
    redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: SCOPE,
  };
  const withSecret = { ...common, pkce_waived_because: 'OIDC Basic and the logout plans send requests without PKCE.' };
  const fapi = {
    ...common,
    redirect_uris: [callback, `${callback}?dummy1=lorem&dummy2=ipsum`],
    token_endpoint_auth_method: 'private_key_jwt',
    security_profile: 'fapi2',
  };
  return [
    {
      ...withSecret,
      client_id: 'conformance-basic-1',
      client_name: 'Conformance suite, client',
      token_endpoint_auth_method: 'client_secret_basic',
      post_logout_redirect_uris: [afterLogout],
      backchannel_logout_uri: logoutNotice,
      backchannel_logout_session_required: true,
    },
    {
      ...withSecret,
      client_id: 'conformance-basic-2',
      client_name: 'Conformance suite, client2',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      ...withSecret,
      client_id: 'conformance-post',
      client_name: 'Conformance suite, client_secret_post',
      token_endpoint_auth_method: 'client_secret_post',
    },
    ...keys.map((key, index) => ({
      ...fapi,
      client_id: `conformance-fapi-${index + 1}`,
      client_name: `Conformance suite, FAPI client ${index + 1}`,
      jwks: { keys: [publicPart(key)] },
    })),
  ];
}

async function register(
  container: Container,
  document: Record<string, unknown>,
  secret: Sensitive<string>,
): Promise<void> {
  const service = createClientService({ ...container, check: createClientCheck(container.provider) });
  const created = await service.create([{ document, secret }], { hand: handOf('seed') });
  // Already there: the suite may have moved to another address.
  const result =
    created.ok || created.refusal.reason !== 'client-id-taken'
      ? created
      : await service.update(String(document.client_id), document, { hand: handOf('seed') });
  if (!result.ok)
    throw new Error(`${String(document.client_id)} cannot be registered: ${JSON.stringify(result.refusal)}`);
}

export interface Tester {
  readonly identifier: string;
  readonly password: string;
}

async function provideTester(container: Container, password: string): Promise<Tester> {
  const accounts = createAccountService(container);
  const person = parsePerson({ ...TESTER, password }, container.config, container.clock.now());
  if (!person.ok) throw new Error(`the tester is not acceptable: ${JSON.stringify(person.refusal)}`);
  const existing = await accounts.find({ identifier: person.value.nik.map((value) => ({ kind: 'nik', value })) });
  if (existing === undefined) await accounts.create(person.value, 'seed');
  return { identifier: TESTER.email, password };
}

/**
 * Brings the clients to what the options say, and the account into being. @returns the secrets of the clients by their
 * id.
 */
export async function provideForSuite(
  container: Container,
  options: ConformanceOptions,
  kept: Kept,
): Promise<{ secrets: ReadonlyMap<string, Sensitive<string>>; tester: Tester }> {
  const secrets = new Map<string, Sensitive<string>>();
  for (const document of registrations(options, kept)) {
    const id = String(document.client_id);
    const secret = sampleSecret(container, id);
    await register(container, document, secret);
    secrets.set(id, secret);
  }
  return { secrets, tester: await provideTester(container, kept.password) };
}
