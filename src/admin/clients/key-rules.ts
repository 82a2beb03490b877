import { LATEST_END, type ClientKey } from '../../domain/client-key.ts';
import type { FieldProblem } from './field-problem.ts';

/** Members that only the owner of a key may know (RFC 7518, 6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const RSA_BITS = 2048;
/** Leading zero bytes are no strength, so no more is promised than the length says. */
const bitsOf = (modulus: unknown): number => (typeof modulus === 'string' ? Buffer.from(modulus, 'base64url').length * 8 : 0);

/** What is wrong with keys that a service publishes. */
export function* findKeyProblems(keys: readonly ClientKey[]): Generator<FieldProblem> {
  const ids = new Set<unknown>();
  for (const [index, key] of keys.entries()) {
    const field = `jwks.keys.${index}`;
    if (key.kty === 'oct' || PRIVATE.some((member) => key[member] !== undefined)) yield { field, what: 'holds a private key: whoever has seen it can pose as the service. Make a new pair, and give the public half alone' };
    if (key.kty === 'RSA' && bitsOf(key.n) < RSA_BITS) yield { field, what: `is too weak: RSA needs ${RSA_BITS} bits` };
    if (key.use !== undefined && key.use !== 'sig' && key.use !== 'enc') yield { field, what: 'has a use that is neither sig nor enc' };
    if (key.exp !== undefined && !(Number.isSafeInteger(key.exp) && Number(key.exp) > 0 && Number(key.exp) <= LATEST_END)) yield { field, what: 'has an exp that is no time in whole seconds since 1970' };
    if (key.kid === undefined) {
      if (keys.length > 1) yield { field, what: 'needs a kid: there are several, and they are told apart by it' };
    } else if (ids.has(key.kid)) yield { field, what: 'has the kid of another one' };
    ids.add(key.kid);
  }
}
