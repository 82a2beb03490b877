import type { KeyedHash } from '../crypto/keyed-hash.ts';
import { operatorOf, type Operator, type Phone } from '../domain/phone.ts';
import type { Sensitive } from '../domain/sensitive.ts';

/**
 * With what the marks of all numbers of an operator begin: what was counted on them while it delivered nothing can be
 * cleared.
 */
export const operatorMark = (operator: Operator): string => `${operator}.`;

/**
 * On which limits count a number or an address: nobody without the keyring can tell whose it is, only of which operator
 * a number is.
 */
export function recipientMark(keyedHash: KeyedHash, to: Sensitive<string>): string {
  const isNumber = to.reveal().startsWith('+');
  return `${isNumber ? operatorMark(operatorOf(to.reveal() as Phone)) : ''}${keyedHash.hash('counter-recipient', to.reveal()).toString('base64url')}`;
}
