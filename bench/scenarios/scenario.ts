import type { Visitor } from '../drivers/visitor.ts';

export interface Credentials {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
}

export interface Person {
  readonly identifier: string;
  readonly password: string;
}

/** Whom the scenarios drive: the product, or a yardstick. Both speak the same protocol at the same paths. */
export interface Target {
  readonly name: string;
  /** A service that people sign in to. */
  readonly service: Credentials;
  /** A machine with a grant of its own. */
  readonly machine: Credentials;
  visitor(): Visitor;
  /** Somebody with an account, another one each time. */
  person(): Person;
  /** The code that was sent to this number. */
  codeFor?(phone: string): Promise<string>;
}

/** One virtual user at work. */
export interface User {
  /** Before a batch, unmeasured: gathers what the operations use up, until the time is up. */
  readonly supply?: (until: number) => Promise<void>;
  /** One operation. @returns false when there is nothing left to do. */
  readonly work: () => Promise<boolean>;
}

export interface Goal {
  readonly yardstick: 'memory' | 'redis';
  readonly ratio: number;
}

export interface Scenario {
  readonly name: string;
  /** What one operation is. */
  readonly operation: string;
  readonly goal?: Goal;
  /**
   * What it may cost above the hash of the password, in processor milliseconds; then it runs on servers that hash as in
   * production.
   */
  readonly aboveHashMs?: number;
  /** Work that follows a while after the answer (audit chain, messages) counts as well: so many seconds of it. */
  readonly settleSeconds?: number;
  /** So little is done that Node itself is most of it: measured beside a server that does nothing. */
  readonly besideFloor?: boolean;
  /** Only the product can do this. */
  readonly productOnly?: boolean;
  begin(target: Target): Promise<User>;
}

export const basic = ({ id, secret }: Credentials): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});
