import { isOver } from '../../domain/bridge.ts';
import type { ClientMetadata } from '../../domain/client.ts';
import type { FieldProblem } from './field-problem.ts';
import { Abandoned } from './refusals.ts';

/**
 * The last day of the former interface, where it is said anew, lies ahead: one in the past is a mistake of writing. One
 * that has come stays in the registration, which can be changed all the same.
 * @param today  at the house, as `2026-01-31`.
 */
export function* findBridgeDayProblems(
  today: string,
  before: Pick<ClientMetadata, 'bridge'> | undefined,
  { bridge }: Pick<ClientMetadata, 'bridge'>,
): Generator<FieldProblem> {
  if (bridge !== undefined && bridge.until !== before?.bridge?.until && isOver(bridge, today))
    yield { field: 'bridge.until', what: 'must not lie in the past' };
}

/** @throws {Abandoned} with the problem. */
export function holdBridgeDay(
  today: string,
  before: Pick<ClientMetadata, 'bridge'>,
  after: Pick<ClientMetadata, 'bridge'>,
): void {
  const problems = [...findBridgeDayProblems(today, before, after)];
  if (problems.length > 0) throw new Abandoned({ reason: 'client-metadata', problems });
}
