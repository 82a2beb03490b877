import type { ClientMetadata, ClientType } from '../../domain/client.ts';
import type { ClientDescription } from '../../domain/client-change.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { FieldProblem } from './field-problem.ts';
import { parseClientMetadata, type ParsedClient, type ParseOptions } from './forms.ts';
import { Abandoned } from './refusals.ts';

/** The protocol's own judgement, which is the last. @returns what it refuses. */
export type ProtocolCheck = (metadata: ClientMetadata) => string | undefined;

export interface Judged {
  readonly metadata: ClientMetadata;
  readonly type: ClientType;
  readonly ignored: readonly string[];
}

const accept = (
  check: ProtocolCheck,
  { metadata: parsed, type, ignored }: ParsedClient,
  id: string,
): Result<Judged, readonly FieldProblem[]> => {
  const metadata = { ...parsed, client_id: id } as ClientMetadata;
  const refused = check(metadata);
  return refused === undefined ? ok({ metadata, type, ignored }) : refuse([{ field: 'metadata', what: refused }]);
};

/** A new registration, held to our rules and to those of the protocol. @param newId  for a document that names none. */
export function judgeNew(
  check: ProtocolCheck,
  document: unknown,
  options: ParseOptions,
  newId: () => string,
): Result<Judged, readonly FieldProblem[]> {
  const parsed = parseClientMetadata(document, options);
  return parsed.ok ? accept(check, parsed.value, parsed.value.metadata.client_id ?? newId()) : parsed;
}

/**
 * A registration that is changed: members given replace what was there, one given as undefined is taken away.
 * What it may ask for already, the scope `nik` among it, it may go on asking for.
 * @throws {Abandoned} with every problem.
 */
export function judgeChange(
  check: ProtocolCheck,
  { id, type }: { readonly id: string; readonly type: ClientType },
  before: Pick<ClientDescription, 'metadata'>,
  changes: Readonly<Record<string, unknown>>,
  allowNik = false,
): Judged {
  if (changes.client_id !== undefined && changes.client_id !== id)
    throw new Abandoned({
      reason: 'client-metadata',
      problems: [{ field: 'client_id', what: `must be ${id}: a client keeps its id` }],
    });
  const hasNik = before.metadata.scope?.split(' ').includes('nik') === true;
  const judged = judgeNew(
    check,
    { ...before.metadata, ...changes, client_id: id },
    { type, allowNik: allowNik || hasNik },
    () => id,
  );
  if (!judged.ok) throw new Abandoned({ reason: 'client-metadata', problems: judged.refusal });
  return judged.value;
}
