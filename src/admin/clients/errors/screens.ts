import { menders, type ClientError, type Mender } from '../../../domain/client-error.ts';
import { say, type Examples, type FieldError, type Screen } from '../../../web/screen.ts';
import { exampleFrame, type Frame } from '../../frame.ts';

interface ErrorEntry extends ClientError {
  readonly mender: Mender;
}

interface ErrorsModel {
  readonly frame: Frame;
  readonly client: { readonly id: string; readonly name: string };
  readonly entries: readonly ErrorEntry[];
}

/** What an operator who looks for a help code sees. */
export interface ErrorSearchModel {
  readonly frame: Frame;
  readonly values: { readonly code: string };
  readonly errors: readonly FieldError[];
  readonly nothing: boolean;
  readonly found: readonly { readonly client: ErrorsModel['client']; readonly entry: ErrorEntry }[];
}

const toEntry = (error: ClientError): ErrorEntry => ({ ...error, mender: menders[error.fault] });

export const errorsScreen = (
  frame: Frame,
  client: ErrorsModel['client'],
  errors: readonly ClientError[],
): Screen<ErrorsModel> => ({
  view: 'admin/clients/errors/list',
  title: say('admin.clients.errors.title'),
  model: { frame, client, entries: errors.map(toEntry) },
});

export const errorSearchScreen = (
  frame: Frame,
  code: string,
  found?: readonly { readonly client: ErrorsModel['client']; readonly error: ClientError }[],
  errors: readonly FieldError[] = [],
): Screen<ErrorSearchModel> => ({
  view: 'admin/clients/errors/search',
  title: say('admin.clients.errors.search.title'),
  model: {
    frame,
    values: { code },
    errors,
    nothing: found?.length === 0,
    found: (found ?? []).map(({ client, error }) => ({ client, entry: toEntry(error) })),
  },
});

const frame = exampleFrame('clients', ['client-manager']);
const client = { id: 'karirhub-contoh', name: 'Karirhub (contoh)' };
const at = new Date('2026-11-20T08:40:00Z');
const redirect: ClientError = {
  clientId: client.id,
  kind: 'authorization',
  error: 'invalid_redirect_uri',
  fault: 'redirect-uri',
  count: 1204,
  firstAt: new Date('2026-11-19T01:15:00Z'),
  lastAt: at,
  helpCodes: ['K7Q2-M9', 'Z4WX-3T', '8GHJ-NP'],
  address: 'https://karirhub.contoh.test/kembali-dari-masuk',
};
const examplesOf: readonly ClientError[] = [
  redirect,
  { ...redirect, kind: 'grant', error: 'invalid_grant', fault: 'code-reused', count: 3, address: undefined },
  { ...redirect, kind: 'authorization', error: 'login_required', fault: 'silent', count: 88, address: undefined },
  {
    ...redirect,
    kind: 'authorization',
    error: 'access_denied',
    fault: 'declined',
    count: 1,
    firstAt: at,
    helpCodes: ['K7Q2-M9'],
    address: undefined,
  },
];

export const examples: Examples = {
  'some errors': errorsScreen(frame, client, examplesOf),
  'no errors': errorsScreen(frame, client, []),
  'help code: asked': errorSearchScreen(frame, ''),
  'help code: found': errorSearchScreen(frame, 'K7Q2-M9', [{ client, error: redirect }]),
  'help code: of nobody': errorSearchScreen(frame, 'K7Q2-M9', []),
  'help code: no code': errorSearchScreen(frame, 'tolong', undefined, [
    { field: 'code', sentence: say('admin.clients.errors.search.no-code') },
  ]),
};
